import Foundation

/// Finds faces and follows the one that drives: the bundle's detector and landmark network put together. After a cut it is chosen anew.
final class LevelFaceTracker: FaceTracker {
    private let detector: LevelFaceDetector
    private let landmarks: PictureNetwork
    private let blendshapes: NamedNetwork?
    private let maxFaces: Int
    private let driverFace: DriverFace
    private let stills: StillSearch
    private var rule: DriverRule
    private var change = PictureChange()
    private var cut = false // since the driver was last in sight
    private var earlierChanges = 0 // with the rules before this one
    private var size = [0, 0]
    private var frame = 0
    private var framesLost = 0

    private static let minImageSide = 16
    private static let minPresence: Float = 0.5
    /// What looks so little like a face is not looked at again.
    private static let hopelessPresence: Float = 0.05
    private static let sameFaceOverlap = 0.5
    /// While another face may still become the driver, only every so many frames are searched for more.
    private static let searchEvery = 5
    /// A cut changes so much of the picture at once; whoever steps in front of the driver changes less.
    private static let cutShare = 0.35
    /// While the driver is not in sight, only every so many frames of a video get the thorough search of a still.
    private static let thoroughEvery = 15
    /// What the detector says of a face's roll may be off by more: then its landmarks know better.
    private static let maxTiltError = 12 * Double.pi / 180
    private static let maxLooks = 3
    /// Further looks at a new face, after which it is measured as if it had been followed.
    private static let settlingLooks = 2

    /// - Parameters:
    ///   - blendshapes: nil for faces without.
    ///   - driverFace: which of several faces is followed.
    init(
        _ detector: LevelFaceDetector, _ landmarks: PictureNetwork, _ blendshapes: NamedNetwork?, maxFaces: Int, driverFace: DriverFace
    ) {
        (self.detector, self.landmarks, self.blendshapes, self.maxFaces) = (detector, landmarks, blendshapes, maxFaces)
        (self.driverFace, stills, rule) = (driverFace, StillSearch(detector: detector), DriverRule(driverFace))
    }

    var driverChanges: Int { earlierChanges + rule.changes }

    /// Whether the last picture that `track` saw was another one than the one before it, all at once.
    private(set) var otherPicture = false

    func detect(_ image: RgbImage) throws -> [Face] { try detect(image, largestOnly: false) }

    func detect(_ image: RgbImage, largestOnly: Bool) throws -> [Face] {
        try requireLarge(image)
        var readings = try stills.faces(image, largestOnly: largestOnly, read: settled)
        if readings.isEmpty && Overexposure.isIn(image) {
            readings = try stills.faces(Overexposure.tonedDown(image), largestOnly: largestOnly, read: settled)
        }
        return try distinct(largestFirst(readings)).map(face)
    }

    func track(_ image: RgbImage, timestampMs: Double) throws -> Face? {
        try requireLarge(image)
        if size != [image.width, image.height] {
            begin()
            size = [image.width, image.height]
        }
        otherPicture = change.becomesAnother(image)
        cut = cut || (otherPicture && change.share > LevelFaceTracker.cutShare)
        var looks = try rule.places.map { try look(image, $0) }.filter { $0.presence > LevelFaceTracker.minPresence }
        let inSight = looks.contains { rule.recognises($0.landmarks) }
        if !inSight || (rule.isOpen(timestampMs) && frame % LevelFaceTracker.searchEvery == 0) {
            looks += try search(image, thorough: !inSight && framesLost % LevelFaceTracker.thoroughEvery == 0, known: looks)
        }
        looks = try distinct(looks)
        if cut && rule.hasDriver && !looks.isEmpty && !looks.contains(where: { rule.recognises($0.landmarks) }) {
            earlierChanges += rule.changes + 1
            rule = DriverRule(driverFace)
        }
        let driver = rule.drive(looks.map(\.landmarks), timeMs: timestampMs, width: image.width, height: image.height)
        frame += 1
        framesLost = driver == nil ? framesLost + 1 : 0
        cut = cut && driver == nil
        return try driver.map { try face(looks[$0]) }
    }

    func reset() {
        change = PictureChange()
        begin()
    }

    private func begin() {
        rule = DriverRule(driverFace)
        cut = false
        earlierChanges = 0
        size = [0, 0]
        frame = 0
        framesLost = 0
    }

    /// Faces of a frame: as in a still, but in upright tiles alone, or in one look at the whole, which need not read `known` ones again.
    func search(_ image: RgbImage, thorough: Bool, known: [Reading]) throws -> [Reading] {
        if thorough { return largestFirst(try stills.faces(image, tileTurns: [0], read: settled)) }
        let places = known.map(\.region.bounds)
        return try detector.detectAnyWayUp(image).compactMap { found in
            if places.contains(where: { $0.overlap(found.region.bounds) > LevelFaceTracker.sameFaceOverlap }) { return nil }
            let reading = try settled(image, found.region)
            return StillSearch.isSure(score: found.score, presence: reading.presence, unsettled: reading.unsettled) ? reading : nil
        }
    }

    private func largestFirst(_ readings: [Reading]) -> [Reading] { readings.sorted { $0.region.side > $1.region.side } }

    /// As many faces as are asked for, each once.
    private func distinct(_ readings: [Reading]) throws -> [Reading] {
        var kept: [(reading: Reading, box: Box)] = []
        for reading in readings {
            let box = try Face(landmarks: reading.landmarks).box
            if !kept.contains(where: { $0.box.overlap(box) > LevelFaceTracker.sameFaceOverlap }) { kept.append((reading, box)) }
        }
        return kept.prefix(maxFaces).map(\.reading)
    }

    /// A new face gets the further looks that it needs to be level, and measured as if it had been followed.
    private func settled(_ image: RgbImage, _ start: RotatedSquare) throws -> Reading {
        var region = start, look = try self.look(image, start)
        for count in 0..<LevelFaceTracker.maxLooks where look.presence > LevelFaceTracker.hopelessPresence {
            let better = look.region
            guard count < LevelFaceTracker.settlingLooks || better.turn(from: region) > LevelFaceTracker.maxTiltError else { break }
            region = better
            look = try self.look(image, region)
        }
        return look
    }

    private func face(_ reading: Reading) throws -> Face {
        guard let blendshapes else { return try Face(landmarks: reading.landmarks) }
        let level = reading.region.fromPicture(reading.landmarks)
        return try Face(landmarks: reading.landmarks, blendshapes: blendshapes(["level_landmarks": inPlane(level)])["blendshapes"])
    }

    private func look(_ image: RgbImage, _ region: RotatedSquare) throws -> Reading {
        let made = try landmarks.run(LevelCrop.extract(image, region, size: landmarks.side))
        let presence = try landmarks.output(made, "presence").first ?? 0
        return Reading(landmarks: region.toPicture(try landmarks.output(made, "landmarks")), presence: presence, readIn: region)
    }

    private func requireLarge(_ image: RgbImage) throws {
        let least = LevelFaceTracker.minImageSide
        try require(
            min(image.width, image.height) >= least,
            "the picture is too small to show a face: \(image.width) x \(image.height) pixels, at least \(least) x \(least) are needed"
        )
    }
}
