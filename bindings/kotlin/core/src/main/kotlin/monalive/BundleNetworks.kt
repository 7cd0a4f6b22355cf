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

/**
 * The networks of a bundle; retargeting's are loaded when they are first needed. Not to be called from two threads at once.
 *
 * @throws IllegalArgumentException the bundle lacks one of them, or one cannot be loaded; it has networks of eyes and mouth, but
 *   not all of them.
 */
internal class BundleNetworks(private val bundle: Bundle, private val runtime: NetworkRuntime) : Closeable {
    init { RETARGETING.forEach(bundle::partManifest) }

    private val loaded = mutableListOf<NamedNetwork>()
    private val enroll = load("enroll")
    private val animate = load("animate")

    /** Those of eyes and mouth; null where the bundle has none. */
    val regions = RegionNetworks.of(bundle, ::load)

    /** Ties a portrait to a driver's reference frame. */
    val retargetStart by lazy { load("retarget_start") }

    /** Relative motion, once per frame. */
    val retarget by lazy { load("retarget") }

    /** Absolute motion, once per frame. */
    val absolute by lazy { load("retarget_absolute") }

    /** Smooths the flow measured around the driver's face, once per frame. */
    val background by lazy { load("background_flow") }
    private val imageMode by lazy { load("image_mode") }

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
        val painted = out.getValue("painted")
        if (portrait.isBlackAndWhite) withoutColour(painted) // what it paints into a black-and-white photo is black and white, too
        return NetworkFrame(out.getValue("flow"), out.getValue("mask"), painted)
    }

    /**
     * What stands for a driver of whom there is one picture only, a face of average shape in its place: 478 x 3 at rest, looking
     * at the camera, to give to `Retargeter.start`, and with the driver's expression and pose, to give to `Retargeter.step`.
     *
     * @throws IllegalArgumentException no blendshapes, or landmarks to which no pose can be fitted.
     */
    fun asMeanFace(driver: Face): Pair<FloatArray, FloatArray> {
        val scores = requireNotNull(driver.blendshapes) { "the tracker gives no blendshapes; animate() needs them" }
        val made = imageMode(mapOf("driver_landmarks" to driver.landmarks, "blendshapes" to scores))
        val moved = made.getValue("mean_face_landmarks")
        require(moved.all(Float::isFinite)) { NO_POSE }
        return made.getValue("mean_face_reference") to moved
    }

    override fun close() = loaded.forEach(NamedNetwork::close)

    private fun load(part: String) = NamedNetwork(bundle, part, runtime).also(loaded::add)

    private companion object {
        val RETARGETING = listOf("retarget_start", "retarget", "retarget_absolute", "background_flow", "image_mode")
    }
}
