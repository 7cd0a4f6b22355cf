import Foundation

/// An opening of the face, eyelids or inner lips: two edges that meet pair by pair, and the skin that follows them. All of it
/// works on points (x, y, z in turn) in the head's own frame.
struct Aperture {
    private let upper: [Int], lower: [Int], corners: [Int]
    private let upperShare: Double
    private let upperField: [Double], lowerField: [Double]
    /// The landmarks of the eye's iris; none for the mouth.
    let iris: Range<Int>

    /// Right eye, left eye, mouth, laid out on the mean face.
    static func all(_ face: [Double]) -> [Aperture] {
        [
            Aperture(
                face, [246, 161, 160, 159, 158, 157, 173], [7, 163, 144, 145, 153, 154, 155], [33, 133], 0.8, (0.05, 0.04), 468..<473
            ),
            Aperture(
                face, [466, 388, 387, 386, 385, 384, 398], [249, 390, 373, 374, 380, 381, 382], [263, 362], 0.8, (0.05, 0.04), 473..<478
            ),
            Aperture(
                face, [191, 80, 81, 82, 13, 312, 311, 310, 415], [95, 88, 178, 87, 14, 317, 402, 318, 324], [78, 308], 0.35,
                (0.08, 0.25), 0..<0
            ),
        ]
    }

    private init(
        _ face: [Double], _ upper: [Int], _ lower: [Int], _ corners: [Int], _ upperShare: Double, _ reach: (Double, Double),
        _ iris: Range<Int>
    ) {
        (self.upper, self.lower, self.corners, self.upperShare, self.iris) = (upper, lower, corners, upperShare, iris)
        let still = Set(corners + upper + lower)
        func place(_ point: Int) -> (Double, Double) { (face[point * 3], face[point * 3 + 1]) }
        var line: [(Double, Double)] = corners.map(place)
        for (above, below) in zip(upper, lower) {
            let (x0, y0) = place(above), (x1, y1) = place(below)
            line.append(((x0 + x1) / 2, (y0 + y1) / 2))
        }
        line.sort { $0.0 < $1.0 }
        upperField = Aperture.field(face, upper, still, line, reach.0, 1)
        lowerField = Aperture.field(face, lower, still, line, reach.1, -1)
    }

    /// Distance between the corners.
    func width(_ points: [Double]) -> Double {
        (0..<3).reduce(0.0) { sum, axis in
            let d = points[corners[0] * 3 + axis] - points[corners[1] * 3 + axis]
            return sum + d * d
        }.squareRoot()
    }

    /// Edges that have passed each other brought back to where they meet.
    func separate(_ points: [Double]) -> [Double] {
        let missing = zip(upper, lower).map { (above: Int, below: Int) -> Double in
            max(points[above * 3 + 1] - points[below * 3 + 1], 0)
        }
        var result = points
        for point in 0..<landmarkCount {
            for pair in missing.indices {
                let at = point * missing.count + pair
                result[point * 3 + 1] += missing[pair] * ((1 - upperShare) * lowerField[at] - upperShare * upperField[at])
            }
        }
        return result
    }

    /// How far each landmark follows each point of an edge: 478 x n in [0, 1]. An edge's own points follow themselves.
    private static func field(
        _ face: [Double], _ edge: [Int], _ still: Set<Int>, _ line: [(Double, Double)], _ deviation: Double, _ side: Double
    ) -> [Double] {
        func distance(_ a: Int, _ b: Int) -> Double { hypot(face[a * 3] - face[b * 3], face[a * 3 + 1] - face[b * 3 + 1]) }
        let steps = zip(edge, edge.dropFirst()).map(distance).sorted()
        let half = steps.count / 2
        let spacing = steps.count % 2 == 1 ? steps[half] : (steps[half - 1] + steps[half]) / 2
        var result = [Double](repeating: 0, count: landmarkCount * edge.count)
        for point in 0..<meshCount where !still.contains(point) {
            let squared = edge.map { distance(point, $0) * distance(point, $0) }
            let nearest = squared.min()!
            let above = side * (height(line, face[point * 3]) - face[point * 3 + 1])
            let follow = exp(-nearest / (2 * deviation * deviation)) * min(max(above / (0.25 * spacing), 0), 1)
            if follow < 0.01 { continue }
            let shares = squared.map { exp(-($0 - nearest) / (2 * spacing * spacing)) }
            let sum = shares.reduce(0, +)
            for i in edge.indices { result[point * edge.count + i] = shares[i] / sum * follow }
        }
        for i in edge.indices { result[edge[i] * edge.count + i] = 1 }
        return result
    }

    /// Where the edges meet, at `x`.
    private static func height(_ line: [(Double, Double)], _ x: Double) -> Double {
        guard x > line[0].0 else { return line[0].1 }
        guard let after = line.firstIndex(where: { $0.0 >= x }) else { return line[line.count - 1].1 }
        let (x0, y0) = line[after - 1], (x1, y1) = line[after]
        return x1 - x0 < 1e-12 ? y1 : y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    }
}
