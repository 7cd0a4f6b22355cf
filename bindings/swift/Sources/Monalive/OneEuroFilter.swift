/// The One-Euro filter (Casiez, Roussel, Vogel, CHI 2012): steady at rest, quick in motion. The coordinates of a point share one
/// speed: a point is filtered alike in every direction.
struct OneEuroFilter {
    private let minCutoff: Double, beta: Double, derivativeCutoff: Double
    private let coordinates: Int
    private let pool: [Float]?
    private var values: [Double]?
    private var velocity: [Double] = []
    private var lastMs = 0.0

    /// - Parameters:
    ///   - minCutoff: cutoff at rest in Hz; lower is steadier and slower.
    ///   - beta: Hz of cutoff gained per unit of speed (units of the values per second).
    ///   - derivativeCutoff: cutoff of the speed estimate in Hz.
    ///   - coordinates: numbers per point.
    ///   - pool: N x N rows of weights that add to 1, by which each of N points averages the velocity of its neighbours.
    init(minCutoff: Double, beta: Double, derivativeCutoff: Double = 1, coordinates: Int = 3, pool: [Float]? = nil) {
        (self.minCutoff, self.beta, self.derivativeCutoff) = (minCutoff, beta, derivativeCutoff)
        (self.coordinates, self.pool) = (coordinates, pool)
    }

    /// Forgets the past: the next values pass unchanged.
    mutating func reset() { values = nil }

    /// The filtered values.
    ///
    /// - Throws: `valueError`: time does not move forward, or there are not as many values as before.
    mutating func callAsFunction(_ new: [Double], _ timestampMs: Double) throws -> [Double] {
        guard var filtered = values else {
            (values, velocity, lastMs) = (new, [Double](repeating: 0, count: new.count), timestampMs)
            return new
        }
        let elapsed = (timestampMs - lastMs) * 1e-3
        try require(elapsed > 0, "timestamps must increase: \(timestampMs) ms came after \(lastMs) ms")
        try require(new.count == filtered.count, "expected \(filtered.count) values as before, got \(new.count)")
        let share = smoothingFactor(derivativeCutoff, elapsed)
        for i in new.indices { velocity[i] += share * ((new[i] - filtered[i]) / elapsed - velocity[i]) }
        let pooled = pooledVelocity()
        for point in stride(from: 0, to: new.count, by: coordinates) {
            var squared = 0.0
            for i in point..<(point + coordinates) { squared += pooled[i] * pooled[i] }
            let factor = smoothingFactor(minCutoff + beta * squared.squareRoot(), elapsed)
            for i in point..<(point + coordinates) { filtered[i] += factor * (new[i] - filtered[i]) }
        }
        (values, lastMs) = (filtered, timestampMs)
        return filtered
    }

    private func pooledVelocity() -> [Double] {
        guard let pool else { return velocity }
        let points = velocity.count / coordinates
        var result = [Double](repeating: 0, count: velocity.count)
        for point in 0..<points {
            for other in 0..<points {
                let weight = Double(pool[point * points + other])
                for c in 0..<coordinates { result[point * coordinates + c] += weight * velocity[other * coordinates + c] }
            }
        }
        return result
    }
}

/// Weight of the newest value in a first-order low-pass with `cutoff` Hz after `elapsed` seconds.
func smoothingFactor(_ cutoff: Double, _ elapsed: Double) -> Double {
    let turn = 2 * Double.pi * cutoff * elapsed
    return turn / (turn + 1)
}
