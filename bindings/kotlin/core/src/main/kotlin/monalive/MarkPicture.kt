package monalive

import kotlin.math.PI
import kotlin.math.cos
import kotlin.math.sqrt

internal const val PICTURE_BITS = 20
private const val SQUARE_SIZE = 64

/** Half waves across and down, and the mean of their strength in portraits, in units of the root mean square of all. */
private class Wave(val across: Int, val down: Int, val mean: Double)

private val WAVES = listOf(
    Wave(0, 1, -0.17), Wave(1, 0, 0.10), Wave(1, 1, 0.05), Wave(0, 2, -0.13), Wave(2, 0, 0.02),
    Wave(1, 2, -0.11), Wave(2, 1, 0.47), Wave(2, 2, 0.26), Wave(0, 3, 0.09), Wave(3, 0, -0.04),
    Wave(1, 3, 0.00), Wave(3, 1, -0.06), Wave(2, 3, 0.07), Wave(3, 2, 0.02), Wave(0, 4, 0.39),
    Wave(4, 0, 0.68), Wave(1, 4, -0.03), Wave(4, 1, 0.01), Wave(3, 3, -0.01), Wave(2, 4, -0.23),
)

/**
 * What a square of a picture shows: signs of the lowest waves of its brightness, the first wave's the highest bit.
 * `monalive.trust.mark_picture` compares them with the picture that a mark is found on.
 */
internal fun pictureBits(image: RgbImage, square: SquareCrop): Int {
    val picture = square.extract(image, SQUARE_SIZE)
    val grey = DoubleArray(SQUARE_SIZE * SQUARE_SIZE) {
        0.299 * picture.byte(3 * it) + 0.587 * picture.byte(3 * it + 1) + 0.114 * picture.byte(3 * it + 2)
    }
    val strengths = WAVES.map { wave ->
        grey.indices.sumOf { grey[it] * half(wave.across, it % SQUARE_SIZE) * half(wave.down, it / SQUARE_SIZE) }
    }
    val usual = sqrt(strengths.sumOf { it * it } / WAVES.size)
    return WAVES.indices.fold(0) { bits, i -> bits shl 1 or (if (strengths[i] >= WAVES[i].mean * usual) 1 else 0) }
}

private fun half(waves: Int, place: Int): Double = cos(PI * waves * (place + 0.5) / SQUARE_SIZE)
