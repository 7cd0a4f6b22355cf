package monalive

import java.io.Closeable

/**
 * A face found in a picture.
 *
 * @property landmarks 478 x 3: x, y in picture pixels, z in the scale of x, smaller is nearer.
 * @property blendshapes 52 scores in [0, 1] in MediaPipe's order, or null if not asked for.
 */
class Face(val landmarks: FloatArray, val blendshapes: FloatArray? = null) {
    init { requireLandmarks(landmarks, "face") }

    /** Around the landmarks, in picture pixels. */
    internal val box: Box
        get() {
            fun least(axis: Int) = (axis until landmarks.size step 3).minOf { landmarks[it] }.toDouble()
            fun most(axis: Int) = (axis until landmarks.size step 3).maxOf { landmarks[it] }.toDouble()
            return Box(least(0), least(1), most(0), most(1))
        }
    internal val centre: Double get() = box.let { (it.left + it.right) / 2 }
}

/** Finds faces: the bundle's own networks ([BundleTrackers]), or what an app brings. Not to be called from two threads at once. */
interface FaceTracker : Closeable {
    /** All faces of a still, in any order. */
    fun detect(image: RgbImage): List<Face>

    /** The same, but looks that could only show faces smaller than one that is found already may be spared ([largestOnly]). */
    fun detect(image: RgbImage, largestOnly: Boolean): List<Face> = detect(image)

    /** The face followed through the frames of a video, or none. */
    fun track(image: RgbImage, timestampMs: Double): Face?

    /** How often, since the video began, [track] went over to another face, so that motion has to be counted from it anew. */
    val driverChanges: Int get() = 0

    /** Forgets the video, so that another may begin. */
    fun reset()
}

/** Makes the trackers of an animator: one for photos, one for the driver. */
fun interface FaceTrackerFactory {
    /** @param maxFaces the most faces looked for. @param blendshapes give expression scores with the faces. */
    fun create(maxFaces: Int, blendshapes: Boolean): FaceTracker
}

/** Which face of a photo. */
sealed interface FaceChoice {
    /** The largest one. */
    data object Largest : FaceChoice

    /** Counted from the left, from 0. */
    data class FromLeft(val index: Int) : FaceChoice

    /** @throws IllegalArgumentException there are not so many faces. */
    fun choose(faces: List<Face>): Face = when (this) {
        Largest -> faces.maxBy { it.box.area }
        is FromLeft -> faces.sortedBy { it.centre }.getOrNull(index)
            ?: throw IllegalArgumentException("there is no face number $index; ${faces.size} were found, counted from 0 at the left")
    }
}
