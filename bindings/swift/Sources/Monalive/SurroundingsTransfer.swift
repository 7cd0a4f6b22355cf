/// Decides whether a portrait takes over a driver's surroundings, and smooths them as a stream. In relative transfer the portrait
/// keeps its own: the animate network decides by itself what moves along with the head.
struct SurroundingsTransfer {
    private let networks: RetargetNetworks, options: RetargetOptions
    private var stream: RetargetStream?

    init(_ networks: RetargetNetworks, _ options: RetargetOptions) {
        (self.networks, self.options) = (networks, options)
    }

    /// Forgets any driver before.
    mutating func start() { stream = nil }

    /// 16 x 16 x 3 as measured, or nil; the same smoothed, or nil if the portrait does not take it over.
    mutating func step(_ surroundings: [Float]?, _ timestampMs: Double) throws -> [Float]? {
        guard let surroundings, options.takesSurroundings else { return nil }
        let stream = try stream ?? RetargetStream(
            networks.background(), [:], smooth: options.smooth, takes: "measured_surroundings", gives: "smoothed_surroundings"
        )
        self.stream = stream
        return try stream(surroundings, timestampMs)
    }
}
