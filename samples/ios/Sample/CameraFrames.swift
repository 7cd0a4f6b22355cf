import AVFoundation
import CoreImage
import Monalive
import MonaliveApple

/// The front camera's frames as the SDK's pictures: upright, and mirrored. Frames that come while one is at work are left out.
final class CameraFrames: NSObject, AVCaptureVideoDataOutputSampleBufferDelegate {
    private let session = AVCaptureSession()
    private let context = CIContext()
    private var deliver: ((RgbImage, Double) -> Void)?

    /// - Throws: `runtimeError`: there is no camera, or it was refused.
    func start(queue: DispatchQueue, _ deliver: @escaping (RgbImage, Double) -> Void) throws {
        self.deliver = deliver
        if session.inputs.isEmpty { try connect(queue) }
        session.startRunning()
    }

    func stop() {
        if session.isRunning { session.stopRunning() }
        deliver = nil
    }

    private func connect(_ queue: DispatchQueue) throws {
        guard AVCaptureDevice.authorizationStatus(for: .video) != .denied,
            let device = AVCaptureDevice.default(.builtInWideAngleCamera, for: .video, position: .front),
            let input = try? AVCaptureDeviceInput(device: device), session.canAddInput(input)
        else { throw MonaliveError.runtimeError("Without the camera, choose a motion instead.") }
        let output = AVCaptureVideoDataOutput()
        output.alwaysDiscardsLateVideoFrames = true
        output.videoSettings = [kCVPixelBufferPixelFormatTypeKey as String: kCVPixelFormatType_32BGRA]
        output.setSampleBufferDelegate(self, queue: queue)
        session.sessionPreset = .vga640x480
        session.addInput(input)
        session.addOutput(output)
        output.connection(with: .video)?.videoOrientation = .portrait
        output.connection(with: .video)?.isVideoMirrored = true
    }

    func captureOutput(_ output: AVCaptureOutput, didOutput sample: CMSampleBuffer, from connection: AVCaptureConnection) {
        guard let pixels = CMSampleBufferGetImageBuffer(sample) else { return }
        let picture = CIImage(cvPixelBuffer: pixels)
        guard let drawn = context.createCGImage(picture, from: picture.extent), let image = try? RgbImage(drawn) else { return }
        deliver?(image, CMSampleBufferGetPresentationTimeStamp(sample).seconds * 1000)
    }
}
