/// Turns one driver's landmarks into one portrait's, as a stream. Call `start` first, then `step` for each frame.
///
/// Relative motion is computed by the bundle's two retargeting graphs, so that every platform gets the same numbers; what they
/// learn of the driver goes out of one call and into the next. Absolute motion is the driver's landmarks in its own crop.
final class Retargeter {
    private let networks: FaceNetworks, options: RetargetOptions
    private let known: [String: [Float]]
    private var filter: OneEuroFilter?
    private var state: [String: [Float]]?
    private var driverCrop: SquareCrop?
    private var lastMs: Double?

    // Filters of the smoothing begin with zeros.
    private static let filterSizes = [
        "movement_filter": 12, "face_filter": landmarkCount * 3, "face_velocity": landmarkCount * 3, "closing_filter": 4,
        "gaze_filter": 4,
    ]

    /// - Parameters:
    ///   - portraitLandmarks: 478 x 3 photo pixels.
    ///   - portraitCrop: the square whose units the result is in.
    init(_ portraitLandmarks: [Float], _ portraitCrop: SquareCrop, _ networks: FaceNetworks, _ options: RetargetOptions) throws {
        try requireLandmarks(portraitLandmarks, "portrait")
        (self.networks, self.options) = (networks, options)
        known = [
            "portrait_landmarks": portraitLandmarks,
            "crop": [portraitCrop.x, portraitCrop.y, portraitCrop.side].map(Float.init),
            "gains": Region.allCases.map { Float(options.gain($0)) },
        ]
        if options.smooth && options.absolute {
            filter = OneEuroFilter(minCutoff: 1.2, beta: 150, pool: try MeanFace.shared().neighbourAverage)
        }
    }

    /// Takes the driver's reference frame, with which motion begins; forgets any driver before.
    func start(_ driverLandmarks: [Float], driverWidth: Int, driverHeight: Int) throws {
        try requireLandmarks(driverLandmarks, "driver")
        lastMs = nil
        filter?.reset()
        if options.absolute {
            driverCrop = try .forPortrait(driverLandmarks, imageWidth: driverWidth, imageHeight: driverHeight)
        } else {
            let rig = try networks.retargetStart(known.merging(["driver_reference": driverLandmarks]) { $1 })
            state = rig.merging(Retargeter.filterSizes.mapValues { [Float](repeating: 0, count: $0) }) { $1 }
        }
    }

    /// The portrait's landmarks for one frame of the driver: 478 x 3 in units of the portrait's crop.
    ///
    /// - Throws: `runtimeError`: `start` was not called. `valueError`: landmarks of another size or with NaN; time that does not
    ///   move forward.
    func step(_ driverLandmarks: [Float], _ timestampMs: Double) throws -> [Float] {
        try requireLandmarks(driverLandmarks, "driver")
        if let driverCrop {
            let moved = driverCrop.toUnit(driverLandmarks)
            guard filter != nil else { return moved }
            return try filter!.callAsFunction(moved.map { Double($0) }, timestampMs).map { Float($0) }
        }
        guard let before = state else { throw MonaliveError.runtimeError("call start() with the driver's first frame before step()") }
        let elapsed = options.smooth ? timestampMs - (lastMs ?? timestampMs) : 0
        try require(
            !options.smooth || lastMs == nil || elapsed > 0, "timestamps must increase: \(timestampMs) ms came after \(lastMs ?? 0) ms"
        )
        lastMs = timestampMs
        let now = ["driver_landmarks": driverLandmarks, "elapsed_ms": [Float(elapsed)]]
        let out = try networks.retarget(known.merging(before) { $1 }.merging(now) { $1 })
        var after = before
        for (name, values) in out where name.hasPrefix("next_") { after[String(name.dropFirst(5))] = values }
        state = after
        guard let landmarks = out["landmarks"] else { throw MonaliveError.valueError("the retarget network gives no 'landmarks'") }
        return landmarks
    }
}

/// Decides whether a portrait takes over a driver's surroundings, and smooths them as a stream.
struct SurroundingsTransfer {
    private let options: RetargetOptions
    private var flow = OneEuroFilter(minCutoff: 1.2, beta: 150, coordinates: 2)
    private var known = OneEuroFilter(minCutoff: 1.2, beta: 3, coordinates: 1)

    init(_ options: RetargetOptions) { self.options = options }

    /// Forgets any driver before.
    mutating func start() {
        flow.reset()
        known.reset()
    }

    /// 16 x 16 x 3 as measured, or nil; the same smoothed, or nil if the portrait does not take it over.
    mutating func step(_ surroundings: [Float]?, _ timestampMs: Double) throws -> [Float]? {
        guard let surroundings, options.takesSurroundings else { return nil }
        if !options.smooth { return surroundings }
        let cells = surroundingsCount / 3
        let moved = try flow((0..<(cells * 2)).map { Double(surroundings[$0 / 2 * 3 + $0 % 2]) }, timestampMs)
        let seen = try known((0..<cells).map { Double(surroundings[$0 * 3 + 2]) }, timestampMs)
        return (0..<surroundingsCount).map { Float($0 % 3 == 2 ? seen[$0 / 3] : moved[$0 / 3 * 2 + $0 % 3]) }
    }
}
