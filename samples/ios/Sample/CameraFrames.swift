import AVFoundation
import CoreImage
import Monalive
import MonaliveApple

/// The front camera's frames as the SDK's pictures: upright, and mirrored. Frames that come while one is at work are left out.
///
/// Everything is called in the queue where frames are delivered.
final class CameraFrames: NSObject, AVCaptureVideoDataOutputSampleBufferDelegate {
    private let session = AVCaptureSession()
    private let context = CIContext()
    private var deliver: ((RgbImage, Double) -> Void)?

    /// Asks for the camera where the person has not answered yet; returns when the answer is known.
    ///
    /// - Throws: `runtimeError`: there is no camera, or it was refused or is restricted.
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
        try requireAccess()
        guard let device = AVCaptureDevice.default(.builtInWideAngleCamera, for: .video, position: .front),
            let input = try? AVCaptureDeviceInput(device: device), session.canAddInput(input)
        else { throw MonaliveError.runtimeError("This device has no front camera that can be used. Choose a motion instead.") }
        let output = AVCaptureVideoDataOutput()
        output.alwaysDiscardsLateVideoFrames = true
        output.videoSettings = [kCVPixelBufferPixelFormatTypeKey as String: kCVPixelFormatType_32BGRA]
        output.setSampleBufferDelegate(self, queue: queue)
        session.sessionPreset = .vga640x480
        session.addInput(input)
        session.addOutput(output)
        guard let connection = output.connection(with: .video) else { return }
        turnUpright(connection)
        // While mirroring is automatic, setting it raises an exception.
        connection.automaticallyAdjustsVideoMirroring = false
        if connection.isVideoMirroringSupported { connection.isVideoMirrored = true }
    }

    private func turnUpright(_ connection: AVCaptureConnection) {
        if #available(iOS 17, *) {
            if connection.isVideoRotationAngleSupported(90) { connection.videoRotationAngle = 90 }
        } else if connection.isVideoOrientationSupported {
            connection.videoOrientation = .portrait
        }
    }

    private func requireAccess() throws {
        switch AVCaptureDevice.authorizationStatus(for: .video) {
        case .authorized: return
        case .restricted:
            throw MonaliveError.runtimeError("The camera is restricted on this device. Choose a motion instead.")
        case .notDetermined where asked(): return
        default:
            throw MonaliveError.runtimeError("The camera is not allowed. Allow it in Settings, or choose a motion instead.")
        }
    }

    /// Waits for the person's answer.
    private func asked() -> Bool {
        let answered = DispatchSemaphore(value: 0), granted = Flag(false)
        AVCaptureDevice.requestAccess(for: .video) {
            granted.set($0)
            answered.signal()
        }
        answered.wait()
        return granted.value
    }

    func captureOutput(_ output: AVCaptureOutput, didOutput sample: CMSampleBuffer, from connection: AVCaptureConnection) {
        guard let pixels = CMSampleBufferGetImageBuffer(sample) else { return }
        let picture = CIImage(cvPixelBuffer: pixels)
        guard let drawn = context.createCGImage(picture, from: picture.extent), let image = try? RgbImage(drawn) else { return }
        deliver?(image, CMSampleBufferGetPresentationTimeStamp(sample).seconds * 1000)
    }
}
