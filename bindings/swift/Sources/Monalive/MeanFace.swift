import Foundation

/// A face made from expression scores: a mean face, and what each of MediaPipe's 52 blendshapes adds to it. Statistics over many
/// people, read from `expressions.npz`, which comes with the package; they are nobody's face.
struct MeanFace {
    private static let eyeballRadius = 0.40 // of the eye's width
    private static let eyeTurnDegrees = 30.0 // what a gaze score of 1 stands for
    private static let poolDeviation = 0.05
    private static let once = Result { try MeanFace() }

    /// 478 x 3: at rest, looking at the camera, outer eye corners 1 apart.
    let points: [Double]
    /// 478 x 478 rows of Gaussian weights by distance on the face that add to 1.
    let neighbourAverage: [Float]
    private let displacements: [Float]
    private let apertures: [Aperture]

    /// Read once, then kept.
    static func shared() throws -> MeanFace { try once.get() }

    private init() throws {
        guard let file = Bundle.module.url(forResource: "expressions", withExtension: "npz") else {
            throw MonaliveError.fileNotFoundError("expressions.npz is missing from the package")
        }
        let shapes = Blendshapes.names.count
        do {
            let archive = try ZipMembers(try Data(contentsOf: file))
            points = try MeanFace.array(archive, "mean_face.npy", "<f4", landmarkCount * 3, 4).map { Double(Float(bitPattern: $0)) }
            displacements = try MeanFace.array(archive, "displacements.npy", "<f2", shapes * landmarkCount * 3, 2).map {
                floatFromHalf(UInt16($0))
            }
        } catch let error as DamagedZip {
            throw MonaliveError.valueError("\(file.path) is damaged: \(error.message)")
        }
        apertures = Aperture.all(points)
        neighbourAverage = MeanFace.average(points)
    }

    /// The mean face where `driver` is: at rest looking at the camera, and with the driver's expression and pose.
    func standIn(for driver: Face) throws -> ([Float], [Float]) {
        guard let scores = driver.blendshapes, scores.count == Blendshapes.names.count else {
            throw MonaliveError.valueError("the tracker gives no \(Blendshapes.names.count) blendshapes; animate() needs them")
        }
        let pose = HeadPose.fit(driver.landmarks, to: points)
        let upright = HeadPose(rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1], scale: pose.scale, translation: pose.translation)
        return (upright.toImage(points), pose.toImage(face(scores)))
    }

    /// The mean face with an expression. A linear model overshoots: lids and lips that would cross stop where they meet.
    private func face(_ scores: [Float]) -> [Double] {
        var face = points
        for (shape, score) in scores.enumerated() where score != 0 {
            for i in face.indices { face[i] += Double(score) * Double(displacements[shape * face.count + i]) }
        }
        for aperture in apertures { face = aperture.separate(face) }
        let score = Dictionary(uniqueKeysWithValues: zip(Blendshapes.names, scores.map(Double.init)))
        func sum(_ first: String, _ second: String) -> Double { score[first]! + score[second]! }
        let across = sum("eyeLookOutLeft", "eyeLookInRight") - sum("eyeLookInLeft", "eyeLookOutRight")
        let down = sum("eyeLookDownLeft", "eyeLookDownRight") - sum("eyeLookUpLeft", "eyeLookUpRight")
        for eye in apertures {
            let reach = MeanFace.eyeballRadius * eye.width(points)
            func shift(_ gaze: Double) -> Double { reach * sin(gaze / 2 * MeanFace.eyeTurnDegrees * .pi / 180) }
            let move: [Double] = [shift(across), shift(down), 0]
            for point in eye.iris { for axis in 0..<3 { face[point * 3 + axis] = points[point * 3 + axis] + move[axis] } }
        }
        return face
    }

    private static func average(_ points: [Double]) -> [Float] {
        var result: [Float] = []
        result.reserveCapacity(landmarkCount * landmarkCount)
        for i in 0..<landmarkCount {
            let row = (0..<landmarkCount).map { (j: Int) -> Double in
                var squared = 0.0
                for axis in 0..<3 {
                    let apart = points[i * 3 + axis] - points[j * 3 + axis]
                    squared += apart * apart
                }
                return exp(-squared / (2 * poolDeviation * poolDeviation))
            }
            let sum = row.reduce(0, +)
            result.append(contentsOf: row.map { Float($0 / sum) })
        }
        return result
    }

    /// The data of a NumPy array whose type and size are known.
    private static func array(_ archive: ZipMembers, _ name: String, _ type: String, _ count: Int, _ width: Int) throws -> [UInt32] {
        let content = [UInt8](try archive.readChecked(name, most: count * width + 4096))
        let head = content.count - count * width
        guard head > 10, case let text = String(decoding: content[10..<head], as: UTF8.self), text.contains(type) else {
            throw DamagedZip(message: "\(name) is of another type")
        }
        return (0..<count).map { (index: Int) -> UInt32 in
            let first = head + index * width
            return UInt32(littleEndian(content[first..<(first + width)]))
        }
    }
}
