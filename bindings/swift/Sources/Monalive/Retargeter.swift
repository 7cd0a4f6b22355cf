/// Turns one driver's landmarks into one portrait's, as a stream. Call `start` first, then `step` for each frame. All of it is
/// computed by the bundle's graphs, so that every platform gets the same numbers.
final class Retargeter {
    private let portrait: [Float], crop: SquareCrop
    private let networks: RetargetNetworks, options: RetargetOptions
    private var stream: RetargetStream?
    private var glide: Glide?
    private var last: [Float]?

    /// Lowest, then highest turn, shift and growth: so wide that a Float cannot tell them from none. Of absolute motion.
    private static let noLimits = [Float](repeating: -1e6, count: 6) + [Float](repeating: 1e6, count: 6)

    /// - Parameters:
    ///   - portraitLandmarks: 478 x 3 photo pixels.
    ///   - portraitCrop: the square whose units the result is in.
    init(_ portraitLandmarks: [Float], _ portraitCrop: SquareCrop, _ networks: RetargetNetworks, _ options: RetargetOptions) throws {
        try requireLandmarks(portraitLandmarks, "portrait")
        (portrait, crop, self.networks, self.options) = (portraitLandmarks, portraitCrop, networks, options)
    }

    /// Takes the driver's reference frame, with which motion begins; forgets any driver before.
    func start(_ driverLandmarks: [Float], driverWidth: Int, driverHeight: Int) throws {
        try requireLandmarks(driverLandmarks, "driver")
        (stream, glide, last) = (nil, nil, nil)
        stream = try begun(driverLandmarks, driverWidth, driverHeight)
    }

    /// Counts the motion from another face from now on; the result glides over and does not jump: after a cut from where the
    /// portrait is, since what the driver did before says nothing of what it does now, otherwise from how the portrait would have
    /// moved on.
    ///
    /// - Throws: `runtimeError`: `start` was not called. `valueError`: as for `start`; nothing has changed then.
    func restart(_ to: Anchoring, driverWidth: Int, driverHeight: Int) throws {
        guard let before = stream else {
            throw MonaliveError.runtimeError("call start() with the driver's first frame before restart()")
        }
        try requireLandmarks(to.landmarks, "driver")
        stream = try begun(to.landmarks, driverWidth, driverHeight)
        glide = last.map { Glide(held: $0, before: to.afterCut ? nil : before, durationMs: to.glideMs) }
    }

    /// The portrait's landmarks for one frame of the driver: 478 x 3 in units of the portrait's crop (of the driver's crop, laid over
    /// it, in absolute mode).
    ///
    /// - Throws: `runtimeError`: `start` was not called. `valueError`: landmarks of another size or with NaN, or to which no pose can
    ///   be fitted; time that does not move forward.
    func step(_ driverLandmarks: [Float], _ timestampMs: Double) throws -> [Float] {
        try requireLandmarks(driverLandmarks, "driver")
        guard let stream else { throw MonaliveError.runtimeError("call start() with the driver's first frame before step()") }
        var result = try stream(driverLandmarks, timestampMs)
        if let glide {
            result = try glide.between(result, driverLandmarks, timestampMs)
            if glide.over { self.glide = nil }
        }
        last = result
        return result
    }

    private func begun(_ reference: [Float], _ driverWidth: Int, _ driverHeight: Int) throws -> RetargetStream {
        guard options.absolute else { return try relative(portrait, crop, reference) }
        let driverCrop = try SquareCrop.forPortrait(reference, imageWidth: driverWidth, imageHeight: driverHeight)
        if Region.allCases.allSatisfy({ options.gain($0) == 1 }) {
            return RetargetStream(try networks.absolute(), ["driver_crop": numbers(driverCrop)], smooth: options.smooth)
        }
        // the driver's own first frame, moved in parts
        return try relative(reference, driverCrop, reference, instead: ["limits": Retargeter.noLimits])
    }

    /// Of a portrait and a driver's reference frame; `instead` replaces what the start network gives.
    private func relative(
        _ portrait: [Float], _ crop: SquareCrop, _ reference: [Float], instead: [String: [Float]] = [:]
    ) throws -> RetargetStream {
        let given = [
            "portrait_landmarks": portrait, "crop": numbers(crop), "gains": Region.allCases.map { Float(options.gain($0)) },
        ]
        let begun = try networks.start(given.merging(["driver_reference": reference]) { $1 })
        try begun.values.forEach(requirePose)
        return RetargetStream(networks.step, given.merging(begun) { $1 }.merging(instead) { $1 }, smooth: options.smooth)
    }

    private func numbers(_ crop: SquareCrop) -> [Float] { [crop.x, crop.y, crop.side].map { Float($0) } }
}

/// From one result to another, slowly at both ends.
private final class Glide {
    private let held: [Float], before: RetargetStream?, durationMs: Double
    private var startMs: Double?
    private(set) var over = false

    /// - Parameters:
    ///   - held: the last result.
    ///   - before: what made it, to go on with meanwhile; nil: the result is held.
    ///   - durationMs: how long it takes from the first frame on.
    init(held: [Float], before: RetargetStream?, durationMs: Double) {
        (self.held, self.before, self.durationMs) = (held, before, durationMs)
    }

    func between(_ made: [Float], _ driver: [Float], _ timestampMs: Double) throws -> [Float] {
        let began = startMs ?? timestampMs
        startMs = began
        let done = min((timestampMs - began) / durationMs, 1), share = Float(done * done * (3 - 2 * done))
        let old = try before.map { try $0(driver, timestampMs) } ?? held
        over = done >= 1
        return zip(old, made).map { $0 + share * ($1 - $0) }
    }
}
