package monalive

import java.io.Closeable

/**
 * What the animate network computes for a frame.
 *
 * @property flow h x h x 2, crop units, x then y: source position minus target position.
 * @property mask 256 x 256 in [0, 1]; 1 keeps the photo's own pixels.
 * @property painted 256 x 256 x 3 RGB in [0, 1].
 */
internal class NetworkFrame(val flow: FloatArray, val mask: FloatArray, val painted: FloatArray)

/** The networks of a bundle, loaded. Not to be called from two threads at once. */
internal class FaceNetworks(bundle: Bundle, runtime: NetworkRuntime) : Closeable {
    private val enroll = NamedNetwork(bundle, "enroll", runtime)
    private val animate = NamedNetwork(bundle, "animate", runtime)
    val retargetStart = NamedNetwork(bundle, "retarget_start", runtime)
    val retarget = NamedNetwork(bundle, "retarget", runtime)

    /** Computes what depends on the photo alone: the animate network's inputs that stay the same for every frame. */
    fun enroll(photo: RgbImage, landmarks: FloatArray, crop: SquareCrop): Map<String, FloatArray> {
        val picture = crop.extract(photo, NETWORK_SIZE)
        val inputs = mapOf(
            "photo" to FloatArray(picture.rgb.size) { picture.byte(it) / 255f },
            "source_landmarks" to inPlane(crop.toUnit(landmarks)),
        )
        return inputs + enroll(inputs)
    }

    /**
     * One frame.
     *
     * @param landmarks 478 x 3 wanted, in units of the photo's crop.
     * @param surroundings 16 x 16 x 3, how what is around the face moved; null for unknown, and the network guesses.
     */
    fun animate(portrait: Portrait, landmarks: FloatArray, surroundings: FloatArray?): NetworkFrame {
        val moving = mapOf(
            "target_landmarks" to inPlane(landmarks),
            "surroundings" to (surroundings ?: FloatArray(SURROUNDINGS_COUNT)),
        )
        val out = animate(portrait.inputs + moving)
        fun output(name: String) = requireNotNull(out[name]) { "the animate network gives no '$name'" }
        val painted = output("painted").copyOf()
        if (portrait.isBlackAndWhite) grey(painted) // what it paints into a black-and-white photo is black and white, too
        return NetworkFrame(output("flow"), output("mask"), painted)
    }

    override fun close() = listOf(enroll, animate, retargetStart, retarget).forEach(NamedNetwork::close)

    private fun grey(rgb: FloatArray) {
        for (i in rgb.indices step 3) rgb.fill((rgb[i] + rgb[i + 1] + rgb[i + 2]) / 3, i, i + 3)
    }
}
