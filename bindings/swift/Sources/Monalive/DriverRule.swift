import Foundation

/// Whose motion is taken where a video shows several faces. That face keeps driving.
public enum DriverFace: Equatable, Sendable {
    /// One that is large, central and moves.
    case auto
    /// The largest one.
    case largest
    /// The one that moves most in the first second.
    case moving
    /// Counted from the left, from 0, of the first frame that shows so many.
    case fromLeft(Int)
}

/// Which of the faces in a video drives: chosen at the start, then kept by place, size and shape; the Python SDK's `DriverRule`.
///
/// Call `drive` with the faces of each frame.
final class DriverRule {
    /// A face is the same as before if its centre is nearer than so many sides of its region, and its size within a factor.
    private static let reach = 0.5
    private static let maxGrowth = 1.6
    /// What its shape counts beside that: mean distance of landmarks in their region that weighs as much as the reach.
    private static let shapeScale = 0.1
    /// A face that is gone for longer may be followed by another one, if that one moves.
    private static let maxGapMs = 2000.0
    /// Who drives is chosen after so long.
    private static let watchMs = 1000.0
    /// A face moves when its shape has changed by so much, and by this share of what the face that moves most does.
    private static let moves = 0.004
    private static let movesShare = 0.2
    /// How much less a face counts at the picture's edge.
    private static let offCentre = 2.0

    private let which: DriverFace
    private var faces: [Seen] = []
    private var driver: Seen?
    private var startMs = Double.infinity
    private var isFinal = false
    /// How often another face began to drive in another one's place.
    private(set) var changes = 0

    init(_ which: DriverFace = .auto) { self.which = which }

    /// Whether one was chosen.
    var hasDriver: Bool { driver != nil }

    /// Where to look for the faces in question in the next frame, the driver's first.
    var places: [RotatedSquare] { inQuestion.map(\.place) }

    /// Whether another face may still become the driver, so that it pays to look for more.
    func isOpen(_ timeMs: Double) -> Bool { !isFinal || isGone(timeMs) }

    /// Whether this may be the driver's face, moved on from the frame before.
    func recognises(_ landmarks: [Float]) -> Bool { driver?.unlikeness(landmarks) != nil }

    /// The index of the driver among the faces (landmarks, 478 x 3) of the next frame of this size, or nil.
    func drive(_ found: [[Float]], timeMs: Double, width: Int, height: Int) -> Int? {
        let before = driver
        if !found.isEmpty { startMs = min(startMs, timeMs) }
        let owners = match(found, timeMs)
        if let before {
            if isOpen(timeMs) { review(before, timeMs, width, height) }
            if driver !== before { changes += 1 }
        } else {
            driver = choose(owners.compactMap { $0 }, width, height)
            isFinal = driver != nil && which != .auto && which != .moving
        }
        guard let driver else { return nil }
        return owners.firstIndex { $0 === driver }
    }

    private var inQuestion: [Seen] { [driver].compactMap { $0 } + faces.filter { $0 !== driver } }

    private func isGone(_ timeMs: Double) -> Bool { driver.map { timeMs - $0.timeMs > DriverRule.maxGapMs } ?? false }

    /// Who each face was in the frames before; new ones are remembered while they may become the driver.
    private func match(_ found: [[Float]], _ timeMs: Double) -> [Seen?] {
        var owners = [Seen?](repeating: nil, count: found.count)
        for seen in inQuestion {
            var best: (cost: Double, index: Int)?
            for index in found.indices where owners[index] == nil {
                if let cost = seen.unlikeness(found[index]), cost < best?.cost ?? .infinity { best = (cost, index) }
            }
            guard let index = best?.index else { continue }
            owners[index] = seen
            seen.update(found[index], timeMs)
        }
        if isOpen(timeMs) {
            faces = faces.filter { timeMs - $0.timeMs <= DriverRule.maxGapMs || $0 === driver }
            for index in found.indices where owners[index] == nil {
                let seen = Seen(found[index], timeMs)
                owners[index] = seen
                faces.append(seen)
            }
        } else {
            faces = [driver].compactMap { $0 }
        }
        return owners
    }

    /// The first driver; nil while nobody is there whom `which` means.
    private func choose(_ there: [Seen], _ width: Int, _ height: Int) -> Seen? {
        switch which {
        case .fromLeft(let index):
            let sorted = there.sorted { $0.place.x < $1.place.x }
            return sorted.indices.contains(index) ? sorted[index] : nil
        case .largest: return there.max { $0.place.side < $1.place.side }
        case .auto, .moving: return there.max { $0.standing(width, height) < $1.standing(width, height) }
        }
    }

    /// Gives way to a face that moves where the driver does not, or has been gone for long.
    private func review(_ current: Seen, _ timeMs: Double, _ width: Int, _ height: Int) {
        let gone = isGone(timeMs)
        let least = max(DriverRule.moves, DriverRule.movesShare * (faces.map(\.moved).max() ?? 0))
        let moving = faces.filter { $0.moved >= least && !(gone && $0 === current) }
        let alone = faces.count == 1
        guard !moving.isEmpty, alone || gone || timeMs - startMs >= DriverRule.watchMs else { return }
        if which == .moving {
            driver = moving.max { $0.moved < $1.moved }
        } else if gone || current.moved < least {
            driver = moving.max { $0.standing(width, height) < $1.standing(width, height) }
        }
        isFinal = true
    }

    /// A face that was seen: where and how at first and last, and the most that its shape has changed.
    private final class Seen {
        private(set) var place: RotatedSquare, timeMs: Double, moved = 0.0
        private let firstShape: [Float]
        private var shape: [Float]

        init(_ landmarks: [Float], _ timeMs: Double) {
            place = LevelCrop.region(landmarks)
            firstShape = place.fromPicture(landmarks)
            shape = firstShape
            self.timeMs = timeMs
        }

        func update(_ landmarks: [Float], _ now: Double) {
            place = LevelCrop.region(landmarks)
            shape = place.fromPicture(landmarks)
            timeMs = now
            moved = max(moved, DriverRule.shapeDistance(shape, firstShape))
        }

        /// How far a face is from this one; nil where it cannot be the same.
        func unlikeness(_ landmarks: [Float]) -> Double? {
            let now = LevelCrop.region(landmarks)
            let apart = hypot(now.x - place.x, now.y - place.y) / (DriverRule.reach * place.side)
            let growth = abs(log(now.side / place.side)) / log(DriverRule.maxGrowth)
            guard max(apart, growth) <= 1 else { return nil }
            return apart + growth + DriverRule.shapeDistance(shape, now.fromPicture(landmarks)) / DriverRule.shapeScale
        }

        /// How much it counts by its size and its place in the picture.
        func standing(_ width: Int, _ height: Int) -> Double {
            let off = hypot(place.x - Double(width) / 2, place.y - Double(height) / 2) / (Double(max(width, height)) / 2)
            return place.side / (1 + DriverRule.offCentre * off)
        }
    }

    /// Mean distance in x and y of points that are x, y, z in turn.
    private static func shapeDistance(_ a: [Float], _ b: [Float]) -> Double {
        var sum = 0.0
        for i in stride(from: 0, to: a.count, by: 3) { sum += hypot(Double(a[i] - b[i]), Double(a[i + 1] - b[i + 1])) }
        return sum / Double(a.count / 3)
    }
}
