import Foundation

/// What the motion of a driver's frames is counted from. After a cut it begins anew.
public enum DriverReference: Sendable, Equatable {
    /// The first face, then each more neutral one of the first three seconds.
    case neutral
    /// The first face.
    case first
    /// As `neutral`, and every 15 seconds the most neutral face since.
    case recent
    /// The frame of that number, from 0.
    case frame(Int)
}

/// The motion is counted from another face (478 x 3 pixels of the driver's frames) from this frame on; the portrait glides over.
struct Anchoring {
    let landmarks: [Float]
    var glideMs = 500.0
    var afterCut = false
}

/// What a driver is counted from while its frames come one by one. Call `next` with every frame.
final class DriverAnchor {
    private static let firstSecondsMs = 3000.0, againMs = 15_000.0, settlingMs = 500.0, againGlideMs = 2000.0
    /// A frame of the first seconds takes over if it is so much more neutral than the one in use.
    private static let clearly = 0.5
    /// Later, the most neutral frame takes over slowly if it is neutral enough.
    private static let neutralEnough = 1.0

    private let reference: DriverReference
    private var cuts = CutFinder()
    private var number = -1
    private var asked = false
    private var faces: [[Float]] = [], measures: [[Double]] = [] // that may take over, and what they measure
    private var used: [Double]? // measures of the face in use
    private var lookingUntil = 0.0, changedMs = 0.0
    private let lock = NSLock() // `ask` may come from another thread

    init(_ reference: DriverReference) {
        self.reference = reference
    }

    /// Makes the next face the one that the motion is counted from.
    func ask() {
        lock.lock()
        defer { lock.unlock() }
        asked = true
    }

    /// What the motion is counted from now; nil: as before. The first face of all is always an anchoring. `otherPicture`: the picture
    /// became another one all at once, which may be a cut. `otherFace`: another face drives from this frame on; that counts as a cut.
    func next(_ landmarks: [Float]?, _ timestampMs: Double, otherPicture: Bool, otherFace: Bool = false) -> Anchoring? {
        lock.lock()
        defer { lock.unlock() }
        number += 1
        let cut = cuts.find(landmarks, timestampMs, otherPicture: otherPicture, otherFace: otherFace)
        guard let landmarks else { return nil }
        let settled = asked || reference == .frame(number)
        guard let current = used, !cut, !settled else {
            asked = false
            open(landmarks, timestampMs, settled)
            return Anchoring(landmarks: landmarks, afterCut: cut)
        }
        let looking = timestampMs <= lookingUntil
        guard looking || reference == .recent else { return nil }
        faces.append(landmarks)
        measures.append(NeutralFace.measures(landmarks))
        guard timestampMs - changedMs >= (looking ? DriverAnchor.settlingMs : DriverAnchor.againMs) else { return nil }
        return looking ? moreNeutral(current, timestampMs) : recent(current, timestampMs)
    }

    private func open(_ landmarks: [Float], _ timestampMs: Double, _ settled: Bool) {
        let measured = NeutralFace.measures(landmarks), looks = !settled && (reference == .neutral || reference == .recent)
        (used, faces, measures) = (measured, [landmarks], [measured])
        lookingUntil = timestampMs + (looks ? DriverAnchor.firstSecondsMs : 0)
        changedMs = timestampMs
    }

    /// In the first seconds.
    private func moreNeutral(_ current: [Double], _ timestampMs: Double) -> Anchoring? {
        let best = NeutralFace.mostNeutral(measures), cost = NeutralFace.departures(measures + [current])
        guard cost[cost.count - 1] - cost[best] >= DriverAnchor.clearly else { return nil }
        (used, changedMs) = (measures[best], timestampMs)
        return Anchoring(landmarks: faces[best], glideMs: DriverAnchor.settlingMs)
    }

    /// Every so often; of those nearly alike the last one, and all are forgotten.
    private func recent(_ current: [Double], _ timestampMs: Double) -> Anchoring? {
        let best = faces.count - 1 - NeutralFace.mostNeutral(measures.reversed())
        let cost = NeutralFace.departures(measures + [current]), landmarks = faces[best], measured = measures[best]
        (faces, measures, changedMs) = ([], [], timestampMs)
        guard cost[best] <= max(DriverAnchor.neutralEnough, cost[cost.count - 1]) else { return nil }
        used = measured
        return Anchoring(landmarks: landmarks, glideMs: DriverAnchor.againGlideMs)
    }
}
