/// Regions of the face that can be moved apart.
public enum Region: String, CaseIterable, Sendable {
    case pose, eyes, lips, brows
}

/// What of a driver's motion a portrait takes over.
public struct RetargetOptions: Sendable {
    /// Take the driver's landmarks as they are, face shape included, instead of their change since the driver's first frame, and with
    /// the head let shoulders and background move as the driver's do. For reenactment of a person by themselves, and for tests.
    public let absolute: Bool
    /// One-Euro smoothing of the result.
    public let smooth: Bool
    /// Those that move; `eyes` includes the gaze, `lips` the jaw and cheeks.
    public let regions: Set<Region>
    /// Strength per region, from 0 (still) over 1 (as the driver, the default) to 3.
    public let gains: [Region: Double]

    public static let maxGain = 3.0

    /// As the driver, relative and smoothed.
    public static let standard = RetargetOptions()

    private init() {
        (absolute, smooth, regions, gains) = (false, true, Set(Region.allCases), [:])
    }

    /// - Throws: `valueError`: a gain out of range.
    public init(
        absolute: Bool = false, smooth: Bool = true, regions: Set<Region> = Set(Region.allCases), gains: [Region: Double]
    ) throws {
        (self.absolute, self.smooth, self.regions, self.gains) = (absolute, smooth, regions, gains)
        for (region, gain) in gains {
            let good = gain.isFinite && (0...RetargetOptions.maxGain).contains(gain)
            try require(good, "the gain of \(region.rawValue) is \(gain); it must be from 0 to 3")
        }
    }

    /// Strength of a region: its gain, or 0 where it is switched off.
    public func gain(_ region: Region) -> Double { regions.contains(region) ? gains[region] ?? 1 : 0 }

    /// The same without smoothing.
    func unsmoothed() throws -> RetargetOptions {
        try RetargetOptions(absolute: absolute, smooth: false, regions: regions, gains: gains)
    }

    /// Whether what surrounds the head moves as the driver's does: only where the head itself moves just so.
    var takesSurroundings: Bool { absolute && gain(.pose) == 1 }
}
