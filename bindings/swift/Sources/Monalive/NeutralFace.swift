import Foundation

/// How far a face is from neutral: looking ahead, eyes open, mouth shut, brows and corners of the mouth at rest. A face's measures
/// are yaw, pitch, roll (degrees), mouth gap, mouth width, brow height, eye gap and gaze: see `neutral_face.py`.
enum NeutralFace {
    private struct Eye {
        let outer: Int, inner: Int, lids: [(Int, Int)], iris: Int
    }

    private static let eyes = [
        Eye(outer: 33, inner: 133, lids: [(160, 144), (159, 145), (158, 153)], iris: 468),
        Eye(outer: 263, inner: 362, lids: [(387, 373), (386, 374), (385, 380)], iris: 473),
    ]
    private static let lips = [
        (191, 95), (80, 88), (81, 178), (82, 87), (13, 14), (312, 317), (311, 402), (310, 318), (415, 324),
    ]
    private static let brows = [276, 283, 282, 295, 285, 46, 53, 52, 65, 55]
    private static let mouthCorners = (78, 308), noseBase = 2
    /// Departures that count 1, as many of each measure.
    private static let countsOne = [8, 8, 8, 0.06, 0.08, 0.06, 0.08, 0.12]
    /// What the mean face measures.
    private static let usual = [0, -33.2299, 0, 0.0055, 0.5192, 0.2291, 0.3201, 0]
    /// A person's own rest is so far on the way from the mean face's to the middle of what they show, and no farther.
    private static let own = [0, 0.4, 0, 0, 0.4, 0.4, 0, 0], farthestOwn = [0, 15, 0, 0, 0.15, 0.15, 0, 0]
    private static let mouthGap = 3, eyeGap = 6, shut = 0.02, openEyes = 0.75, nearly = 0.1, least = 1e-9

    static func measures(_ landmarks: [Float]) -> [Double] {
        func at(_ index: Int) -> [Double] { (0..<3).map { Double(landmarks[index * 3 + $0]) } }
        func middle(_ indices: [Int]) -> [Double] {
            (0..<3).map { axis in mean(indices.map { Double(landmarks[$0 * 3 + axis]) }) }
        }
        func distance(_ pair: (Int, Int)) -> Double { length(minus(at(pair.0), at(pair.1))) }
        let outer = eyes.map(\.outer), across = minus(at(outer[1]), at(outer[0]))
        let size = max(length(across), least), flat = max(hypot(across[0], across[1]), least)
        // The head's axes were it not for pitch: down, and away from the camera.
        let down = [-across[1] / flat, across[0] / flat, 0], away = cross(across.map { $0 / size }, down)
        let nose = minus(at(noseBase), middle(outer))
        let roll = degrees(atan2(across[1], across[0])) + 45 // sideways or upside down, a driver looks ahead as well
        let mouth = distance(mouthCorners), widths = eyes.map { max(distance(($0.outer, $0.inner)), least) }
        let brow = minus(middle(brows), middle(eyes.flatMap { [$0.outer, $0.inner] }))
        let lids = zip(eyes, widths).map { eye, width in mean(eye.lids.map(distance)) / width }
        let gaze = zip(eyes, widths).map { eye, width in
            dot(minus(at(eye.iris), middle([eye.outer, eye.inner])), across) / (size * width)
        }
        return [
            degrees(atan2(across[2], flat)), degrees(atan2(dot(nose, away), dot(nose, down))),
            roll - 90 * (roll / 90).rounded(.down) - 45, mean(lips.map(distance)) / max(mouth, least), mouth / size,
            length(brow) / size, mean(lids), mean(gaze),
        ]
    }

    /// How far each of some frames of one person is from neutral: 0 is neutral, 1 is seen at a glance.
    static func departures(_ frames: [[Double]]) -> [Double] {
        var rest = usual.indices.map { (measure: Int) -> Double in
            let change = quantile(frames.map { $0[measure] }, 0.5) - usual[measure], most = farthestOwn[measure]
            return usual[measure] + own[measure] * max(-most, min(most, change))
        }
        rest[eyeGap] = quantile(frames.map { $0[eyeGap] }, openEyes)
        return frames.map { (frame: [Double]) -> Double in
            frame.indices.reduce(0.0) { (sum: Double, measure: Int) -> Double in
                let change = measure == mouthGap ? max(frame[measure] - shut, 0) : frame[measure] - rest[measure]
                return sum + pow(change / countsOne[measure], 2)
            }
        }
    }

    /// Which of the frames is the most neutral; of several nearly alike the earliest.
    static func mostNeutral(_ frames: [[Double]]) -> Int {
        let cost = departures(frames), most = (cost.min() ?? 0) + nearly
        return cost.firstIndex { $0 <= most } ?? 0
    }

    /// With what lies between two values, in proportion.
    private static func quantile(_ values: [Double], _ share: Double) -> Double {
        let sorted = values.sorted(), place = share * Double(sorted.count - 1), low = Int(place)
        return sorted[low] + (place - Double(low)) * (sorted[min(low + 1, sorted.count - 1)] - sorted[low])
    }

    private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

    private static func degrees(_ radians: Double) -> Double { radians * 180 / .pi }

    private static func minus(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 - $1 } }

    private static func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

    private static func cross(_ a: [Double], _ b: [Double]) -> [Double] {
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    }

    private static func length(_ a: [Double]) -> Double { dot(a, a).squareRoot() }
}
