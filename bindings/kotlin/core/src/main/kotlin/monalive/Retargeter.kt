package monalive

/**
 * Turns one driver's landmarks into one portrait's, as a stream. Call [start] first, then [step] for each frame.
 *
 * Relative motion is computed by the bundle's two retargeting graphs, so that every platform gets the same numbers; what
 * they learn of the driver goes out of one call and into the next. Absolute motion is the driver's landmarks in its own crop.
 *
 * @param portraitLandmarks 478 x 3 photo pixels.
 * @param portraitCrop the square whose units the result is in.
 */
internal class Retargeter(
    private val portraitLandmarks: FloatArray,
    portraitCrop: SquareCrop,
    private val networks: FaceNetworks,
    private val options: RetargetOptions,
) {
    private val known = mapOf(
        "portrait_landmarks" to portraitLandmarks,
        "crop" to floatArrayOf(portraitCrop.x.toFloat(), portraitCrop.y.toFloat(), portraitCrop.side.toFloat()),
        "gains" to FloatArray(Region.entries.size) { options.gain(Region.entries[it]).toFloat() },
    )
    private val filter =
        if (options.smooth && options.absolute) OneEuroFilter(1.2, 150.0, pool = MeanFace.neighbourAverage) else null
    private var state: Map<String, FloatArray>? = null
    private var driverCrop: SquareCrop? = null
    private var lastMs: Double? = null

    init { requireLandmarks(portraitLandmarks, "portrait") }

    /** Takes the driver's reference frame, with which motion begins; forgets any driver before. */
    fun start(driverLandmarks: FloatArray, driverWidth: Int, driverHeight: Int) {
        requireLandmarks(driverLandmarks, "driver")
        lastMs = null
        filter?.reset()
        if (options.absolute) {
            driverCrop = SquareCrop.forPortrait(driverLandmarks, driverWidth, driverHeight)
        } else {
            val rig = networks.retargetStart(known + ("driver_reference" to driverLandmarks))
            state = rig + FILTER_SIZES.mapValues { (_, size) -> FloatArray(size) }
        }
    }

    /**
     * The portrait's landmarks for one frame of the driver: 478 x 3 in units of the portrait's crop.
     *
     * @throws IllegalStateException [start] was not called.
     * @throws IllegalArgumentException landmarks of another size or with NaN; time that does not move forward.
     */
    fun step(driverLandmarks: FloatArray, timestampMs: Double): FloatArray {
        requireLandmarks(driverLandmarks, "driver")
        driverCrop?.let { crop -> return absolute(crop.toUnit(driverLandmarks), timestampMs) }
        val before = checkNotNull(state) { "call start() with the driver's first frame before step()" }
        val elapsed = if (options.smooth) timestampMs - (lastMs ?: timestampMs) else 0.0
        require(!options.smooth || lastMs == null || elapsed > 0) { "timestamps must increase: $timestampMs ms came after $lastMs ms" }
        lastMs = timestampMs
        val out = networks.retarget(
            known + before + mapOf("driver_landmarks" to driverLandmarks, "elapsed_ms" to floatArrayOf(elapsed.toFloat()))
        )
        state = before + out.filterKeys { it.startsWith(NEXT) }.mapKeys { it.key.removePrefix(NEXT) }
        return requireNotNull(out["landmarks"]) { "the retarget network gives no 'landmarks'" }
    }

    private fun absolute(moved: FloatArray, timestampMs: Double): FloatArray {
        val smooth = filter ?: return moved
        val values = smooth(DoubleArray(moved.size) { moved[it].toDouble() }, timestampMs)
        return FloatArray(values.size) { values[it].toFloat() }
    }

    private companion object {
        const val NEXT = "next_"

        // Filters of the smoothing begin with zeros.
        val FILTER_SIZES = mapOf(
            "movement_filter" to 12, "face_filter" to LANDMARK_COUNT * 3, "face_velocity" to LANDMARK_COUNT * 3,
            "closing_filter" to 4, "gaze_filter" to 4,
        )
    }
}

/** Decides whether a portrait takes over a driver's surroundings, and smooths them as a stream. */
internal class SurroundingsTransfer(private val options: RetargetOptions) {
    private val flow = OneEuroFilter(1.2, 150.0, coordinates = 2)
    private val known = OneEuroFilter(1.2, 3.0, coordinates = 1)

    /** Forgets any driver before. */
    fun start() {
        flow.reset()
        known.reset()
    }

    /** 16 x 16 x 3 as measured, or null; the same smoothed, or null if the portrait does not take it over. */
    fun step(surroundings: FloatArray?, timestampMs: Double): FloatArray? {
        if (surroundings == null || !options.takesSurroundings) return null
        if (!options.smooth) return surroundings
        val cells = SURROUNDINGS_COUNT / 3
        val moved = flow(DoubleArray(cells * 2) { surroundings[it / 2 * 3 + it % 2].toDouble() }, timestampMs)
        val seen = known(DoubleArray(cells) { surroundings[it * 3 + 2].toDouble() }, timestampMs)
        return FloatArray(SURROUNDINGS_COUNT) { (if (it % 3 == 2) seen[it / 3] else moved[it / 3 * 2 + it % 3]).toFloat() }
    }
}
