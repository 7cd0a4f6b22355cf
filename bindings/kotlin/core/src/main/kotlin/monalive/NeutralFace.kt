package monalive

import kotlin.math.atan2
import kotlin.math.floor
import kotlin.math.hypot
import kotlin.math.sqrt

/**
 * How far a face is from neutral: looking ahead, eyes open, mouth shut, brows and corners of the mouth at rest. A face's
 * measures are yaw, pitch, roll (degrees), mouth gap, mouth width, brow height, eye gap and gaze: see `neutral_face.py`.
 */
internal object NeutralFace {
    private class Eye(val outer: Int, val inner: Int, val lids: List<Pair<Int, Int>>, val iris: Int)

    private val EYES = listOf(
        Eye(33, 133, listOf(160 to 144, 159 to 145, 158 to 153), 468),
        Eye(263, 362, listOf(387 to 373, 386 to 374, 385 to 380), 473),
    )
    private val LIPS = listOf(
        191 to 95, 80 to 88, 81 to 178, 82 to 87, 13 to 14, 312 to 317, 311 to 402, 310 to 318, 415 to 324,
    )
    private val BROWS = listOf(276, 283, 282, 295, 285, 46, 53, 52, 65, 55)
    private val MOUTH_CORNERS = 78 to 308
    private const val NOSE_BASE = 2

    /** Departures that count 1, as many of each measure. */
    private val COUNTS_ONE = doubleArrayOf(8.0, 8.0, 8.0, 0.06, 0.08, 0.06, 0.08, 0.12)

    /** What the mean face measures. */
    private val USUAL = doubleArrayOf(0.0, -33.2299, 0.0, 0.0055, 0.5192, 0.2291, 0.3201, 0.0)

    /** A person's own rest is so far on the way from the mean face's to the middle of what they show, and no farther. */
    private val OWN = doubleArrayOf(0.0, 0.4, 0.0, 0.0, 0.4, 0.4, 0.0, 0.0)
    private val FARTHEST_OWN = doubleArrayOf(0.0, 15.0, 0.0, 0.0, 0.15, 0.15, 0.0, 0.0)
    private const val MOUTH_GAP = 3
    private const val EYE_GAP = 6
    private const val SHUT = 0.02
    private const val OPEN_EYES = 0.75
    private const val NEARLY = 0.1
    private const val LEAST = 1e-9

    fun measures(landmarks: FloatArray): DoubleArray {
        fun at(index: Int) = DoubleArray(3) { landmarks[index * 3 + it].toDouble() }
        fun middle(indices: List<Int>) = DoubleArray(3) { axis -> indices.sumOf { landmarks[it * 3 + axis].toDouble() } / indices.size }
        fun distance(pair: Pair<Int, Int>) = length(minus(at(pair.first), at(pair.second)))
        val outer = EYES.map { it.outer }
        val across = minus(at(outer[1]), at(outer[0]))
        val size = maxOf(length(across), LEAST)
        val flat = maxOf(hypot(across[0], across[1]), LEAST)
        // The head's axes were it not for pitch: down, and away from the camera.
        val down = doubleArrayOf(-across[1] / flat, across[0] / flat, 0.0)
        val away = cross(DoubleArray(3) { across[it] / size }, down)
        val nose = minus(at(NOSE_BASE), middle(outer))
        val roll = Math.toDegrees(atan2(across[1], across[0])) + 45 // sideways or upside down, a driver looks ahead as well
        val mouth = distance(MOUTH_CORNERS)
        val widths = EYES.map { maxOf(distance(it.outer to it.inner), LEAST) }
        val brow = minus(middle(BROWS), middle(EYES.flatMap { listOf(it.outer, it.inner) }))
        return doubleArrayOf(
            Math.toDegrees(atan2(across[2], flat)),
            Math.toDegrees(atan2(dot(nose, away), dot(nose, down))),
            roll - 90 * floor(roll / 90) - 45,
            LIPS.map(::distance).average() / maxOf(mouth, LEAST),
            mouth / size,
            length(brow) / size,
            EYES.indices.map { eye -> EYES[eye].lids.map(::distance).average() / widths[eye] }.average(),
            EYES.indices.map { eye ->
                dot(minus(at(EYES[eye].iris), middle(listOf(EYES[eye].outer, EYES[eye].inner))), across) / (size * widths[eye])
            }.average(),
        )
    }

    /** How far each of some frames of one person is from neutral: 0 is neutral, 1 is seen at a glance. */
    fun departures(frames: List<DoubleArray>): List<Double> {
        val rest = DoubleArray(USUAL.size) { measure ->
            val own = quantile(frames.map { it[measure] }, 0.5) - USUAL[measure]
            USUAL[measure] + OWN[measure] * own.coerceIn(-FARTHEST_OWN[measure], FARTHEST_OWN[measure])
        }
        rest[EYE_GAP] = quantile(frames.map { it[EYE_GAP] }, OPEN_EYES)
        return frames.map { frame ->
            frame.indices.sumOf { measure ->
                val change = if (measure == MOUTH_GAP) maxOf(frame[measure] - SHUT, 0.0) else frame[measure] - rest[measure]
                (change / COUNTS_ONE[measure]).let { it * it }
            }
        }
    }

    /** Which of the frames is the most neutral; of several nearly alike the earliest. */
    fun mostNeutral(frames: List<DoubleArray>): Int {
        val cost = departures(frames)
        val most = cost.min() + NEARLY
        return cost.indexOfFirst { it <= most }
    }

    /** With what lies between two values, in proportion. */
    private fun quantile(values: List<Double>, share: Double): Double {
        val sorted = values.sorted()
        val place = share * (sorted.size - 1)
        val low = floor(place).toInt()
        return sorted[low] + (place - low) * (sorted[minOf(low + 1, sorted.size - 1)] - sorted[low])
    }

    private fun minus(a: DoubleArray, b: DoubleArray) = DoubleArray(3) { a[it] - b[it] }

    private fun dot(a: DoubleArray, b: DoubleArray) = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]

    private fun cross(a: DoubleArray, b: DoubleArray) =
        doubleArrayOf(a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])

    private fun length(a: DoubleArray) = sqrt(dot(a, a))
}
