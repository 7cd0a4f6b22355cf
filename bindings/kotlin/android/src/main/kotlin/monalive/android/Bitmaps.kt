package monalive.android

import android.graphics.Bitmap
import monalive.RgbImage

/** A bitmap as the SDK's picture; transparent pixels are put over white. */
fun Bitmap.toRgbImage(): RgbImage {
    val pixels = IntArray(width * height)
    val plain = if (config == Bitmap.Config.ARGB_8888) this else copy(Bitmap.Config.ARGB_8888, false)
    plain.getPixels(pixels, 0, width, 0, 0, width, height)
    val rgb = ByteArray(pixels.size * 3)
    for (i in pixels.indices) {
        val alpha = pixels[i] ushr 24
        for (c in 0..2) {
            val value = (pixels[i] shr (16 - 8 * c)) and 0xFF
            rgb[i * 3 + c] = ((value * alpha + 255 * (255 - alpha)) / 255).toByte()
        }
    }
    return RgbImage(width, height, rgb)
}

/** A picture as a bitmap, to be shown. */
fun RgbImage.toBitmap(): Bitmap {
    val pixels = IntArray(width * height) { i ->
        (0xFF shl 24) or ((rgb[i * 3].toInt() and 0xFF) shl 16) or ((rgb[i * 3 + 1].toInt() and 0xFF) shl 8) or (rgb[i * 3 + 2].toInt() and 0xFF)
    }
    return Bitmap.createBitmap(pixels, width, height, Bitmap.Config.ARGB_8888)
}
