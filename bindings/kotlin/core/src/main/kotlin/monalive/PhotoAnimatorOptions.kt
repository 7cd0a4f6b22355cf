package monalive

import java.io.File

/** What the driver is: single pictures, a video's frames in order, or a live camera. */
enum class RunningMode { IMAGE, VIDEO, LIVE_STREAM }

/**
 * A frame of the result.
 *
 * @property image the whole photo with the face animated; outside the crop it is the photo.
 * @property crop the part that moves, pixels of [image] (the first portrait's).
 * @property landmarks 478 x 3, units of the portrait's crop (the first portrait's).
 * @property timestampMs as given.
 * @property driverFound whether the driver's face was found; if not, the last pose is held.
 * @property cut whether there is a cut in the driver just before, or another face drives: the motion restarts here.
 */
class AnimatedFrame(
    val image: RgbImage,
    val crop: SquareCrop,
    val landmarks: FloatArray,
    val timestampMs: Double,
    val driverFound: Boolean = true,
    val cut: Boolean = false,
) {
    /** 256 x 256, the crop alone. */
    val cropImage: RgbImage by lazy { crop.extract(image, NETWORK_SIZE) }
}

/** Called with every result and its timestamp, from another thread. */
typealias ResultCallback = (AnimatedFrame, Double) -> Unit

/** Faces that are taken from a picture or come into question as drivers, unless another limit is asked for. */
const val MAX_FACES: Int = 16

/**
 * How a [PhotoAnimator] works.
 *
 * @property bundlePath the models.
 * @property runtime what runs them (`LiteRtRuntime` on Android, which also takes threads and the accelerator).
 * @property trackers what finds faces; null for the bundle's own tracker.
 * @property runningMode what the driver is.
 * @property retarget what of the driver's motion is taken over, and how.
 * @property reference what the motion of a driver's frames is counted from; null: [DriverReference.Recent] in LIVE_STREAM,
 *   [DriverReference.Neutral] else. Absolute motion does without.
 * @property resultCallback gets every result in LIVE_STREAM mode; only there.
 * @property maxFaces so many faces of a picture are taken, the largest; a warning is logged where it shows more.
 * @property driverFace whose motion is taken where the driver shows several faces; other [trackers] follow whom they will.
 * @throws IllegalArgumentException options that do not go together.
 */
class PhotoAnimatorOptions(
    val bundlePath: File,
    val runtime: NetworkRuntime,
    val trackers: FaceTrackerFactory? = null,
    val runningMode: RunningMode = RunningMode.IMAGE,
    val retarget: RetargetOptions = RetargetOptions(),
    val resultCallback: ResultCallback? = null,
    val maxFaces: Int = MAX_FACES,
    val driverFace: DriverFace = DriverFace.Auto,
    val reference: DriverReference? = null,
) {
    init {
        require(maxFaces >= 1) { "maxFaces must be at least 1, not $maxFaces" }
        val live = runningMode == RunningMode.LIVE_STREAM
        require(!live || resultCallback != null) { "running mode LIVE_STREAM needs a resultCallback: results arrive there" }
        require(live || resultCallback == null) { "a resultCallback is for LIVE_STREAM; in $runningMode results are returned" }
    }
}
