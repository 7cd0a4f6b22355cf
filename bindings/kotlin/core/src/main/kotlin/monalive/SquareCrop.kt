package monalive

import kotlin.math.floor
import kotlin.math.log2
import kotlin.math.round

/** An axis-aligned square in photo pixels (x right, y down): what the networks see. It may reach outside the photo. */
data class SquareCrop(val x: Double, val y: Double, val side: Double) {
    /** Photo pixels (x, y, z in turn) to crop units: [0, 1] inside the square; z is divided by the side. */
    fun toUnit(points: FloatArray): FloatArray = FloatArray(points.size) { ((points[it] - origin(it % 3)) / side).toFloat() }

    /** Crop units (x, y, z in turn) to photo pixels: the inverse of [toUnit]. */
    fun toPixels(points: FloatArray): FloatArray = FloatArray(points.size) { (points[it] * side + origin(it % 3)).toFloat() }

    /**
     * The crop resampled to [size] x [size]; what lies outside the photo repeats its border.
     *
     * Shrinking averages over the source pixels, so that fine hair does not alias.
     */
    fun extract(image: RgbImage, size: Int): RgbImage {
        val scale = side / size
        if (scale == 1.0 && x == 0.0 && y == 0.0 && image.width == size && image.height == size) return image.copy()
        // Bilinear sampling alone reads 2x2 pixels: halve the photo until that is enough.
        val shrink = if (scale > 2.0) 1 shl floor(log2(scale)).toInt() else 1
        val small = if (shrink == 1) image else halved(image, shrink)
        val fx = small.width.toDouble() / image.width
        val fy = small.height.toDouble() / image.height
        val result = RgbImage(size, size)
        val across = Taps.atPlaces(small.width, size) { (x + (it + 0.5) * scale) * fx - 0.5 }
        val down = Taps.atPlaces(small.height, size) { (y + (it + 0.5) * scale) * fy - 0.5 }
        for (row in 0 until size) for (column in 0 until size) for (c in 0 until 3) {
            var value = 0.5f
            for (v in 0..1) for (u in 0..1) {
                val pixel = (down.cell(row, v) * small.width + across.cell(column, u)) * 3 + c
                value += down.weights[row][v] * across.weights[column][u] * small.byte(pixel)
            }
            result.rgb[(row * size + column) * 3 + c] = value.toInt().toByte()
        }
        return result
    }

    private fun halved(image: RgbImage, times: Int): RgbImage {
        val width = maxOf(1, round(image.width.toDouble() / times).toInt())
        val height = maxOf(1, round(image.height.toDouble() / times).toInt())
        return image.means(0, 0, minOf(width * times, image.width), minOf(height * times, image.height), times)
    }

    private fun origin(axis: Int): Double = when (axis) { 0 -> x; 1 -> y; else -> 0.0 }

    companion object {
        private const val CROP_FACE_SIZES = 1.9
        private const val CROP_RISE = 0.06
        private const val WHOLE_PICTURE_SLACK = 1.35

        /**
         * The square to animate, chosen from a face's landmarks: about twice the face's size with room above for the hair,
         * moved to lie inside the photo where that is possible, and the photo's largest square when the photo is hardly larger.
         *
         * @param landmarks 478 x 3, photo pixels.
         */
        @JvmStatic
        fun forPortrait(landmarks: FloatArray, imageWidth: Int, imageHeight: Int): SquareCrop {
            requireLandmarks(landmarks, "portrait")
            var left = landmarks[0]; var right = left
            var top = landmarks[1]; var bottom = top
            for (i in 0 until MESH_COUNT * 3 step 3) {
                left = minOf(left, landmarks[i]); right = maxOf(right, landmarks[i])
                top = minOf(top, landmarks[i + 1]); bottom = maxOf(bottom, landmarks[i + 1])
            }
            val wanted = maxOf(right - left, bottom - top) * CROP_FACE_SIZES
            val shorter = minOf(imageWidth, imageHeight)
            val side = if (shorter <= wanted * WHOLE_PICTURE_SLACK) shorter.toDouble() else wanted
            val x = ((left + right) / 2.0 - side / 2).coerceIn(0.0, imageWidth - side)
            val y = ((top + bottom) / 2.0 - side / 2 - CROP_RISE * side).coerceIn(0.0, imageHeight - side)
            return SquareCrop(x, y, side)
        }
    }
}
