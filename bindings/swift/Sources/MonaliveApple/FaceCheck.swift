#if canImport(Vision) && canImport(CoreGraphics)
import CoreGraphics
import Monalive
import Vision

/// A quick look, with Vision, whether a photo shows a face large enough to animate, before the tracker is started.
///
/// Vision's own landmarks are 76 points; the networks want the 478 of MediaPipe's mesh, so Vision does not track.
public enum FaceCheck {
    /// Faces found, as parts of the picture's height, the largest first.
    public static func faceHeights(_ image: RgbImage) throws -> [Double] {
        guard let picture = image.cgImage() else { return [] }
        let request = VNDetectFaceRectanglesRequest()
        try VNImageRequestHandler(cgImage: picture).perform([request])
        return (request.results ?? []).map { Double($0.boundingBox.height) }.sorted(by: >)
    }
}
#endif
