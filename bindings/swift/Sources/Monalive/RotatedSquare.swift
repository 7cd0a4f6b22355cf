import Foundation

/// Left, top, right and bottom of something in a picture.
struct Box: Equatable {
    let left: Double, top: Double, right: Double, bottom: Double

    /// Intersection over union with another.
    func overlap(_ other: Box) -> Double {
        let across = max(min(right, other.right) - max(left, other.left), 0)
        let down = max(min(bottom, other.bottom) - max(top, other.top), 0)
        let intersection = across * down
        let union = area + other.area - intersection
        return intersection / max(union, 1e-12)
    }

    var area: Double { (right - left) * (bottom - top) }
}

/// A square region of a picture, in pixels, in which a face is looked for; `angle` in radians, clockwise as seen.
struct RotatedSquare: Equatable {
    let x: Double, y: Double, side: Double, angle: Double

    /// The smallest square around the picture.
    static func whole(_ width: Int, _ height: Int) -> RotatedSquare {
        RotatedSquare(x: Double(width) / 2, y: Double(height) / 2, side: Double(max(width, height)), angle: 0)
    }

    /// A place in units of the region as one in the picture.
    func toPicture(_ u: Double, _ v: Double) -> (x: Double, y: Double) {
        let c = cos(angle) * side, s = sin(angle) * side
        return (x + c * (u - 0.5) - s * (v - 0.5), y + s * (u - 0.5) + c * (v - 0.5))
    }

    /// Points (x, y, z in turn) in units of the region to picture pixels.
    func toPicture(_ points: [Float]) -> [Float] {
        var result = points
        for i in stride(from: 0, to: points.count, by: 3) {
            let place = toPicture(Double(points[i]), Double(points[i + 1]))
            (result[i], result[i + 1]) = (Float(place.x), Float(place.y))
            result[i + 2] = Float(Double(points[i + 2]) * side)
        }
        return result
    }

    /// The inverse: points in picture pixels to units of the region; z is divided by its side.
    func fromPicture(_ points: [Float]) -> [Float] {
        let c = cos(angle) / side, s = sin(angle) / side
        var result = points
        for i in stride(from: 0, to: points.count, by: 3) {
            let dx = Double(points[i]) - x, dy = Double(points[i + 1]) - y
            (result[i], result[i + 1]) = (Float(c * dx + s * dy + 0.5), Float(c * dy - s * dx + 0.5))
            result[i + 2] = Float(Double(points[i + 2]) / side)
        }
        return result
    }

    /// The square as if it were upright.
    var bounds: Box { Box(left: x - side / 2, top: y - side / 2, right: x + side / 2, bottom: y + side / 2) }

    /// How far it is turned against another one, [0, pi].
    func turn(from other: RotatedSquare) -> Double { abs(atan2(sin(angle - other.angle), cos(angle - other.angle))) }
}

let quarterTurns = [0, 1, 2, 3]
let tilesPerSide = [2, 4]

/// Where to look for the faces of a still first: the whole picture, and with a margin, in each of some quarter turns.
func wholeLooks(_ width: Int, _ height: Int, turns: [Int]) -> [RotatedSquare] {
    let zoomOut = 1.6, whole = RotatedSquare.whole(width, height)
    return turns.flatMap { (turn: Int) -> [RotatedSquare] in
        [whole.side, whole.side * zoomOut].map { RotatedSquare(x: whole.x, y: whole.y, side: $0, angle: Double(turn) * .pi / 2) }
    }
}

/// Overlapping tiles, for small faces, `parts` to the longer side, each in each of `turns` quarter turns.
func tileLooks(_ width: Int, _ height: Int, parts: Int, turns: [Int]) -> [RotatedSquare] {
    let side = Double(max(width, height)) / Double(parts), columns = tileCentres(Double(width), side)
    return turns.flatMap { (turn: Int) -> [RotatedSquare] in
        tileCentres(Double(height), side).flatMap { (y: Double) -> [RotatedSquare] in
            columns.map { RotatedSquare(x: $0, y: y, side: side, angle: Double(turn) * .pi / 2) }
        }
    }
}

private func tileCentres(_ length: Double, _ side: Double) -> [Double] {
    if length <= side { return [length / 2] }
    let gaps = Int(((length - side) / (side / 2)).rounded(.up))
    let step = (length - side) / Double(gaps)
    return (0...gaps).map { side / 2 + step * Double($0) }
}
