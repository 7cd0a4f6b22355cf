/// A similarity of space that carries a face in its own frame into a picture: image = scale * rotation * point + translation.
/// The camera is weak perspective, as MediaPipe's landmarks assume.
struct HeadPose {
    /// 3 x 3, row by row.
    let rotation: [Double]
    let scale: Double
    let translation: [Double]

    /// Points (x, y, z in turn) of the face's frame in the picture.
    func toImage(_ points: [Double]) -> [Float] {
        points.indices.map { i in
            let row = i % 3 * 3, at = i - i % 3
            let turned = rotation[row] * points[at] + rotation[row + 1] * points[at + 1] + rotation[row + 2] * points[at + 2]
            return Float(scale * turned + translation[i % 3])
        }
    }

    /// The pose that carries `template` onto `landmarks` with the least squared error over points that move with the skull.
    ///
    /// The rotation is Horn's: the eigenvector of the largest eigenvalue of a 4 x 4 matrix, as a quaternion ("Closed-form solution
    /// of absolute orientation using unit quaternions", JOSA A 1987).
    static func fit(_ landmarks: [Float], to template: [Double]) -> HeadPose {
        func mean(_ value: (Int) -> Double) -> Double { rigid.reduce(0) { $0 + value($1) } / Double(rigid.count) }
        let centre = (0..<3).map { axis in mean { Double(landmarks[$0 * 3 + axis]) } }
        let own = (0..<3).map { axis in mean { template[$0 * 3 + axis] } }
        var s = [[Double]](repeating: [0, 0, 0], count: 3)
        var spread = 0.0
        for point in rigid {
            for a in 0..<3 {
                let model = template[point * 3 + a] - own[a]
                spread += model * model
                for b in 0..<3 { s[a][b] += model * (Double(landmarks[point * 3 + b]) - centre[b]) }
            }
        }
        let (x, y, z) = (s[1][2] - s[2][1], s[2][0] - s[0][2], s[0][1] - s[1][0])
        let (xx, yy, zz) = (s[0][0], s[1][1], s[2][2])
        let xy: Double = s[0][1] + s[1][0], xz: Double = s[2][0] + s[0][2], yz: Double = s[1][2] + s[2][1]
        let first: [Double] = [xx + yy + zz, x, y, z]
        let second: [Double] = [x, xx - yy - zz, xy, xz]
        let third: [Double] = [y, xy, yy - xx - zz, yz]
        let fourth: [Double] = [z, xz, yz, zz - xx - yy]
        let matrix = [first, second, third, fourth]
        let (largest, quaternion) = largestEigenvector(matrix)
        let turn = rotation(quaternion)
        let scale = largest / spread // the largest eigenvalue is the sum of p . (R m)
        let translation = (0..<3).map { (row: Int) -> Double in
            var turned = 0.0
            for axis in 0..<3 { turned += turn[row * 3 + axis] * own[axis] }
            return centre[row] - scale * turned
        }
        return HeadPose(rotation: turn, scale: scale, translation: translation)
    }

    private static func rotation(_ q: [Double]) -> [Double] {
        func twice(_ a: Int, _ b: Int) -> Double { 2 * q[a] * q[b] } // w, x, y, z
        let first: [Double] = [1 - twice(2, 2) - twice(3, 3), twice(1, 2) - twice(0, 3), twice(1, 3) + twice(0, 2)]
        let second: [Double] = [twice(1, 2) + twice(0, 3), 1 - twice(1, 1) - twice(3, 3), twice(2, 3) - twice(0, 1)]
        let third: [Double] = [twice(1, 3) - twice(0, 2), twice(2, 3) + twice(0, 1), 1 - twice(1, 1) - twice(2, 2)]
        return first + second + third
    }

    /// Of a symmetric matrix, by Jacobi's rotations.
    private static func largestEigenvector(_ matrix: [[Double]]) -> (Double, [Double]) {
        var a = matrix
        let size = a.count
        var vectors = (0..<size).map { i in (0..<size).map { $0 == i ? 1.0 : 0.0 } }
        for _ in 0..<50 {
            for p in 0..<(size - 1) {
                for q in (p + 1)..<size where abs(a[p][q]) > 1e-300 {
                    let theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
                    let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
                    let c = 1 / (t * t + 1).squareRoot(), sine = t * c
                    for k in 0..<size { (a[k][p], a[k][q]) = (c * a[k][p] - sine * a[k][q], sine * a[k][p] + c * a[k][q]) }
                    for k in 0..<size { (a[p][k], a[q][k]) = (c * a[p][k] - sine * a[q][k], sine * a[p][k] + c * a[q][k]) }
                    for k in 0..<size {
                        (vectors[k][p], vectors[k][q]) = (c * vectors[k][p] - sine * vectors[k][q], sine * vectors[k][p] + c * vectors[k][q])
                    }
                }
            }
        }
        let best = (0..<size).max { a[$0][$0] < a[$1][$1] }!
        return (a[best][best], vectors.map { $0[best] })
    }

    // Points that move with the skull: forehead, nose bridge, eye corners, temples, ears.
    private static let rigid = [
        10, 151, 9, 8, 168, 6, 197, 195, 5, 4, 1, 33, 133, 362, 263,
        127, 356, 234, 454, 93, 323, 54, 284, 21, 251, 162, 389,
    ]
}
