package monalive

import kotlin.math.abs
import kotlin.math.ceil
import kotlin.math.sqrt

/**
 * Where a crop of an eye or the mouth lies in a picture: its pixel (u, v) is at x = a u + b v + c, y = d u + e v + f, a pixel's
 * middle at + 0.5 in both. A crop is level with the face, so it may lie turned in the picture, and a right eye's is mirrored.
 */
internal class RegionPlace(val a: Double, val b: Double, val c: Double, val d: Double, val e: Double, val f: Double) {
    private val area = a * e - b * d

    /** Picture pixels per crop pixel. */
    val scale: Double get() = sqrt(abs(area))

    fun x(u: Double, v: Double): Double = a * u + b * v + c

    fun y(u: Double, v: Double): Double = d * u + e * v + f

    /** From the picture to the crop. */
    fun inverse() = RegionPlace(e / area, -b / area, (b * f - e * c) / area, -d / area, a / area, (d * c - a * f) / area)

    companion object {
        /** Six numbers from [at] on, a to f in units of a square crop, as a place in pixels of the crop's photo. */
        fun inPixels(units: FloatArray, at: Int, crop: SquareCrop): RegionPlace {
            fun pixels(index: Int) = units[at + index] * crop.side
            return RegionPlace(pixels(0), pixels(1), pixels(2) + crop.x, pixels(3), pixels(4), pixels(5) + crop.y)
        }
    }
}

/** No face is larger than this many picture pixels per crop pixel; beyond, pixels are left out. */
private const val MOST_SAMPLES = 64

/** How many samples, side by side, stand for [pixels] pixels when a picture is shrunk by that factor; at least 1. */
internal fun samplesAcross(pixels: Double): Int = ceil(pixels - 0.25).coerceIn(1.0, MOST_SAMPLES.toDouble()).toInt()

/**
 * The crop's pixels, [width] x [height]; what lies outside the picture repeats its border. Shrinking averages over the picture's
 * pixels.
 */
internal fun extractRegion(image: RgbImage, place: RegionPlace, width: Int, height: Int): RgbImage {
    val times = samplesAcross(place.scale)
    val crop = RgbImage(width, height)
    val colour = FloatArray(3)
    for (row in 0 until height) for (column in 0 until width) {
        colour.fill(0f)
        for (i in 0 until times * times) {
            val u = column + (i % times + 0.5) / times
            val v = row + (i / times + 0.5) / times
            image.add((place.x(u, v) - 0.5).toFloat(), (place.y(u, v) - 0.5).toFloat(), 1f / (times * times), colour)
        }
        crop.set((row * width + column) * 3, colour)
    }
    return crop
}
