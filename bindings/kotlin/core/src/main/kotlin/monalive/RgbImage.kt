package monalive

import kotlin.math.floor

/** What lies outside a picture. */
internal enum class Border { REPEATED, BLACK }

/**
 * An 8-bit picture: [rgb] holds red, green and blue of each pixel in turn, row by row, without gaps.
 *
 * @throws IllegalArgumentException it is empty, or the bytes are not as many as its size says.
 */
class RgbImage(val width: Int, val height: Int, val rgb: ByteArray = ByteArray(width * height * 3)) {
    init {
        require(width >= 1 && height >= 1) { "a picture of $width x $height has no pixels" }
        require(rgb.size == width * height * 3) { "a picture of $width x $height has ${width * height * 3} bytes of RGB, not ${rgb.size}" }
    }

    /** A picture of its own with the same pixels. */
    fun copy() = RgbImage(width, height, rgb.copyOf())

    /** Whether it shows shades of grey only, up to a trace of compression. */
    val isBlackAndWhite: Boolean
        get() {
            val counts = IntArray(256)
            for (i in rgb.indices step 3) {
                val (r, g, b) = Triple(byte(i), byte(i + 1), byte(i + 2))
                counts[maxOf(r, g, b) - minOf(r, g, b)]++
            }
            val pixels = width.toLong() * height
            val mean = counts.indices.sumOf { it.toLong() * counts[it] }.toDouble() / pixels
            return mean < 1.5 && percentile(counts, pixels, 0.99) <= 8
        }

    internal fun byte(index: Int): Int = rgb[index].toInt() and 0xFF

    /** Adds [share] of the colour between four pixels to [sum]. Places count from the middle of the first pixel. */
    internal fun add(x: Float, y: Float, share: Float, sum: FloatArray, border: Border = Border.REPEATED) {
        val column = floor(x).toInt()
        val row = floor(y).toInt()
        var right = x - column
        var left = 1 - right
        var below = (y - row) * share
        var above = share - below
        if (border == Border.BLACK) {
            if (column !in 0 until width) left = 0f
            if (column + 1 !in 0 until width) right = 0f
            if (row !in 0 until height) above = 0f
            if (row + 1 !in 0 until height) below = 0f
        }
        val first = column.coerceIn(0, width - 1)
        val second = (column + 1).coerceIn(0, width - 1)
        val upper = row.coerceIn(0, height - 1) * width
        val lower = (row + 1).coerceIn(0, height - 1) * width
        for (c in 0..2) {
            sum[c] += above * (left * byte((upper + first) * 3 + c) + right * byte((upper + second) * 3 + c)) +
                below * (left * byte((lower + first) * 3 + c) + right * byte((lower + second) * 3 + c))
        }
    }

    /**
     * Adds [share] of the colour at a place to [sum], from the 4 x 4 pixels around it: sharper than [add]. Places count from the
     * middle of the first pixel; the border repeats.
     */
    internal fun addSharp(x: Float, y: Float, share: Float, sum: FloatArray) {
        val column = floor(x).toInt()
        val row = floor(y).toInt()
        val right = x - column
        val first = cubicWeight(0, right); val second = cubicWeight(1, right)
        val third = cubicWeight(2, right); val fourth = cubicWeight(3, right)
        val a = (column - 1).coerceIn(0, width - 1) * 3; val b = column.coerceIn(0, width - 1) * 3
        val c = (column + 1).coerceIn(0, width - 1) * 3; val d = (column + 2).coerceIn(0, width - 1) * 3
        var red = 0f; var green = 0f; var blue = 0f
        for (tap in 0..3) {
            val at = (row + tap - 1).coerceIn(0, height - 1) * width * 3
            val down = cubicWeight(tap, y - row)
            red += down * (first * byte(at + a) + second * byte(at + b) + third * byte(at + c) + fourth * byte(at + d))
            green += down * (first * byte(at + a + 1) + second * byte(at + b + 1) + third * byte(at + c + 1) + fourth * byte(at + d + 1))
            blue += down * (first * byte(at + a + 2) + second * byte(at + b + 2) + third * byte(at + c + 2) + fourth * byte(at + d + 2))
        }
        sum[0] += share * red.coerceIn(0f, 255f)
        sum[1] += share * green.coerceIn(0f, 255f)
        sum[2] += share * blue.coerceIn(0f, 255f)
    }

    /** Sets the pixel whose red is byte [at] to a colour, 0 to 255. */
    internal fun set(at: Int, colour: FloatArray) {
        for (c in 0..2) rgb[at + c] = (colour[c] + 0.5f).toInt().coerceIn(0, 255).toByte()
    }

    /** A part made smaller: each pixel is the mean of [times] x [times], or of those that the part has there. */
    internal fun means(left: Int, top: Int, right: Int, bottom: Int, times: Int): RgbImage {
        val result = RgbImage((right - left + times - 1) / times, (bottom - top + times - 1) / times)
        for (row in 0 until result.height) for (column in 0 until result.width) {
            val rows = top + row * times until minOf(top + (row + 1) * times, bottom)
            val start = left + column * times
            val end = minOf(start + times, right)
            val count = (rows.last - rows.first + 1) * (end - start)
            var red = count / 2
            var green = red
            var blue = red
            for (y in rows) for (at in (y * width + start) * 3 until (y * width + end) * 3 step 3) {
                red += byte(at)
                green += byte(at + 1)
                blue += byte(at + 2)
            }
            val to = (row * result.width + column) * 3
            result.rgb[to] = (red / count).toByte()
            result.rgb[to + 1] = (green / count).toByte()
            result.rgb[to + 2] = (blue / count).toByte()
        }
        return result
    }

    private fun percentile(counts: IntArray, pixels: Long, share: Double): Double {
        val place = share * (pixels - 1)
        val low = valueAt(counts, place.toLong())
        val high = valueAt(counts, minOf(place.toLong() + 1, pixels - 1))
        return low + (high - low) * (place - place.toLong())
    }

    private fun valueAt(counts: IntArray, rank: Long): Int {
        var seen = 0L
        return counts.indices.first { seen += counts[it]; seen > rank }
    }
}
