package monalive

import kotlin.math.floor

/**
 * How one side of an array becomes one of another size: for each new cell the first cell read, and weights of those from
 * there on. Cells beyond the end repeat the last one. Centres lie at halves, as in OpenCV's resize.
 */
internal class Taps private constructor(val first: IntArray, val weights: Array<FloatArray>, private val from: Int) {
    val size: Int get() = first.size
    val reach: Int get() = weights[0].size

    /** The cell that weight [tap] of new cell [index] is for. */
    fun cell(index: Int, tap: Int): Int = (first[index] + tap).coerceIn(0, from - 1)

    companion object {
        /** Between two neighbours. */
        fun linear(from: Int, to: Int): Taps = atPlaces(from, to) { (it + 0.5) * from / to - 0.5 }

        /** Between two neighbours, at any places. */
        fun atPlaces(from: Int, to: Int, place: (Int) -> Double): Taps {
            val first = IntArray(to)
            val weights = Array(to) {
                val x = place(it)
                first[it] = floor(x).toInt()
                val share = (x - floor(x)).toFloat()
                floatArrayOf(1 - share, share)
            }
            return Taps(first, weights, from)
        }

        /** Over four neighbours, see [cubicWeight]. */
        fun cubic(from: Int, to: Int): Taps {
            val first = IntArray(to)
            val weights = Array(to) {
                val x = (it + 0.5) * from / to - 0.5
                first[it] = floor(x).toInt() - 1
                val share = (x - floor(x)).toFloat()
                FloatArray(4) { tap -> cubicWeight(tap, share) }
            }
            return Taps(first, weights, from)
        }

        /** The mean over what a new cell covers: for making smaller. */
        fun area(from: Int, to: Int, scale: Double = from.toDouble() / to): Taps {
            val reach = floor(scale).toInt() + 2
            val first = IntArray(to)
            val weights = Array(to) { index ->
                val start = index * scale
                val end = minOf((index + 1) * scale, from.toDouble())
                first[index] = floor(start).toInt()
                FloatArray(reach) { tap ->
                    val cell = first[index] + tap
                    (maxOf(0.0, minOf(end, cell + 1.0) - maxOf(start, cell.toDouble())) / (end - start)).toFloat()
                }
            }
            return Taps(first, weights, from)
        }
    }
}

/**
 * Keys' cubic with a = -0.75, as OpenCV's INTER_CUBIC: the weight of neighbour [tap], 0 to 3, of a place that lies [share] of the
 * way from neighbour 1 to neighbour 2.
 */
internal fun cubicWeight(tap: Int, share: Float): Float {
    val near = if (tap < 2) share else 1 - share
    val far = 1 - near
    return if (tap == 0 || tap == 3) -0.75f * near * far * far else (1.25f * near - 2.25f) * near * near + 1
}

/** A float array of several channels, row by row. */
internal class Plane(val width: Int, val height: Int, val channels: Int, val values: FloatArray) {
    /** Adds [share] of what lies between four cells to [sum]. Places count from the middle of the first cell; ends repeat. */
    fun add(x: Float, y: Float, share: Float, sum: FloatArray) {
        val column = floor(x).toInt()
        val row = floor(y).toInt()
        val right = x - column
        val below = (y - row) * share
        val above = share - below
        val first = column.coerceIn(0, width - 1)
        val second = (column + 1).coerceIn(0, width - 1)
        val upper = row.coerceIn(0, height - 1) * width
        val lower = (row + 1).coerceIn(0, height - 1) * width
        for (c in 0 until channels) {
            sum[c] += above * ((1 - right) * values[(upper + first) * channels + c] + right * values[(upper + second) * channels + c]) +
                below * ((1 - right) * values[(lower + first) * channels + c] + right * values[(lower + second) * channels + c])
        }
    }

    /** Resized, or otherwise resampled, along both sides. */
    fun resampled(across: Taps, down: Taps): Plane {
        val wide = FloatArray(across.size * height * channels)
        for (y in 0 until height) for (x in 0 until across.size) for (tap in 0 until across.reach) {
            val weight = across.weights[x][tap]
            if (weight == 0f) continue
            val source = (y * width + across.cell(x, tap)) * channels
            val target = (y * across.size + x) * channels
            for (c in 0 until channels) wide[target + c] += weight * values[source + c]
        }
        val row = across.size * channels
        val result = FloatArray(row * down.size)
        for (y in 0 until down.size) for (tap in 0 until down.reach) {
            val weight = down.weights[y][tap]
            if (weight == 0f) continue
            val source = down.cell(y, tap) * row
            val target = y * row
            for (i in 0 until row) result[target + i] += weight * wide[source + i]
        }
        return Plane(across.size, down.size, channels, result)
    }
}
