package monalive

import java.security.MessageDigest
import kotlin.math.PI
import kotlin.math.abs
import kotlin.math.ceil
import kotlin.math.cos
import kotlin.math.floor
import kotlin.math.hypot
import kotlin.math.pow
import kotlin.math.roundToInt
import kotlin.math.sin
import kotlin.math.sqrt

/**
 * The imperceptible mark in the pixels of a frame that is to be saved: `monalive verify` finds it in the video.
 *
 * @param width and [height] of the frames.
 * @param regions squares to mark, in pixels; what is smaller than 64 pixels or outside the frame is left out.
 */
class PixelMark(message: MarkMessage, private val width: Int, private val height: Int, regions: List<SquareCrop>) {
    private val parts = regions.mapNotNull { MarkedSquare.within(it, width, height, message) }

    /**
     * A marked copy of a frame; outside the squares it is the frame, bit for bit.
     *
     * @throws IllegalArgumentException the frame has another size.
     */
    fun apply(image: RgbImage): RgbImage {
        require(image.width == width && image.height == height) { "this mark is for frames of $width x $height" }
        return image.copy().also { marked -> parts.forEach { it.applyTo(marked) } }
    }
}

/** The waves of a code word as a spectrum, (down, across + HIGHEST). */
private class MarkWaves(word: IntArray) {
    private val real = DoubleArray((HIGHEST + 1) * COLUMNS)
    private val imaginary = DoubleArray(real.size)

    init {
        val half = (0..HIGHEST).flatMap { y -> (-HIGHEST..HIGHEST).map { x -> x to y } }
            .filter { (x, y) -> (y > 0 || x > 0) && x * x + y * y >= LOWEST * LOWEST }
            .sortedWith(compareBy({ (x, y) -> x * x + y * y }, { it.first }, { it.second })).take(WAVES)
            .sortedBy { (x, y) -> hex("$KEY: $x $y") }
        val fixed = sha256(KEY)
        half.forEachIndexed { i, (x, y) ->
            val signs = if (i < CODE_WAVES) {
                word[2 * i] to word[2 * i + 1]
            } else {
                sign(fixed, 2 * (i - CODE_WAVES)) to sign(fixed, 2 * (i - CODE_WAVES) + 1)
            }
            // In proportion to their length: long ones show least for what survives of them.
            val strength = 1 / hypot(x.toDouble(), y.toDouble())
            real[y * COLUMNS + x + HIGHEST] = signs.first * strength
            imaginary[y * COLUMNS + x + HIGHEST] = signs.second * strength
        }
    }

    private val power = real.sumOf { it * it }

    /** Their sum, of mean square 1, at pixels' centres, the first at (left + 0.5, top + 0.5) in a square of [side]. */
    fun pattern(side: Double, left: Double, width: Int, top: Double, height: Int): FloatArray {
        val turn = 2 * PI * TILES / side
        val angles = DoubleArray(COLUMNS * width) { turn * (it / width - HIGHEST) * (left + it % width + 0.5) }
        val (cosines, sines) = DoubleArray(angles.size) { cos(angles[it]) } to DoubleArray(angles.size) { sin(angles[it]) }
        val pattern = FloatArray(width * height)
        val row = DoubleArray(width)
        for (y in 0 until height) {
            row.fill(0.0)
            for (k in 0 until COLUMNS) {
                var (re, im) = 0.0 to 0.0
                for (m in 0..HIGHEST) {
                    val (c, s) = (turn * m * (top + y + 0.5)).let { cos(it) to sin(it) }
                    re += real[m * COLUMNS + k] * c - imaginary[m * COLUMNS + k] * s
                    im += real[m * COLUMNS + k] * s + imaginary[m * COLUMNS + k] * c
                }
                for (x in 0 until width) row[x] += re * cosines[k * width + x] - im * sines[k * width + x]
            }
            for (x in 0 until width) pattern[y * width + x] = (row[x] / sqrt(power)).toFloat()
        }
        return pattern
    }

    private fun sha256(text: String): ByteArray = MessageDigest.getInstance("SHA-256").digest(text.toByteArray())

    private fun hex(text: String): String = sha256(text).joinToString("") { "%02x".format(it) }

    private fun sign(bytes: ByteArray, bit: Int): Int = if (bytes[bit / 8].toInt() shr (7 - bit % 8) and 1 == 1) -1 else 1

    companion object {
        const val TILES = 4
        private const val KEY = "monalive pixel mark 1"
        private const val WAVES = 160
        private const val CODE_WAVES = 128
        private const val LOWEST = 5 // waves per tile
        private const val HIGHEST = 16
        private const val COLUMNS = 2 * HIGHEST + 1
    }
}

private class MarkedSquare(
    private val left: Int,
    private val top: Int,
    private val width: Int,
    private val height: Int,
    private val region: SquareCrop,
    private val message: MarkMessage,
) {
    private val shrink = maxOf(1.0, region.side / GUIDE_SIDE)
    private val reach = maxOf(3, (region.side / shrink / MarkWaves.TILES * 7 / 64).roundToInt() or 1) / 2
    private val gain = (GUIDE_SIDE / region.side).pow(1.5).coerceIn(1.0, MOST_GAIN)
    private var pattern: FloatArray? = null

    fun applyTo(image: RgbImage) {
        val pattern = pattern ?: patternOf(image).also { pattern = it }
        val level = level(image)
        for (y in 0 until height) for (x in 0 until width) {
            val change = pattern[y * width + x] * level
            val first = ((top + y) * image.width + left + x) * 3
            for (i in first..first + 2) image.rgb[i] = (image.byte(i) + change).roundToInt().coerceIn(0, 255).toByte()
        }
    }

    /** The pattern says what the square shows in the first frame. */
    private fun patternOf(image: RgbImage): FloatArray =
        MarkWaves(message.codeWord(pictureBits(image, region))).pattern(region.side, left - region.x, width, top - region.y, height)

    /** The strength for what is in the square now, in levels: it follows the mean deviation from a local mean. */
    private fun level(image: RgbImage): Float {
        val grey = FloatArray(width * height) {
            val i = ((top + it / width) * image.width + left + it % width) * 3
            0.299f * image.byte(i) + 0.587f * image.byte(i + 1) + 0.114f * image.byte(i + 2)
        }
        var guide = Plane(width, height, 1, grey)
        if (shrink > 1) {
            val size = { length: Int -> maxOf(1, (length / shrink).roundToInt()) }
            guide = guide.resampled(Taps.area(width, size(width)), Taps.area(height, size(height)))
        }
        return (gain * (TEXTURE * guide.meanDeviation(reach)).coerceIn(LEAST, MOST)).toFloat()
    }

    companion object {
        private const val SMALLEST_SIDE = 64.0 // smaller squares hold too few pixels for the message
        private const val GUIDE_SIDE = 256 // where the picture's texture is measured

        // Root mean square in levels of 0 to 255: per level of texture, and its limits; for what an encoder takes part of it away.
        private const val TEXTURE = 0.2
        private const val LEAST = 1.4
        private const val MOST = 1.9
        private const val MOST_GAIN = 1.8 // of squares smaller than GUIDE_SIDE, which have fewer pixels to carry as many bits

        fun within(region: SquareCrop, width: Int, height: Int, message: MarkMessage): MarkedSquare? {
            val across = minOf(region.x + region.side, width.toDouble()) - maxOf(region.x, 0.0)
            val down = minOf(region.y + region.side, height.toDouble()) - maxOf(region.y, 0.0)
            if (minOf(across, down) < SMALLEST_SIDE) return null
            val (left, top) = maxOf(0, ceil(region.x).toInt()) to maxOf(0, ceil(region.y).toInt())
            val wide = minOf(width, floor(region.x + region.side).toInt()) - left
            val tall = minOf(height, floor(region.y + region.side).toInt()) - top
            return MarkedSquare(left, top, wide, tall, region, message)
        }
    }
}

/** Mean distance of the values from the mean of the (2 [reach] + 1)² around them; borders are mirrored. */
private fun Plane.meanDeviation(reach: Int): Double {
    fun mirror(at: Int, length: Int) = minOf(abs(at), 2 * (length - 1) - abs(at)).coerceAtLeast(0)
    val rows = FloatArray(values.size)
    for (y in 0 until height) {
        var sum = (-reach..reach).sumOf { values[y * width + mirror(it, width)].toDouble() }
        for (x in 0 until width) {
            rows[y * width + x] = sum.toFloat()
            sum += values[y * width + mirror(x + reach + 1, width)] - values[y * width + mirror(x - reach, width)]
        }
    }
    val count = (2 * reach + 1) * (2 * reach + 1)
    var total = 0.0
    for (x in 0 until width) {
        var sum = (-reach..reach).sumOf { rows[mirror(it, height) * width + x].toDouble() }
        for (y in 0 until height) {
            total += abs(values[y * width + x] - sum / count)
            sum += rows[mirror(y + reach + 1, height) * width + x] - rows[mirror(y - reach, height) * width + x]
        }
    }
    return total / values.size
}
