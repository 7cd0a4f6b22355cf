import Foundation

/// What the landmark network reads of a face, and the region that its landmarks ask for.
struct Reading {
    let landmarks: [Float], presence: Float, region: RotatedSquare
    /// How far the landmarks ask for another region than they were read in: in size (logarithm), place (sides) and roll.
    let unsettled: Double

    init(landmarks: [Float], presence: Float, readIn read: RotatedSquare) {
        let region = LevelCrop.region(landmarks)
        let apart = hypot(region.x - read.x, region.y - read.y) / read.side
        unsettled = abs(log(region.side / read.side)) + apart + region.turn(from: read)
        (self.landmarks, self.presence, self.region) = (landmarks, presence, region)
    }
}

/// All faces of a still picture, however small, many or turned; the Python SDK's `still_search`.
struct StillSearch {
    typealias Read = (RgbImage, RotatedSquare) throws -> Reading

    /// How far a face may be turned within the look that shows it; the next quarter turn shows it better.
    private static let maxRoll = Double.pi / 3
    /// Detector's score and log-odds of presence together tell faces from what only looks like one.
    private static let logOddsShare = 1 / 8.0
    private static let maxLogOdds = 8.0
    private static let sure = 1.18
    /// How unsettled a face is at least, as this costs it; less is not counted on.
    private static let leastCosts = 0.1
    /// What is no face does not settle: each look asks for another region (this much less sure for each unit of that).
    private static let unsettledCosts = 4.0
    /// A face that does not stand upright, in a picture that does, has to be surer by so much.
    private static let lying = 0.3
    /// An upright face that is surer by so much leaves no doubt which way up the picture is.
    private static let noDoubt = 0.4
    /// Two readings nearer than so many sides of the larger region mean the same face.
    private static let samePlace = 0.35
    /// The largest region that a tile may show, in sides of the tile: larger faces are seen whole elsewhere.
    private static let largestInTile = 0.75

    let detector: LevelFaceDetector

    /// All faces of a picture. The whole picture is looked at in all four quarter turns; the surest face tells which way up it is.
    /// Then tiles are looked at that way up, for small faces.
    ///
    /// - Parameters:
    ///   - tileTurns: how tiles are turned where the whole picture showed no face.
    ///   - largestOnly: leave out tiles that could only show faces smaller than one that is found, and turned looks where such a one is
    ///     upright without a doubt.
    func faces(
        _ image: RgbImage, tileTurns: [Int] = quarterTurns, largestOnly: Bool = false, read: Read
    ) throws -> [Reading] {
        let whole = RotatedSquare.whole(image.width, image.height).side, large = StillSearch.largestInTile * whole / Double(tilesPerSide[0])
        var first = try seen(image, wholeLooks(image.width, image.height, turns: [0]), [], read: read)
        if largestOnly && first.contains(where: { $0.leavesNoDoubt && $0.reading.region.side >= large }) {
            return StillSearch.distinct(first, 0, []).map(\.reading)
        }
        let turned = wholeLooks(image.width, image.height, turns: Array(quarterTurns.dropFirst()))
        first += try seen(image, turned, [], before: first, read: read)
        var turn = 0
        if let surest = first.max(by: { $0.margin(0) < $1.margin(0) }), surest.margin(0) >= 0 {
            turn = (Int((surest.reading.region.angle / (.pi / 2)).rounded()) + quarterTurns.count) % quarterTurns.count
        }
        var faces = StillSearch.distinct(first, turn, [])
        let turns = faces.isEmpty ? tileTurns : [turn]
        for parts in tilesPerSide {
            let enough = StillSearch.largestInTile * whole / Double(parts)
            if largestOnly && faces.contains(where: { $0.reading.region.side >= enough }) { break }
            let looks = tileLooks(image.width, image.height, parts: parts, turns: turns)
            let more = try seen(image, looks, faces, largest: StillSearch.largestInTile, read: read)
            faces = StillSearch.distinct(more, turn, faces)
        }
        return faces.map(\.reading)
    }

    /// Whether a detector's score, a presence and how unsettled it is together suffice for a face that stands upright.
    static func isSure(score: Float, presence: Float, unsettled: Double) -> Bool { sureness(score, presence, unsettled) >= sure }

    private static func sureness(_ score: Float, _ presence: Float, _ unsettled: Double) -> Double {
        let odds = max(Double(presence) / max(1 - Double(presence), 1e-9), 1e-9)
        return Double(score) + logOddsShare * min(max(log(odds), -maxLogOdds), maxLogOdds) - unsettledCosts * unsettled
    }

    private struct Judged {
        let reading: Reading, sureness: Double

        /// By how much it is sure enough in a picture that was turned by so many quarter turns; below 0 it is not.
        func margin(_ turn: Int) -> Double {
            let own = reading.region
            let upright = RotatedSquare(x: own.x, y: own.y, side: own.side, angle: Double(turn) * .pi / 2)
            return sureness - StillSearch.sure - (own.turn(from: upright) > StillSearch.maxRoll ? StillSearch.lying : 0)
        }

        /// Whether it tells without a look at the turned picture that this is upright.
        var leavesNoDoubt: Bool {
            let own = reading.region, upright = RotatedSquare(x: own.x, y: own.y, side: own.side, angle: 0)
            return margin(0) >= StillSearch.noDoubt && own.turn(from: upright) <= StillSearch.maxRoll
        }

        /// Whether no reading where the detector gives this score can be surer.
        func isSurerThan(_ score: Float) -> Bool {
            let most = Double(score) + StillSearch.logOddsShare * StillSearch.maxLogOdds - StillSearch.leastCosts
            return margin(0) + StillSearch.sure >= most
        }

        func isAt(_ place: RotatedSquare) -> Bool {
            let own = reading.region
            return hypot(own.x - place.x, own.y - place.y) < StillSearch.samePlace * max(own.side, place.side)
        }
    }

    /// What is read where the looks show something upright, no larger than `largest` sides of the look, that is none of `faces`. Where
    /// something is read already, only what may be surer is read once more.
    private func seen(
        _ image: RgbImage, _ looks: [RotatedSquare], _ faces: [Judged], largest: Double = .infinity, before: [Judged] = [],
        read: Read
    ) throws -> [Judged] {
        var judged: [Judged] = []
        for look in looks {
            for found in try detector.detect(image, in: look) {
                let upright = found.region.turn(from: look) <= StillSearch.maxRoll
                guard upright, found.region.side <= largest * look.side, !faces.contains(where: { $0.isAt(found.region) }) else { continue }
                if (before + judged).contains(where: { $0.isAt(found.region) && $0.isSurerThan(found.score) }) { continue }
                let reading = try read(image, found.region)
                let sureness = StillSearch.sureness(found.score, reading.presence, reading.unsettled)
                judged.append(Judged(reading: reading, sureness: sureness))
            }
        }
        return judged
    }

    /// The known faces, and of those seen the sure ones, each once: as the surest reading has it.
    private static func distinct(_ seen: [Judged], _ turn: Int, _ faces: [Judged]) -> [Judged] {
        var kept = faces
        for judged in seen.sorted(by: { $0.margin(turn) > $1.margin(turn) }) where judged.margin(turn) >= 0 {
            if !kept.contains(where: { $0.isAt(judged.reading.region) }) { kept.append(judged) }
        }
        return kept
    }
}
