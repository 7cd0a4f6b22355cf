/// Turns one driver's landmarks into one portrait's, as a stream. Call `start` first, then `step` for each frame. All of it is
/// computed by the bundle's graphs, so that every platform gets the same numbers.
final class Retargeter {
    private let portrait: [Float], crop: SquareCrop
    private let networks: RetargetNetworks, options: RetargetOptions
    private var stream: RetargetStream?

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
        stream = nil
        guard options.absolute else {
            stream = try relative(portrait, crop, driverLandmarks)
            return
        }
        let driverCrop = try SquareCrop.forPortrait(driverLandmarks, imageWidth: driverWidth, imageHeight: driverHeight)
        if Region.allCases.allSatisfy({ options.gain($0) == 1 }) {
            stream = RetargetStream(try networks.absolute(), ["driver_crop": numbers(driverCrop)], smooth: options.smooth)
        } else { // the driver's own first frame, moved in parts
            stream = try relative(driverLandmarks, driverCrop, driverLandmarks, instead: ["limits": Retargeter.noLimits])
        }
    }

    /// The portrait's landmarks for one frame of the driver: 478 x 3 in units of the portrait's crop (of the driver's crop, laid over
    /// it, in absolute mode).
    ///
    /// - Throws: `runtimeError`: `start` was not called. `valueError`: landmarks of another size or with NaN, or to which no pose can
    ///   be fitted; time that does not move forward.
    func step(_ driverLandmarks: [Float], _ timestampMs: Double) throws -> [Float] {
        try requireLandmarks(driverLandmarks, "driver")
        guard let stream else { throw MonaliveError.runtimeError("call start() with the driver's first frame before step()") }
        return try stream(driverLandmarks, timestampMs)
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
