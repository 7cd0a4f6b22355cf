package monalive

import kotlin.math.atan2
import kotlin.math.cos
import kotlin.math.floor
import kotlin.math.log2
import kotlin.math.round
import kotlin.math.sin

/** The square that the tracker's networks look at: the face level in it, pixel centres exact. */
internal object LevelCrop {
    /** Side of the region in face sizes (the longer side of the level box around the landmarks). */
    const val SCALE = 1.4
    private const val FOREHEAD = 10
    private const val CHIN = 152
    private const val LEFT_CORNER = 263 // outer eye corners of the person's left and right eye
    private const val RIGHT_CORNER = 33

    /** What lies outside the picture. */
    enum class Border { REPEATED, BLACK }

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
        var part = Part(0, 0, image.width, image.height)
        var pixels = image
        if (scale > 2) { // bilinear sampling alone reads 2 x 2 pixels: halve what is read until that is enough
            part = Part.around(region, image)
            pixels = part.smaller(image, 1 shl floor(log2(scale)).toInt())
        }
        val fx = pixels.width.toDouble() / part.width
        val fy = pixels.height.toDouble() / part.height
        val (c, s) = cos(region.angle) * scale to sin(region.angle) * scale
        val first = 0.5 / size // the crop's first pixel centre
        val x0 = (region.pictureX(first, first) - part.left) * fx - 0.5
        val y0 = (region.pictureY(first, first) - part.top) * fy - 0.5
        val result = RgbImage(size, size)
        for (row in 0 until size) for (column in 0 until size) {
            val at = (row * size + column) * 3
            sample(pixels, x0 + (c * column - s * row) * fx, y0 + (s * column + c * row) * fy, border, result.rgb, at)
        }
        return result
    }

    /** One pixel between four. */
    private fun sample(image: RgbImage, u: Double, v: Double, border: Border, result: ByteArray, at: Int) {
        val left = floor(u).toInt()
        val top = floor(v).toInt()
        val across = (u - left).toFloat()
        val down = (v - top).toFloat()
        var red = 0.5f; var green = 0.5f; var blue = 0.5f
        for (y in top..top + 1) for (x in left..left + 1) {
            val row = y.coerceIn(0, image.height - 1)
            val column = x.coerceIn(0, image.width - 1)
            if (border == Border.BLACK && (x != column || y != row)) continue
            val share = (if (y == top) 1 - down else down) * (if (x == left) 1 - across else across)
            val pixel = (row * image.width + column) * 3
            red += share * image.byte(pixel)
            green += share * image.byte(pixel + 1)
            blue += share * image.byte(pixel + 2)
        }
        result[at] = red.toInt().toByte()
        result[at + 1] = green.toInt().toByte()
        result[at + 2] = blue.toInt().toByte()
    }
}

/** An upright part of a picture. */
private class Part(val left: Int, val top: Int, val width: Int, val height: Int) {
    /** The part, about [factor] times smaller. */
    fun smaller(image: RgbImage, factor: Int): RgbImage {
        val values = FloatArray(width * height * 3)
        for (row in 0 until height) {
            val from = ((top + row) * image.width + left) * 3
            for (i in 0 until width * 3) values[row * width * 3 + i] = image.byte(from + i).toFloat()
        }
        fun shrunk(length: Int) = maxOf(1, round(length.toDouble() / factor).toInt())
        val plane = Plane(width, height, 3, values).resampled(Taps.area(width, shrunk(width)), Taps.area(height, shrunk(height)))
        val result = RgbImage(plane.width, plane.height)
        for (i in plane.values.indices) result.rgb[i] = minOf(plane.values[i] + 0.5f, 255f).toInt().toByte()
        return result
    }

    companion object {
        /** What a region can show. */
        fun around(region: RotatedSquare, image: RgbImage): Part {
            val reach = region.side * 0.75
            fun low(centre: Double, length: Int) = (centre - reach).coerceIn(0.0, length - 1.0).toInt()
            fun high(centre: Double, length: Int) = minOf((centre + reach).coerceIn(1.0, length.toDouble()).toInt() + 1, length)
            val (left, top) = low(region.x, image.width) to low(region.y, image.height)
            return Part(left, top, maxOf(high(region.x, image.width) - left, 1), maxOf(high(region.y, image.height) - top, 1))
        }
    }
}
