package monalive

import kotlin.math.atan2
import kotlin.math.ceil
import kotlin.math.cos
import kotlin.math.floor
import kotlin.math.log2
import kotlin.math.sin

/** The square that the tracker's networks look at: the face level in it, pixel centres exact. */
internal object LevelCrop {
    /** Side of the region in face sizes (the longer side of the level box around the landmarks). */
    const val SCALE = 1.4
    private const val FOREHEAD = 10
    private const val CHIN = 152
    private const val LEFT_CORNER = 263 // outer eye corners of the person's left and right eye
    private const val RIGHT_CORNER = 33

    /**
     * Where the landmark network looks for the face of these landmarks (478 x 3, picture pixels).
     *
     * Its roll comes from the eye line and the line from chin to forehead together: in profile the eye corners fall on one
     * another and the second decides.
     */
    fun region(landmarks: FloatArray): RotatedSquare {
        fun between(from: Int, to: Int, axis: Int) = landmarks[to * 3 + axis].toDouble() - landmarks[from * 3 + axis]
        val angle = atan2(
            between(RIGHT_CORNER, LEFT_CORNER, 1) + between(CHIN, FOREHEAD, 0),
            between(RIGHT_CORNER, LEFT_CORNER, 0) - between(CHIN, FOREHEAD, 1),
        )
        val (c, s) = cos(angle) to sin(angle)
        var left = Double.POSITIVE_INFINITY; var right = Double.NEGATIVE_INFINITY
        var top = Double.POSITIVE_INFINITY; var bottom = Double.NEGATIVE_INFINITY
        for (i in landmarks.indices step 3) {
            val x = c * landmarks[i] + s * landmarks[i + 1]
            val y = c * landmarks[i + 1] - s * landmarks[i]
            left = minOf(left, x); right = maxOf(right, x)
            top = minOf(top, y); bottom = maxOf(bottom, y)
        }
        val (x, y) = (left + right) / 2 to (top + bottom) / 2
        return RotatedSquare(c * x - s * y, s * x + c * y, maxOf(right - left, bottom - top) * SCALE, angle)
    }

    /** The region resampled to [size] x [size]; shrinking averages over the picture's pixels. */
    fun extract(image: RgbImage, region: RotatedSquare, size: Int, border: Border = Border.REPEATED): RgbImage {
        val scale = region.side / size
        var source = image
        var (left, top) = 0 to 0
        var times = 1
        if (scale > 2) { // bilinear sampling alone reads 2 x 2 pixels: halve what is read until that is enough
            val reach = region.side * 0.75 // what a region can show
            times = 1 shl floor(log2(scale)).toInt()
            left = (region.x - reach).coerceIn(0.0, image.width - 1.0).toInt()
            top = (region.y - reach).coerceIn(0.0, image.height - 1.0).toInt()
            val right = ceil((region.x + reach).coerceIn(1.0, image.width.toDouble())).toInt()
            val bottom = ceil((region.y + reach).coerceIn(1.0, image.height.toDouble())).toInt()
            source = image.means(left, top, right, bottom, times)
        }
        val (c, s) = cos(region.angle) * scale / times to sin(region.angle) * scale / times
        val first = 0.5 / size // the crop's first pixel centre
        val x0 = (region.pictureX(first, first) - left) / times - 0.5
        val y0 = (region.pictureY(first, first) - top) / times - 0.5
        val result = RgbImage(size, size)
        val colour = FloatArray(3)
        for (row in 0 until size) for (column in 0 until size) {
            colour.fill(0f)
            source.add((x0 + c * column - s * row).toFloat(), (y0 + s * column + c * row).toFloat(), 1f, colour, border)
            result.set((row * size + column) * 3, colour)
        }
        return result
    }
}
