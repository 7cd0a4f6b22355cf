package monalive

import kotlin.math.hypot
import kotlin.math.sqrt

/**
 * Finds cuts in a driver's video: the picture becomes another one, and the face is elsewhere all at once. A flash alone, or a
 * head that shakes, is none; a leap that no head can make needs no other sign. Call it with every frame of a video, in order,
 * those without a face too.
 */
internal class CutFinder {
    private val steps = ArrayDeque<Double>()
    private var face: FloatArray? = null
    private var velocity: DoubleArray? = null // of the frame before; null where it showed no face
    private var faceMs = 0.0
    private var otherPicture = false // since the last face, as is the next
    private var otherFace = false

    /**
     * Whether there is a cut between the last frame with a face and this one; never without a face. [changed]: the picture became
     * another one all at once. [other]: another face is followed from this frame on, which is as good as a cut.
     */
    fun find(landmarks: FloatArray?, timestampMs: Double, changed: Boolean, other: Boolean = false): Boolean {
        otherPicture = otherPicture || changed
        otherFace = otherFace || other
        if (landmarks == null) {
            velocity = null
            return false
        }
        val last = face
        val longer = maxOf(1.0, (timestampMs - faceMs) / FRAME_MS)
        val floor = if (otherPicture) ELSEWHERE * minOf(longer, LONGEST) else NO_HEAD_CAN * longer
        face = landmarks
        faceMs = timestampMs
        val begins = otherFace
        otherPicture = false
        otherFace = false
        if (last == null) return false
        val apart = DoubleArray(3) { (last[LEFT_CORNER * 3 + it] - last[RIGHT_CORNER * 3 + it]).toDouble() }
        val size = maxOf(sqrt(apart.sumOf { it * it }), 1e-9)
        val moved = DoubleArray(POSE_POINTS.size * 2) {
            val at = POSE_POINTS[it / 2] * 3 + it % 2
            (landmarks[at] - last[at]) / size
        }
        val step = meanLength(moved)
        val before = velocity
        // A head that moves keeps on.
        val unforeseen = if (before == null) step else minOf(step, meanLength(DoubleArray(moved.size) { moved[it] - before[it] }))
        if (begins || unforeseen > maxOf(floor, TIMES_USUAL_STEP * (steps.maxOrNull() ?: 0.0))) {
            steps.clear()
            velocity = null
            return true
        }
        steps.addLast(step)
        if (steps.size > REMEMBERED) steps.removeFirst()
        velocity = moved
        return false
    }

    private fun meanLength(vectors: DoubleArray): Double =
        (0 until vectors.size step 2).sumOf { hypot(vectors[it], vectors[it + 1]) } * 2 / vectors.size

    private companion object {
        /** How far the face must move in [FRAME_MS], in outer-eye-corner distances: in another picture, and in any. */
        const val ELSEWHERE = 0.12
        const val NO_HEAD_CAN = 0.5
        const val TIMES_USUAL_STEP = 3.0
        const val FRAME_MS = 40.0

        /** Frames that a change of the picture may have waited for the face to be seen. */
        const val LONGEST = 3.0

        /** Frames that tell what is usual. */
        const val REMEMBERED = 8
        const val RIGHT_CORNER = 33
        const val LEFT_CORNER = 263

        /** Points that move with the skull: `POSE_POINTS` of landmarks.py. */
        val POSE_POINTS = intArrayOf(
            168, 6, 197, 195, 5, 4, 1, 33, 133, 362, 263, 127, 356, 234, 454, 93, 323, 162, 389,
        )
    }
}
