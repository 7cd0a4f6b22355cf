/// A graph that runs once per frame of one driver; what it gives as `next_X` is its `X` of the next frame.
final class RetargetStream {
    private let network: NamedNetwork, smooth: Bool
    private let takes: String, gives: String
    private var values: [String: [Float]]
    private var lastMs: Double?

    private static let next = "next_"

    /// - Parameters:
    ///   - given: its inputs that the driver's frames do not bring; states that are not given begin as zeros.
    ///   - smooth: whether the filters in it are told how much time passes; if not, they let every frame through.
    ///   - takes: the input that a frame brings.
    ///   - gives: the output that is the frame's result.
    init(
        _ network: NamedNetwork, _ given: [String: [Float]], smooth: Bool, takes: String = "driver_landmarks",
        gives: String = "landmarks"
    ) {
        (self.network, self.smooth, self.takes, self.gives, values) = (network, smooth, takes, gives, given)
        let states = Set(network.manifest.outputs.map(\.name).filter { $0.hasPrefix(RetargetStream.next) })
        for port in network.manifest.inputs where states.contains(RetargetStream.next + port.name) && given[port.name] == nil {
            values[port.name] = [Float](repeating: 0, count: port.count)
        }
    }

    /// One frame: 478 x 3 pixels of the driver's frame to 478 x 3 in units of the crop, unless it takes and gives something else.
    ///
    /// - Throws: `valueError`: time that does not move forward, or landmarks to which no pose can be fitted.
    func callAsFunction(_ frame: [Float], _ timestampMs: Double) throws -> [Float] {
        let now = [takes: frame, "elapsed_ms": [try elapsed(timestampMs)]]
        let made = try network(values.merging(now) { $1 })
        let result = try network.output(made, gives)
        try requirePose(result)
        for (name, state) in made where name.hasPrefix(RetargetStream.next) {
            values[String(name.dropFirst(RetargetStream.next.count))] = state
        }
        if smooth { lastMs = timestampMs }
        return result
    }

    /// Milliseconds since the frame before; 0 lets a frame through as it is.
    private func elapsed(_ timestampMs: Double) throws -> Float {
        guard let before = lastMs else { return 0 }
        try require(timestampMs > before, "timestamps must increase: \(timestampMs) ms came after \(before) ms")
        return Float(timestampMs - before)
    }
}
