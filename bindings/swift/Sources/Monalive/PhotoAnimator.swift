import Foundation

/// Brings photos to life: enrol a person once, animate as often as you like.
///
///     let animator = try PhotoAnimator.createFromOptions(options)
///     let portrait = try animator.enroll(photo, consent: .selfPortrait)
///     for frame in try animator.play(portrait, Motion.load(file)) { show(try frame.get().image) }
///
/// Not to be called from two threads at once; two animators in two threads do not disturb each other.
public final class PhotoAnimator {
    /// The models in use.
    public let bundle: ModelBundle
    private let options: PhotoAnimatorOptions
    private let networks: BundleNetworks
    private let photoTracker: FaceTracker, driverTracker: FaceTracker
    private var following: Following?
    private var lastTimestampMs = -Double.infinity
    private var worker: LatestOnlyWorker<([Portrait], RgbImage, Double)>?
    private var closed = false
    private var change = PictureChange() // for trackers that do not look at it
    private var driverChanges = 0

    /// Loads the models and makes the animator.
    ///
    /// - Throws: `fileNotFoundError`: there is no such bundle. `valueError`: the bundle is unusable.
    public static func createFromOptions(_ options: PhotoAnimatorOptions) throws -> PhotoAnimator { try PhotoAnimator(options) }

    private init(_ options: PhotoAnimatorOptions) throws {
        self.options = options
        bundle = try ModelBundle.load(options.bundlePath)
        networks = try BundleNetworks(bundle, options.runtime)
        let trackers = options.trackers ?? BundleTrackers(bundle: bundle, runtime: options.runtime, driverFace: options.driverFace)
        photoTracker = try trackers.create(maxFaces: options.maxFaces + 1, blendshapes: false) // one more tells that there are more
        driverTracker = try trackers.create(maxFaces: options.maxFaces, blendshapes: options.runningMode == .image)
    }

    /// Makes a portrait of the person in a photo.
    ///
    /// - Parameters:
    ///   - consent: why this face may be animated; ask before, with `Consent.notice`.
    ///   - face: which face of the photo.
    /// - Throws: `valueError`: the photo shows no face, or not the one asked for.
    public func enroll(_ photo: RgbImage, consent: Consent, face: FaceChoice = .largest) throws -> Portrait {
        try requireOpen()
        return try portrait(photo, face.choose(faces(photo, told: face != .largest)), consent)
    }

    /// A portrait of every face in a photo, from left to right; `consent` is that of all of them. Throws as `enroll`.
    public func enrollAll(_ photo: RgbImage, consent: Consent) throws -> [Portrait] {
        try requireOpen()
        return try faces(photo, told: true).sorted { $0.centre < $1.centre }.map { try portrait(photo, $0, consent) }
    }

    /// Gives a portrait the pose and expression of one picture. Mode `image`.
    ///
    /// There is no earlier frame to compare with, so the driver's expression is taken as blendshape scores and its pose as angles
    /// from the front: the shape of the driver's face does not come along.
    ///
    /// - Throws: `runtimeError`: another running mode, or closed. `valueError`: no face in the picture.
    public func animate(_ portrait: Portrait, driverImage: RgbImage) throws -> AnimatedFrame {
        try requireMode(.image, "animate")
        let faces = try driverTracker.detect(driverImage)
        try require(!faces.isEmpty, "no face was found in the driver's picture; use one that shows a face from the front")
        let driver = try driver(of: faces, driverImage)
        let (reference, landmarks) = options.retarget.absolute
            ? (driver.landmarks, driver.landmarks) : try networks.retargeting.asMeanFace(driver)
        let following = try Following([portrait], networks, options.retarget)
        try following.start(reference, width: driverImage.width, height: driverImage.height)
        return try following.frame(landmarks, 0, nil)
    }

    /// Lets the next frame of a video drive a portrait. Mode `video`.
    ///
    /// The portrait moves as the driver moves since the options' `reference`, and anew after a cut. Before the first face the photo
    /// stays as it is; while the face is lost the last pose is held.
    ///
    /// - Parameter timestampMs: when; it must increase from call to call.
    /// - Throws: `runtimeError`: another running mode, or closed. `valueError`: time that does not move forward.
    public func animateForVideo(_ portrait: Portrait, frame: RgbImage, timestampMs: Double) throws -> AnimatedFrame {
        try animateForVideo([portrait], frame: frame, timestampMs: timestampMs)
    }

    /// The same for several portraits of one photo.
    public func animateForVideo(_ portraits: [Portrait], frame: RgbImage, timestampMs: Double) throws -> AnimatedFrame {
        try requireMode(.video, "animateForVideo")
        try requireLater(timestampMs)
        return try followVideo(portraits, frame, timestampMs)
    }

    /// Hands in the next frame of a live source and returns at once. Mode `liveStream`. Results arrive at the options'
    /// `resultCallback`. A frame that comes while another is at work waits; if yet another comes, it is left out.
    ///
    /// - Throws: `runtimeError`: another running mode, closed, or a frame before failed. `valueError`: time that does not move
    ///   forward; the next good frame works again.
    public func animateAsync(_ portrait: Portrait, frame: RgbImage, timestampMs: Double) throws {
        try animateAsync([portrait], frame: frame, timestampMs: timestampMs)
    }

    /// The same for several portraits of one photo.
    public func animateAsync(_ portraits: [Portrait], frame: RgbImage, timestampMs: Double) throws {
        try requireMode(.liveStream, "animateAsync")
        try requireLater(timestampMs)
        let worker = worker ?? LatestOnlyWorker { [unowned self] in
            let frame = try self.followVideo($0.0, $0.1, $0.2)
            self.options.resultCallback?(frame, $0.2)
        }
        self.worker = worker
        try worker.submit((portraits, frame, timestampMs))
    }

    /// Plays a motion on a portrait, one frame at a time, computed as they are asked for. Any mode.
    public func play(_ portrait: Portrait, _ motion: Motion) throws -> AnySequence<Result<AnimatedFrame, Error>> {
        try play([portrait], motion)
    }

    /// The same for several portraits of one photo. A frame that cannot be made is a failure and the last one.
    public func play(_ portraits: [Portrait], _ motion: Motion) throws -> AnySequence<Result<AnimatedFrame, Error>> {
        try requireOpen()
        // The curves of a motion that speaks are smooth; more smoothing would leave lips open that meet.
        let retarget = motion.speech ? try options.retarget.unsmoothed() : options.retarget
        let following = try Following(portraits, networks, retarget)
        let takes = options.retarget.absolute ? [Motion.Take(start: 0, reference: motion.landmarks[0])] : motion.takes
        let references = Dictionary(uniqueKeysWithValues: takes.map { ($0.start, $0.reference) })
        return AnySequence { () -> AnyIterator<Result<AnimatedFrame, Error>> in
            var index = 0
            return AnyIterator {
                guard index < motion.count else { return nil }
                let result = Result { () throws -> AnimatedFrame in
                    try self.requireOpen()
                    if index == 0 {
                        try following.start(takes[0].reference, width: motion.imageWidth, height: motion.imageHeight)
                    } else if let reference = references[index] {
                        let anchoring = Anchoring(landmarks: reference, afterCut: true)
                        try following.anchored(anchoring, width: motion.imageWidth, height: motion.imageHeight)
                    }
                    let cut = index > 0 && references[index] != nil
                    return try following.frame(motion.landmarks[index], motion.timestampsMs[index], motion.surroundings?[index], cut: cut)
                }
                if case .failure = result { index = motion.count } else { index += 1 }
                return result
            }
        }
    }

    /// Counts the motion of a driver from its next face on: the portrait glides to rest. For live drivers.
    public func reanchor() {
        following?.anchor?.ask()
    }

    /// Forgets the driver, so that another video may begin.
    public func reset() {
        driverTracker.reset()
        following = nil
        change = PictureChange()
        driverChanges = 0
        lastTimestampMs = -.infinity
    }

    /// Ends the work in hand. Safe to call again, and during work.
    ///
    /// - Throws: `runtimeError`: a live frame failed and nobody was told yet.
    public func close() throws {
        closed = true
        defer { worker = nil }
        try worker?.close()
    }

    private func followVideo(_ portraits: [Portrait], _ frame: RgbImage, _ timestampMs: Double) throws -> AnimatedFrame {
        let face = try driverTracker.track(frame, timestampMs: timestampMs)
        let otherPicture = (driverTracker as? LevelFaceTracker)?.otherPicture ?? change.becomesAnother(frame)
        let otherFace = driverTracker.driverChanges != driverChanges
        driverChanges = driverTracker.driverChanges
        if following.map({ $0.portraits.elementsEqual(portraits, by: ===) }) != true {
            let reference = options.reference ?? (options.runningMode == .liveStream ? .recent : .neutral)
            let anchor = options.retarget.absolute ? nil : DriverAnchor(reference)
            following = try Following(portraits, networks, options.retarget, anchor: anchor)
        }
        guard let current = following else { throw MonaliveError.runtimeError("the animator was reset during work") }
        return try current.videoFrame(frame, face?.landmarks, timestampMs, otherPicture: otherPicture, otherFace: otherFace)
    }

    private func driver(of faces: [Face], _ image: RgbImage) throws -> Face {
        let rule = DriverRule(options.driverFace)
        let index = rule.drive(faces.map(\.landmarks), timeMs: 0, width: image.width, height: image.height)
        if index == nil, case .fromLeft(let wanted) = options.driverFace { return try FaceChoice.fromLeft(wanted).choose(faces) }
        return faces[index ?? 0]
    }

    private func faces(_ photo: RgbImage, told: Bool) throws -> [Face] {
        let faces = try photoTracker.detect(photo, largestOnly: !told), most = options.maxFaces
        try require(
            !faces.isEmpty,
            "no face was found in the photo; use one that shows a human face from the front, well lit"
        )
        if told && faces.count > most {
            NSLog("monalive: the photo shows more than %d faces: only the largest are taken; raise maxFaces", most)
        }
        return Array(faces.prefix(most))
    }

    private func portrait(_ photo: RgbImage, _ face: Face, _ consent: Consent) throws -> Portrait {
        let crop = try SquareCrop.forPortrait(face.landmarks, imageWidth: photo.width, imageHeight: photo.height)
        let inputs = try networks.enroll(photo, face.landmarks, crop)
        let regions = try networks.regions?.enroll(photo, face.landmarks, crop) ?? []
        return Portrait(photo: photo, landmarks: face.landmarks, crop: crop, consent: consent, inputs: inputs, regions: regions)
    }

    private func requireOpen() throws {
        if closed { throw MonaliveError.runtimeError("the animator is closed; make a new one") }
    }

    private func requireMode(_ mode: RunningMode, _ method: String) throws {
        try requireOpen()
        guard options.runningMode == mode else {
            let own = options.runningMode.rawValue
            throw MonaliveError.runtimeError("\(method)() is for running mode \(mode.rawValue); this animator was made for \(own)")
        }
    }

    private func requireLater(_ timestampMs: Double) throws {
        try require(
            timestampMs > lastTimestampMs,
            "timestamps must increase: \(timestampMs) ms came after \(lastTimestampMs) ms; call reset() before another video"
        )
        lastTimestampMs = timestampMs
    }
}
