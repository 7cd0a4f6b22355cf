package monalive

import java.io.Closeable

/**
 * The face tracker whose networks are in a bundle: what an animator uses unless its options name another.
 *
 * @param bundle holds the parts "tracker_detector" and "tracker_landmarks"; "tracker_blendshapes" for single pictures that drive.
 * @param driverFace which of several faces its trackers follow.
 * @param runtime what runs them.
 */
class BundleTrackers(
    private val bundle: Bundle,
    private val driverFace: DriverFace,
    private val runtime: NetworkRuntime,
) : FaceTrackerFactory {
    /** Trackers that follow [DriverFace.Auto]. */
    constructor(bundle: Bundle, runtime: NetworkRuntime) : this(bundle, DriverFace.Auto, runtime)

    /** @throws IllegalArgumentException the bundle holds no tracker. One that cannot tell blendshapes finds faces without. */
    override fun create(maxFaces: Int, blendshapes: Boolean): FaceTracker {
        val expressions = if (blendshapes && BLENDSHAPES in bundle.parts) NamedNetwork(bundle, BLENDSHAPES, runtime) else null
        val detector = LevelFaceDetector(PictureNetwork(bundle, "tracker_detector", runtime))
        return LevelFaceTracker(detector, PictureNetwork(bundle, "tracker_landmarks", runtime), expressions, maxFaces, driverFace)
    }

    private companion object {
        const val BLENDSHAPES = "tracker_blendshapes"
    }
}

/** A network of a bundle that looks at one square picture. */
internal class PictureNetwork(bundle: Bundle, part: String, runtime: NetworkRuntime) : Closeable {
    private val port = requireNotNull(bundle.partManifest(part).inputs.singleOrNull { it.shape.size == 4 && it.shape[1] == it.shape[2] }) {
        "the bundle's part '$part' does not take one square picture; get the file again"
    }
    private val network = NamedNetwork(bundle, part, runtime)

    /** Pixels per side of what it looks at. */
    val side: Int get() = port.shape[1]

    /** @param picture [side] x [side]. */
    operator fun invoke(picture: RgbImage): Map<String, FloatArray> =
        network(mapOf(port.name to FloatArray(picture.rgb.size) { picture.byte(it) / 255f }))

    override fun close() = network.close()
}
