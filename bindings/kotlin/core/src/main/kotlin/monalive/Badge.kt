package monalive

import kotlin.math.abs
import kotlin.math.hypot
import kotlin.math.roundToInt

/**
 * The visible badge, "AI" in the lower right corner: light letters on a dark rounded plate, readable on any background.
 *
 * @param width and [height] of the frames; where the badge does not fit, nothing is drawn.
 */
class Badge(private val width: Int, private val height: Int) {
    private val plateHeight = maxOf(SMALLEST, (minOf(width, height) * SHARE).roundToInt())
    private val plateWidth = (plateHeight * 1.5).roundToInt()
    private val left = width - (plateHeight * 0.4).roundToInt() - plateWidth
    private val top = height - (plateHeight * 0.4).roundToInt() - plateHeight
    private val cover = drawn(::onPlate)
    private val letters = drawn(::onLetters)

    /** A copy of a frame with the badge. */
    fun apply(image: RgbImage): RgbImage {
        require(image.width == width && image.height == height) { "the badge is for frames of $width x $height" }
        val badged = image.copy()
        if (left < 0 || top < 0) return badged
        for (y in 0 until plateHeight) for (x in 0 until plateWidth) {
            val at = y * plateWidth + x
            val colour = 20 + 235 * letters[at]
            for (c in 0..2) {
                val i = ((top + y) * width + left + x) * 3 + c
                val under = image.byte(i)
                badged.rgb[i] = (under + OPACITY * cover[at] * (colour - under)).roundToInt().toByte()
            }
        }
        return badged
    }

    /** How much of each pixel of the plate is covered, [0, 1]; places are in plate heights. */
    private fun drawn(covered: (Double, Double) -> Boolean): FloatArray = FloatArray(plateWidth * plateHeight) { pixel ->
        val (column, row) = pixel % plateWidth to pixel / plateWidth
        (0 until SAMPLES * SAMPLES).count { sample ->
            covered(
                (column + (sample % SAMPLES + 0.5) / SAMPLES) / plateHeight,
                (row + (sample / SAMPLES + 0.5) / SAMPLES) / plateHeight,
            )
        } / (SAMPLES * SAMPLES).toFloat()
    }

    private fun onPlate(x: Double, y: Double): Boolean {
        val beyondX = maxOf(RADIUS - x, x - (1.5 - RADIUS), 0.0)
        val beyondY = maxOf(RADIUS - y, y - (1 - RADIUS), 0.0)
        return hypot(beyondX, beyondY) <= RADIUS
    }

    private fun onLetters(x: Double, y: Double): Boolean {
        if (y < UPPER || y > LOWER) return false
        val down = (y - UPPER) / (LOWER - UPPER)
        val leg = abs(abs(x - A_CENTRE) - A_HALF_WIDTH * down) < STROKE * 0.55
        val bar = abs(y - (UPPER + 0.66 * (LOWER - UPPER))) < STROKE / 2 && abs(x - A_CENTRE) < A_HALF_WIDTH * down
        return leg || bar || abs(x - I_CENTRE) < STROKE / 2
    }

    private companion object {
        const val SHARE = 0.07 // its height, of the picture's shorter side
        const val SMALLEST = 14 // pixels
        const val OPACITY = 0.75f
        const val SAMPLES = 6
        const val RADIUS = 0.25
        const val UPPER = 0.22
        const val LOWER = 0.78
        const val STROKE = 0.11
        const val A_CENTRE = 0.6
        const val A_HALF_WIDTH = 0.22
        const val I_CENTRE = 1.08
    }
}
