import AVFoundation
import Monalive
import MonaliveApple

/// An mp4, written frame by frame.
final class VideoFile {
    private let writer: AVAssetWriter, input: AVAssetWriterInput, adaptor: AVAssetWriterInputPixelBufferAdaptor
    private let width: Int, height: Int
    private var lastMs = 0.0

    init(_ url: URL, width: Int, height: Int) throws {
        (self.width, self.height) = (width / 2 * 2, height / 2 * 2) // H.264 wants even sizes
        try? FileManager.default.removeItem(at: url)
        writer = try AVAssetWriter(outputURL: url, fileType: .mp4)
        let about = AVMutableMetadataItem()
        about.identifier = .commonIdentifierDescription
        about.value = "Made with AI from a photo" as NSString
        writer.metadata = [about]
        let settings: [String: Any] = [
            AVVideoCodecKey: AVVideoCodecType.h264, AVVideoWidthKey: self.width, AVVideoHeightKey: self.height,
        ]
        input = AVAssetWriterInput(mediaType: .video, outputSettings: settings)
        let format: [String: Any] = [kCVPixelBufferPixelFormatTypeKey as String: kCVPixelFormatType_32BGRA]
        adaptor = AVAssetWriterInputPixelBufferAdaptor(assetWriterInput: input, sourcePixelBufferAttributes: format)
        writer.add(input)
        guard writer.startWriting() else { throw writer.error ?? MonaliveError.runtimeError("The video cannot be written.") }
        writer.startSession(atSourceTime: .zero)
    }

    func write(_ frame: RgbImage, _ timestampMs: Double) throws {
        while !input.isReadyForMoreMediaData && writer.status == .writing { Thread.sleep(forTimeInterval: 0.005) }
        var made: CVPixelBuffer?
        CVPixelBufferCreate(nil, width, height, kCVPixelFormatType_32BGRA, nil, &made)
        guard let buffer = made else { throw MonaliveError.runtimeError("There is no memory for the video.") }
        fill(buffer, frame)
        lastMs = timestampMs
        let time = CMTime(seconds: timestampMs / 1000, preferredTimescale: 90_000)
        guard adaptor.append(buffer, withPresentationTime: time) else {
            throw writer.error ?? MonaliveError.runtimeError("The video cannot be written.")
        }
    }

    /// Finishes the file; returns when it is complete.
    func close() throws {
        input.markAsFinished()
        let done = DispatchSemaphore(value: 0)
        writer.endSession(atSourceTime: CMTime(seconds: lastMs / 1000 + 0.04, preferredTimescale: 90_000))
        writer.finishWriting { done.signal() }
        done.wait()
        guard writer.status == .completed else { throw writer.error ?? MonaliveError.runtimeError("The video cannot be finished.") }
    }

    private func fill(_ buffer: CVPixelBuffer, _ frame: RgbImage) {
        CVPixelBufferLockBaseAddress(buffer, [])
        defer { CVPixelBufferUnlockBaseAddress(buffer, []) }
        guard let base = CVPixelBufferGetBaseAddress(buffer)?.assumingMemoryBound(to: UInt8.self) else { return }
        let row = CVPixelBufferGetBytesPerRow(buffer)
        for y in 0..<height {
            for x in 0..<width {
                let from = (y * frame.width + x) * 3, to = y * row + x * 4
                base[to] = frame.rgb[from + 2]
                base[to + 1] = frame.rgb[from + 1]
                base[to + 2] = frame.rgb[from]
                base[to + 3] = 255
            }
        }
    }
}
