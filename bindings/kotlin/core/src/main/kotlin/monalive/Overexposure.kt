package monalive

import kotlin.math.pow
import kotlin.math.roundToInt

/** Pictures that are white in large parts: toned down, what is left of a face in them is seen again. */
internal object Overexposure {
    /** So much of the picture must be at the upper end of a channel. */
    private const val WHITE_LEVEL = 250
    private const val WHITE_SHARE = 0.25

    /** Samples each way, spread over the picture. */
    private const val SAMPLES = 64

    /** The cube of each level. */
    private val TONED = ByteArray(256) { (255 * (it / 255.0).pow(3)).roundToInt().toByte() }

    /** Whether a quarter of the picture is at the upper end of a channel. */
    fun isIn(image: RgbImage): Boolean {
        var white = 0
        for (v in 0 until SAMPLES) for (u in 0 until SAMPLES) {
            val pixel = ((v + 0.5) * image.height / SAMPLES).toInt() * image.width + ((u + 0.5) * image.width / SAMPLES).toInt()
            if ((0..2).any { image.byte(pixel * 3 + it) >= WHITE_LEVEL }) white++
        }
        return white >= WHITE_SHARE * SAMPLES * SAMPLES
    }

    /** The picture with the cube of its levels. */
    fun tonedDown(image: RgbImage) = RgbImage(image.width, image.height, ByteArray(image.rgb.size) { TONED[image.byte(it)] })
}
