/// How one side of an array becomes one of another size: for each new cell the first cell read, and weights of those from there
/// on. Cells beyond the end repeat the last one. Centres lie at halves, as in OpenCV's resize.
struct Taps {
    let first: [Int]
    /// `reach` weights for each new cell.
    let weights: [Float]
    let reach: Int
    let from: Int

    var count: Int { first.count }

    /// The cell that weight `tap` of new cell `index` is for.
    @inline(__always)
    func cell(_ index: Int, _ tap: Int) -> Int { min(max(first[index] + tap, 0), from - 1) }

    /// Where the middle of a new cell lies among the old ones' middles.
    private static func centre(_ index: Int, _ from: Int, _ to: Int) -> Double {
        let stretch = Double(from) / Double(to)
        return (Double(index) + 0.5) * stretch - 0.5
    }

    /// Between two neighbours.
    static func linear(from: Int, to: Int) -> Taps {
        atPlaces(from: from, to: to) { centre($0, from, to) }
    }

    /// Between two neighbours, at any places.
    static func atPlaces(from: Int, to: Int, _ place: (Int) -> Double) -> Taps {
        let places = (0..<to).map(place)
        let weights = places.flatMap { x -> [Float] in
            let share = Float(x - x.rounded(.down))
            return [1 - share, share]
        }
        return Taps(first: places.map { Int($0.rounded(.down)) }, weights: weights, reach: 2, from: from)
    }

    /// Over four neighbours, see `cubicWeight`.
    static func cubic(from: Int, to: Int) -> Taps {
        let places = (0..<to).map { centre($0, from, to) }
        let weights = places.flatMap { (x: Double) -> [Float] in
            let share = Float(x - x.rounded(.down))
            return (0..<4).map { cubicWeight($0, share) }
        }
        return Taps(first: places.map { Int($0.rounded(.down)) - 1 }, weights: weights, reach: 4, from: from)
    }

    /// The mean over what a new cell covers: for making smaller.
    static func area(from: Int, to: Int) -> Taps {
        let scale = Double(from) / Double(to)
        let reach = Int(scale) + 2
        var first: [Int] = [], weights: [Float] = []
        for index in 0..<to {
            let start = Double(index) * scale, end = min(Double(index + 1) * scale, Double(from))
            first.append(Int(start))
            for tap in 0..<reach {
                let cell = Double(Int(start) + tap)
                weights.append(Float(max(0, min(end, cell + 1) - max(start, cell)) / (end - start)))
            }
        }
        return Taps(first: first, weights: weights, reach: reach, from: from)
    }
}

/// A float array of several channels, row by row.
struct Plane {
    let width: Int
    let height: Int
    let channels: Int
    var values: [Float]

    /// Gives its values to be read between cells.
    func withValues<Result>(_ body: (PlaneValues) throws -> Result) rethrows -> Result {
        try values.withUnsafeBufferPointer { try body(PlaneValues(values: $0, width: width, height: height, channels: channels)) }
    }

    /// Resized, or otherwise resampled, along both sides.
    func resampled(_ across: Taps, _ down: Taps) -> Plane {
        let row = across.count * channels
        var wide = [Float](repeating: 0, count: row * height)
        var result = [Float](repeating: 0, count: row * down.count)
        values.withUnsafeBufferPointer { source in
            wide.withUnsafeMutableBufferPointer { target in
                for x in 0..<across.count {
                    for tap in 0..<across.reach {
                        let weight = across.weights[x * across.reach + tap]
                        if weight == 0 { continue }
                        let cell = across.cell(x, tap)
                        for y in 0..<height {
                            for c in 0..<channels { target[y * row + x * channels + c] += weight * source[(y * width + cell) * channels + c] }
                        }
                    }
                }
            }
        }
        wide.withUnsafeBufferPointer { source in
            result.withUnsafeMutableBufferPointer { target in
                for y in 0..<down.count {
                    for tap in 0..<down.reach {
                        let weight = down.weights[y * down.reach + tap]
                        if weight == 0 { continue }
                        let from = down.cell(y, tap) * row
                        for i in 0..<row { target[y * row + i] += weight * source[from + i] }
                    }
                }
            }
        }
        return Plane(width: across.count, height: down.count, channels: channels, values: result)
    }
}

/// A plane's values, read without a check of every index.
struct PlaneValues {
    let values: UnsafeBufferPointer<Float>, width: Int, height: Int, channels: Int

    /// Adds `share` of what lies between four cells to `sum`. Places count from the middle of the first cell; ends repeat.
    @inline(__always)
    func add(_ x: Float, _ y: Float, _ share: Float, to sum: UnsafeMutableBufferPointer<Float>) {
        let column = Int(x.rounded(.down)), row = Int(y.rounded(.down))
        let right = x - Float(column), left = 1 - right
        let below = (y - Float(row)) * share, above = share - below
        let west = min(max(column, 0), width - 1), east = min(max(column + 1, 0), width - 1)
        let upper = min(max(row, 0), height - 1) * width, lower = min(max(row + 1, 0), height - 1) * width
        for c in 0..<channels {
            let high = left * values[(upper + west) * channels + c] + right * values[(upper + east) * channels + c]
            let low = left * values[(lower + west) * channels + c] + right * values[(lower + east) * channels + c]
            sum[c] += above * high + below * low
        }
    }
}

/// Keys' cubic with a = -0.75, as OpenCV's INTER_CUBIC: the weight of neighbour `tap`, 0 to 3, of a place that lies `share` of the
/// way from neighbour 1 to neighbour 2.
@inline(__always)
func cubicWeight(_ tap: Int, _ share: Float) -> Float {
    let near = tap < 2 ? share : 1 - share, far = 1 - near
    return tap == 0 || tap == 3 ? -0.75 * near * far * far : (1.25 * near - 2.25) * near * near + 1
}
