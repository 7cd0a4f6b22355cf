package monalive

import kotlin.math.PI
import kotlin.math.sqrt

/**
 * The One-Euro filter (Casiez, Roussel, Vogel, CHI 2012): steady at rest, quick in motion. The coordinates of a point share
 * one speed: a point is filtered alike in every direction.
 *
 * @param minCutoff cutoff at rest in Hz; lower is steadier and slower.
 * @param beta Hz of cutoff gained per unit of speed (units of the values per second).
 * @param derivativeCutoff cutoff of the speed estimate in Hz.
 * @param coordinates numbers per point.
 * @param pool N x N rows of weights that add to 1, by which each of N points averages the velocity of its neighbours.
 * @throws IllegalArgumentException an argument is not positive (beta may be 0).
 */
internal class OneEuroFilter(
    private val minCutoff: Double,
    private val beta: Double,
    private val derivativeCutoff: Double = 1.0,
    private val coordinates: Int = 3,
    private val pool: FloatArray? = null,
) {
    private var values: DoubleArray? = null
    private var velocity = DoubleArray(0)
    private var lastMs = 0.0

    init {
        require(minCutoff > 0 && derivativeCutoff > 0 && beta >= 0) { "cutoffs must be above 0 Hz and beta must not be negative" }
    }

    /** Forgets the past: the next values pass unchanged. */
    fun reset() {
        values = null
    }

    /**
     * The filtered values.
     *
     * @throws IllegalArgumentException time does not move forward, or there are not as many values as before.
     */
    operator fun invoke(new: DoubleArray, timestampMs: Double): DoubleArray {
        val before = values
        if (before == null) {
            values = new.copyOf()
            velocity = DoubleArray(new.size)
            lastMs = timestampMs
            return new.copyOf()
        }
        val elapsed = (timestampMs - lastMs) * 1e-3
        require(elapsed > 0) { "timestamps must increase: $timestampMs ms came after $lastMs ms" }
        require(new.size == before.size) { "expected ${before.size} values as before, got ${new.size}" }
        val share = smoothingFactor(derivativeCutoff, elapsed)
        for (i in new.indices) velocity[i] += share * ((new[i] - before[i]) / elapsed - velocity[i])
        val pooled = pooledVelocity()
        val points = new.size / coordinates
        for (point in 0 until points) {
            var squared = 0.0
            for (c in 0 until coordinates) squared += pooled[point * coordinates + c] * pooled[point * coordinates + c]
            val factor = smoothingFactor(minCutoff + beta * sqrt(squared), elapsed)
            for (i in point * coordinates until (point + 1) * coordinates) before[i] += factor * (new[i] - before[i])
        }
        lastMs = timestampMs
        return before.copyOf()
    }

    private fun pooledVelocity(): DoubleArray {
        val weights = pool ?: return velocity
        val points = velocity.size / coordinates
        return DoubleArray(velocity.size) { index ->
            val row = index / coordinates * points
            val c = index % coordinates
            var sum = 0.0
            for (other in 0 until points) sum += weights[row + other] * velocity[other * coordinates + c]
            sum
        }
    }
}

/** Weight of the newest value in a first-order low-pass with [cutoff] Hz after [elapsed] seconds. */
internal fun smoothingFactor(cutoff: Double, elapsed: Double): Double {
    val turn = 2.0 * PI * cutoff * elapsed
    return turn / (turn + 1.0)
}
