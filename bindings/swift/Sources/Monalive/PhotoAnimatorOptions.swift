import Foundation

/// What the driver is: single pictures, a video's frames in order, or a live camera.
public enum RunningMode: String, Sendable {
    case image = "IMAGE"
    case video = "VIDEO"
    case liveStream = "LIVE_STREAM"
}

/// A frame of the result.
public struct AnimatedFrame: Sendable {
    /// The whole photo with the face animated; outside the crop it is the photo.
    public let image: RgbImage
    /// The part that moves, pixels of `image` (the first portrait's).
    public let crop: SquareCrop
    /// 478 x 3, units of the portrait's crop (the first portrait's).
    public let landmarks: [Float]
    /// As given.
    public let timestampMs: Double
    /// Whether the driver's face was found; if not, the last pose is held.
    public let driverFound: Bool
    /// Whether there is a cut in the driver just before, or another face drives: the motion restarts here.
    public let cut: Bool

    /// 256 x 256, the crop alone, cut out of `image` whenever it is asked for.
    public var cropImage: RgbImage { crop.extract(image, size: networkSize) }
}

/// Called with every result and its timestamp, from another thread.
public typealias ResultCallback = (AnimatedFrame, Double) -> Void

/// How a `PhotoAnimator` works.
public struct PhotoAnimatorOptions {
    /// The models.
    public let bundlePath: URL
    /// What runs them (`CoreMLRuntime` on Apple's systems, which also takes the compute units).
    public let runtime: NetworkRuntime
    /// What finds faces; nil for the bundle's own tracker.
    public let trackers: FaceTrackerFactory?
    /// What the driver is.
    public let runningMode: RunningMode
    /// What of the driver's motion is taken over, and how.
    public let retarget: RetargetOptions
    /// Gets every result in `liveStream` mode; only there.
    public let resultCallback: ResultCallback?
    /// So many faces of a picture are taken, the largest; a line is logged where it shows more.
    public let maxFaces: Int
    /// Whose motion is taken where the driver shows several faces; other `trackers` follow whom they will.
    public let driverFace: DriverFace
    /// What the motion of a driver's frames is counted from; nil: `recent` in `liveStream`, else `neutral`. Absolute motion does
    /// without.
    public let reference: DriverReference?

    /// - Throws: `valueError`: options that do not go together.
    public init(
        bundlePath: URL, runtime: NetworkRuntime, trackers: FaceTrackerFactory? = nil, runningMode: RunningMode = .image,
        retarget: RetargetOptions = .standard, resultCallback: ResultCallback? = nil, maxFaces: Int = 16, driverFace: DriverFace = .auto,
        reference: DriverReference? = nil
    ) throws {
        try require(maxFaces >= 1, "maxFaces must be at least 1, not \(maxFaces)")
        if case .fromLeft(let index) = driverFace { try require(index >= 0, "faces are counted from the left from 0, not from \(index)") }
        let live = runningMode == .liveStream
        try require(!live || resultCallback != nil, "running mode LIVE_STREAM needs a resultCallback: results arrive there")
        try require(
            live || resultCallback == nil, "a resultCallback is for LIVE_STREAM; in \(runningMode.rawValue) results are returned"
        )
        (self.bundlePath, self.runtime, self.trackers) = (bundlePath, runtime, trackers)
        if case .frame(let number) = reference { try require(number >= 0, "frames are counted from 0: there is no frame \(number)") }
        (self.runningMode, self.retarget, self.resultCallback) = (runningMode, retarget, resultCallback)
        (self.maxFaces, self.driverFace, self.reference) = (maxFaces, driverFace, reference)
    }
}
