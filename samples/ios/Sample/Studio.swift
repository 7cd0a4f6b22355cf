import CoreGraphics
import Foundation
import Monalive
import MonaliveApple
import Photos

/// What the app does: enrol a photo, animate it, mark every frame as AI-made. Slow work runs in one queue, one thing after the
/// other; what is shown changes on the main queue alone.
final class Studio: ObservableObject {
    @Published private(set) var shown: CGImage?
    @Published private(set) var message = "Choose a photo with a face."
    @Published private(set) var isEnrolled = false
    @Published private(set) var chosenMotion: String?
    @Published private(set) var saved: URL?
    /// On unless the person using the app switches it off.
    @Published var showsBadge = true { didSet { badgeIsOn.set(showsBadge) } }

    private let work = DispatchQueue(label: "monalive.studio", qos: .userInitiated)
    private let run = Counter(), badgeIsOn = Flag(true)
    private lazy var camera = CameraFrames()
    private var animator: PhotoAnimator?
    private var portrait: Portrait?
    private var badge: Badge?
    private var mark: PixelMark?

    /// Names of the motions among the resources.
    let motions: [String] = Studio.models("motion").map { $0.deletingPathExtension().lastPathComponent }.sorted()

    func enroll(_ photo: Data, _ consent: Consent) {
        start { [self] _ in
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("photo")
            try photo.write(to: file, options: .atomic)
            defer { try? FileManager.default.removeItem(at: file) }
            let image = try RgbImage(contentsOf: file)
            if try FaceCheck.faceHeights(image).isEmpty {
                throw MonaliveError.valueError("No face was found. Use a photo that shows one from the front, well lit.")
            }
            let animator = try animator ?? makeAnimator()
            self.animator = animator
            let person = try animator.enroll(image, consent: consent)
            portrait = person
            mark = PixelMark(message: .random(), width: image.width, height: image.height, regions: [person.crop])
            badge = Badge(width: image.width, height: image.height)
            animator.reset()
            show(image, "Choose a motion, or the camera.") { $0.isEnrolled = true }
        }
    }

    /// Plays a motion over and over, at its own pace, until something else is asked for.
    func play(_ name: String) {
        chosenMotion = name
        start { [self] mine in
            while run.value == mine {
                let began = Date()
                for frame in try frames(name) {
                    guard run.value == mine else { return }
                    let (image, timestampMs) = try frame.get()
                    let early = timestampMs / 1000 - Date().timeIntervalSince(began)
                    if early > 0 { Thread.sleep(forTimeInterval: early) }
                    show(image)
                }
            }
        }
    }

    func followCamera() {
        start { [self] mine in
            animator?.reset()
            try camera.start(queue: work) { [weak self] frame, timestampMs in
                guard let self, run.value == mine, let animator, let portrait else { return }
                perform { self.show(try self.finished(animator.animateForVideo(portrait, frame: frame, timestampMs: timestampMs))) }
            }
            say("Look into the camera at rest, then move.")
        }
    }

    /// Writes the chosen motion into a file to share, and into the photo library.
    func save() {
        guard let name = chosenMotion else { return }
        start { [self] _ in
            say("Saving…")
            let url = FileManager.default.temporaryDirectory.appendingPathComponent("monalive-\(name).mp4")
            var video: VideoFile?
            for frame in try frames(name) {
                let (image, timestampMs) = try frame.get()
                if video == nil { video = try VideoFile(url, width: image.width, height: image.height) }
                try video?.write(image, timestampMs)
            }
            try video?.close()
            DispatchQueue.main.async { self.saved = url } // it can be shared, whatever the photo library says
            do {
                try PHPhotoLibrary.shared().performChangesAndWait {
                    PHAssetChangeRequest.creationRequestForAssetFromVideo(atFileURL: url)
                }
            } catch {
                throw MonaliveError.runtimeError(
                    "The photo library did not take the video (\(error.localizedDescription)). Share it, or allow adding photos in Settings."
                )
            }
            say("Saved. It was made with AI: say so when you share it.")
        }
    }

    /// The photo that was picked could not be read.
    func photoFailed(_ error: Error?) {
        say("The photo cannot be loaded\(error.map { ": " + $0.localizedDescription } ?? ""). Choose another one.")
    }

    private func makeAnimator() throws -> PhotoAnimator {
        guard let bundle = Studio.models("bundle").first else {
            throw MonaliveError.fileNotFoundError("The models are missing: run samples/python/export_for_phone.py")
        }
        let options = try PhotoAnimatorOptions(bundlePath: bundle, runtime: CoreMLRuntime(), runningMode: .video)
        return try PhotoAnimator.createFromOptions(options)
    }

    private func frames(_ name: String) throws -> AnySequence<Result<(RgbImage, Double), Error>> {
        guard let animator, let portrait, let file = Studio.models("motion").first(where: { $0.lastPathComponent == "\(name).motion" })
        else { return AnySequence([]) }
        let played = try animator.play(portrait, Motion.load(file))
        return AnySequence(played.lazy.map { [self] frame in frame.flatMap { one in Result { (try finished(one), one.timestampMs) } } })
    }

    /// With the mark that `monalive verify` finds, and the badge.
    private func finished(_ frame: AnimatedFrame) throws -> RgbImage {
        let marked = try mark?.apply(frame.image) ?? frame.image
        guard badgeIsOn.value, let badge else { return marked }
        return try badge.apply(marked)
    }

    /// Ends what runs, and runs `task` with the number that is now valid.
    private func start(_ task: @escaping (Int) throws -> Void) {
        let mine = run.next()
        work.async { [self] in
            camera.stop()
            perform { try task(mine) }
        }
    }

    /// What goes wrong is said on the screen, and the app goes on.
    private func perform(_ task: () throws -> Void) {
        do { try task() } catch { say(error.localizedDescription) }
    }

    private func show(_ image: RgbImage, _ message: String? = nil, _ more: ((Studio) -> Void)? = nil) {
        let picture = image.cgImage()
        DispatchQueue.main.async {
            self.shown = picture
            if let message { self.message = message }
            more?(self)
        }
    }

    private func say(_ text: String) { DispatchQueue.main.async { self.message = text } }

    private static func models(_ suffix: String) -> [URL] {
        Bundle.main.urls(forResourcesWithExtension: suffix, subdirectory: "Models") ?? []
    }
}

/// A number that counts up, seen by several threads.
final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var count = 0

    var value: Int { lock.withLock { count } }

    func next() -> Int {
        lock.withLock {
            count += 1
            return count
        }
    }
}

/// A switch, seen by several threads.
final class Flag: @unchecked Sendable {
    private let lock = NSLock()
    private var on: Bool

    init(_ on: Bool) { self.on = on }

    var value: Bool { lock.withLock { on } }

    func set(_ value: Bool) { lock.withLock { on = value } }
}
