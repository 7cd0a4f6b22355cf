import MediaPipeTasksVision
import Monalive
import MonaliveApple
import UIKit

/// MediaPipe's face landmarker as the SDK's tracker; `face_landmarker.task` is among the app's resources.
struct MediaPipeTrackers: FaceTrackerFactory {
    func create(maxFaces: Int, blendshapes: Bool) throws -> FaceTracker {
        MediaPipeTracker { mode in
            guard let model = Bundle.main.path(forResource: "face_landmarker", ofType: "task", inDirectory: "Models") else {
                throw MonaliveError.fileNotFoundError("face_landmarker.task is missing: run samples/python/export_for_phone.py")
            }
            let options = FaceLandmarkerOptions()
            options.baseOptions.modelAssetPath = model
            options.runningMode = mode
            options.numFaces = mode == .video ? 1 : maxFaces
            options.outputFaceBlendshapes = blendshapes
            return try FaceLandmarker(options: options)
        }
    }
}

/// One landmarker for stills and one for video, made when first asked for.
private final class MediaPipeTracker: FaceTracker {
    private let make: (MediaPipeTasksVision.RunningMode) throws -> FaceLandmarker
    private var stills: FaceLandmarker?, video: FaceLandmarker?

    init(_ make: @escaping (MediaPipeTasksVision.RunningMode) throws -> FaceLandmarker) { self.make = make }

    func detect(_ image: RgbImage) throws -> [Face] {
        let landmarker = try stills ?? make(.image)
        stills = landmarker
        return try faces(landmarker.detect(image: wrapped(image)), image)
    }

    func track(_ image: RgbImage, timestampMs: Double) throws -> Face? {
        let landmarker = try video ?? make(.video)
        video = landmarker
        let result = try landmarker.detect(videoFrame: wrapped(image), timestampInMilliseconds: Int(timestampMs))
        return try faces(result, image).first
    }

    func reset() { video = nil }

    private func wrapped(_ image: RgbImage) throws -> MPImage {
        guard let picture = image.cgImage() else { throw MonaliveError.valueError("the picture cannot be drawn") }
        return try MPImage(uiImage: UIImage(cgImage: picture))
    }

    private func faces(_ result: FaceLandmarkerResult, _ image: RgbImage) throws -> [Face] {
        try result.faceLandmarks.enumerated().map { index, points in
            let (width, height) = (Float(image.width), Float(image.height))
            let landmarks = points.flatMap { [$0.x * width, $0.y * height, $0.z * width] }
            let scores = result.faceBlendshapes.indices.contains(index) ? result.faceBlendshapes[index].categories : []
            let known = Dictionary(scores.map { ($0.categoryName ?? "", $0.score) }) { first, _ in first }
            return try Face(landmarks: landmarks, blendshapes: scores.isEmpty ? nil : Blendshapes.names.map { known[$0] ?? 0 })
        }
    }
}
