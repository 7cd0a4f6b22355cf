import Foundation

/// Finds cuts in a driver's video: the picture becomes another one, and the face is elsewhere all at once. A flash alone, or a head
/// that shakes, is none; a leap that no head can make needs no other sign. Call it with every frame of a video, in order, those
/// without a face too.
struct CutFinder {
    /// How far the face must move in `frameMs`, in outer-eye-corner distances: in another picture, and in any.
    private static let elsewhere = 0.12, noHeadCan = 0.5, timesUsualStep = 3.0, frameMs = 40.0
    /// Frames that a change of the picture may have waited for the face to be seen.
    private static let longest = 3.0
    /// Frames that tell what is usual.
    private static let remembered = 8
    private static let rightCorner = 33, leftCorner = 263
    /// Points that move with the skull: `POSE_POINTS` of landmarks.py.
    private static let posePoints = [
        168, 6, 197, 195, 5, 4, 1, 33, 133, 362, 263, 127, 356, 234, 454, 93, 323, 162, 389,
    ]

    private var steps: [Double] = []
    private var face: [Float]?
    private var velocity: [Double]? // of the frame before; nil where it showed no face
    private var faceMs = 0.0
    private var becameAnother = false, otherFaceCame = false // since the last face

    /// Whether there is a cut between the last frame with a face and this one; never without a face. `otherPicture`: the picture
    /// became another one all at once. `otherFace`: another face is followed from this frame on, which is as good as a cut.
    mutating func find(_ landmarks: [Float]?, _ timestampMs: Double, otherPicture: Bool, otherFace: Bool = false) -> Bool {
        becameAnother = becameAnother || otherPicture
        otherFaceCame = otherFaceCame || otherFace
        guard let landmarks else {
            velocity = nil
            return false
        }
        let longer = max(1, (timestampMs - faceMs) / CutFinder.frameMs)
        let floor = becameAnother ? CutFinder.elsewhere * min(longer, CutFinder.longest) : CutFinder.noHeadCan * longer
        let before = face, begins = otherFaceCame
        (face, faceMs, becameAnother, otherFaceCame) = (landmarks, timestampMs, false, false)
        guard let last = before else { return false }
        let apart = (0..<3).map { Double(last[CutFinder.leftCorner * 3 + $0] - last[CutFinder.rightCorner * 3 + $0]) }
        let size = max(apart.reduce(0.0) { $0 + $1 * $1 }.squareRoot(), 1e-9)
        let moved = CutFinder.posePoints.flatMap { (point: Int) -> [Double] in
            [0, 1].map { Double(landmarks[point * 3 + $0] - last[point * 3 + $0]) / size }
        }
        let step = meanLength(moved)
        // A head that moves keeps on.
        let unforeseen = velocity.map { min(step, meanLength(zip(moved, $0).map { $0 - $1 })) } ?? step
        if begins || unforeseen > max(floor, CutFinder.timesUsualStep * (steps.max() ?? 0)) {
            steps = []
            velocity = nil
            return true
        }
        steps = Array((steps + [step]).suffix(CutFinder.remembered))
        velocity = moved
        return false
    }

    private func meanLength(_ vectors: [Double]) -> Double {
        stride(from: 0, to: vectors.count, by: 2).reduce(0.0) { $0 + hypot(vectors[$1], vectors[$1 + 1]) } * 2 / Double(vectors.count)
    }
}
