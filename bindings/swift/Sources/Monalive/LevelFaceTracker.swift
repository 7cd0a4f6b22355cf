import Foundation

/// Finds faces and follows one: the bundle's detector and landmark network put together.
final class LevelFaceTracker: FaceTracker {
    private let detector: LevelFaceDetector
    private let landmarks: PictureNetwork
    private let blendshapes: NamedNetwork?
    private let maxFaces: Int
    private var followed: RotatedSquare?
    private var size = [0, 0]
    private var framesLost = 0

    private static let minImageSide = 16
    private static let minPresence: Float = 0.5
    private static let sameFaceOverlap = 0.5
    /// While no face is in sight, only every so many frames of a video get the thorough search of a still.
    private static let thoroughEvery = 15
    /// What the detector says of a face's roll may be off by more: then its landmarks know better.
    private static let maxTiltError = 12 * Double.pi / 180
    private static let maxLooks = 3
    /// Further looks at a new face, after which it is measured as if it had been followed.
    private static let settlingLooks = 2

    /// - Parameter blendshapes: nil for faces without.
    init(_ detector: LevelFaceDetector, _ landmarks: PictureNetwork, _ blendshapes: NamedNetwork?, maxFaces: Int) {
        (self.detector, self.landmarks, self.blendshapes, self.maxFaces) = (detector, landmarks, blendshapes, maxFaces)
    }

    func detect(_ image: RgbImage) throws -> [Face] {
        try requireLarge(image)
        return try find(image, most: maxFaces, thorough: true)
    }

    func track(_ image: RgbImage, timestampMs: Double) throws -> Face? {
        try requireLarge(image)
        if size != [image.width, image.height] {
            reset()
            size = [image.width, image.height]
        }
        var face: Face?
        if let followed {
            let look = try self.look(image, followed)
            if look.presence > LevelFaceTracker.minPresence { face = try self.face(look) }
        }
        if face == nil { face = try find(image, most: 1, thorough: framesLost % LevelFaceTracker.thoroughEvery == 0).first }
        framesLost = face == nil ? framesLost + 1 : 0
        followed = face.map { LevelCrop.region($0.landmarks) }
        return face
    }

    func reset() {
        followed = nil
        size = [0, 0]
        framesLost = 0
    }

    private func find(_ image: RgbImage, most: Int, thorough: Bool) throws -> [Face] {
        var faces = try newFaces(image, detector.detectAnyWayUp(image), most)
        guard thorough else { return faces }
        for regions in closerLooks(image.width, image.height) where faces.isEmpty {
            let found = try regions.flatMap { try detector.detect(image, in: $0) }
            faces = try newFaces(image, found.sorted { $0.score > $1.score }, most)
        }
        return faces
    }

    /// The faces in the regions, without those whose presence is too low and those already there.
    private func newFaces(_ image: RgbImage, _ found: [FoundFace], _ most: Int) throws -> [Face] {
        var faces: [Face] = []
        for detection in found where faces.count < most {
            let look = try settled(image, detection.region)
            guard look.presence > LevelFaceTracker.minPresence else { continue }
            let face = try self.face(look), box = face.box
            if !faces.contains(where: { $0.box.overlap(box) > LevelFaceTracker.sameFaceOverlap }) { faces.append(face) }
        }
        return faces
    }

    /// A new face gets the further looks that it needs to be level, and measured as if it had been followed.
    private func settled(_ image: RgbImage, _ start: RotatedSquare) throws -> Look {
        var region = start, look = try self.look(image, start)
        for count in 0..<LevelFaceTracker.maxLooks where look.presence > LevelFaceTracker.minPresence {
            let better = LevelCrop.region(look.landmarks)
            guard count < LevelFaceTracker.settlingLooks || better.turn(from: region) > LevelFaceTracker.maxTiltError else { break }
            region = better
            look = try self.look(image, region)
        }
        return look
    }

    private struct Look {
        let landmarks: [Float], presence: Float
    }

    private func face(_ look: Look) throws -> Face {
        guard let blendshapes else { return try Face(landmarks: look.landmarks) }
        let level = LevelCrop.region(look.landmarks).fromPicture(look.landmarks)
        return try Face(landmarks: look.landmarks, blendshapes: blendshapes(["level_landmarks": inPlane(level)])["blendshapes"])
    }

    private func look(_ image: RgbImage, _ region: RotatedSquare) throws -> Look {
        let made = try landmarks.run(LevelCrop.extract(image, region, size: landmarks.side))
        let presence = try landmarks.output(made, "presence").first ?? 0
        return Look(landmarks: region.toPicture(try landmarks.output(made, "landmarks")), presence: presence)
    }

    private func requireLarge(_ image: RgbImage) throws {
        let least = LevelFaceTracker.minImageSide
        try require(
            min(image.width, image.height) >= least,
            "the picture is too small to show a face: \(image.width) x \(image.height) pixels, at least \(least) x \(least) are needed"
        )
    }
}
