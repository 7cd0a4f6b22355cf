package monalive

/**
 * Turns one driver's landmarks into one portrait's, as a stream. Call [start] first, then [step] for each frame. All of it is
 * computed by the bundle's graphs, so that every platform gets the same numbers.
 *
 * @param portraitLandmarks 478 x 3 photo pixels.
 * @param portraitCrop the square whose units the result is in.
 */
internal class Retargeter(
    private val portraitLandmarks: FloatArray,
    private val portraitCrop: SquareCrop,
    private val networks: BundleNetworks,
    private val options: RetargetOptions,
) {
    private var stream: RetargetStream? = null
    private var glide: Glide? = null
    private var last: FloatArray? = null

    init { requireLandmarks(portraitLandmarks, "portrait") }

    /**
     * Takes the driver's reference frame, with which motion begins; forgets any driver before.
     *
     * @throws IllegalArgumentException landmarks of another size or with NaN, or to which no pose can be fitted.
     */
    fun start(driverLandmarks: FloatArray, driverWidth: Int, driverHeight: Int) {
        requireLandmarks(driverLandmarks, "driver")
        stream = null
        glide = null
        last = null
        stream = begun(driverLandmarks, driverWidth, driverHeight)
    }

    /**
     * Counts the motion from another face from now on; the result glides over and does not jump: after a cut from where the
     * portrait is, since what the driver did before says nothing of what it does now, otherwise from how the portrait would
     * have moved on.
     *
     * @throws IllegalStateException [start] was not called.
     * @throws IllegalArgumentException as for [start]; nothing has changed then.
     */
    fun restart(to: Anchoring, driverWidth: Int, driverHeight: Int) {
        val before = checkNotNull(stream) { "call start() with the driver's first frame before restart()" }
        requireLandmarks(to.landmarks, "driver")
        stream = begun(to.landmarks, driverWidth, driverHeight)
        glide = last?.let { Glide(it, if (to.afterCut) null else before, to.glideMs) }
    }

    /**
     * The portrait's landmarks for one frame of the driver: 478 x 3 in units of the portrait's crop (of the driver's crop, laid
     * over it, in absolute mode).
     *
     * @throws IllegalStateException [start] was not called.
     * @throws IllegalArgumentException landmarks of another size or with NaN, or to which no pose can be fitted; time that
     *   does not move forward.
     */
    fun step(driverLandmarks: FloatArray, timestampMs: Double): FloatArray {
        requireLandmarks(driverLandmarks, "driver")
        val moved = checkNotNull(stream) { "call start() with the driver's first frame before step()" }(driverLandmarks, timestampMs)
        val result = glide?.invoke(moved, driverLandmarks, timestampMs) ?: moved
        glide = glide?.takeUnless { it.over }
        last = result
        return result
    }

    private fun begun(reference: FloatArray, driverWidth: Int, driverHeight: Int): RetargetStream {
        if (!options.absolute) return relative(portraitLandmarks, portraitCrop, reference)
        val driverCrop = SquareCrop.forPortrait(reference, driverWidth, driverHeight)
        if (Region.entries.all { options.gain(it) == 1.0 }) {
            return RetargetStream(networks.absolute, mapOf("driver_crop" to square(driverCrop)), options.smooth)
        }
        // the driver's own first frame, moved in parts
        return relative(reference, driverCrop, reference, mapOf("limits" to NO_LIMITS))
    }

    /** Motion since [reference]; [instead] replaces what the start network gives. */
    private fun relative(
        portrait: FloatArray, crop: SquareCrop, reference: FloatArray, instead: Map<String, FloatArray> = emptyMap(),
    ): RetargetStream {
        val given = mapOf(
            "portrait_landmarks" to portrait,
            "crop" to square(crop),
            "gains" to FloatArray(Region.entries.size) { options.gain(Region.entries[it]).toFloat() },
        )
        val begun = networks.retargetStart(given + ("driver_reference" to reference))
        require(begun.values.all { it.all(Float::isFinite) }) { NO_POSE }
        return RetargetStream(networks.retarget, given + begun + instead, options.smooth)
    }

    private fun square(crop: SquareCrop) = floatArrayOf(crop.x.toFloat(), crop.y.toFloat(), crop.side.toFloat())

    private companion object {
        /** Lowest and highest turn, shift and growth: so wide that a Float cannot tell them from none. Of absolute motion. */
        val NO_LIMITS = FloatArray(12) { if (it < 6) -1e6f else 1e6f }
    }
}

/**
 * From one result to another, slowly at both ends.
 *
 * @param held the last result.
 * @param before what made it, to go on with meanwhile; null: the result is held.
 * @param durationMs how long it takes from the first frame on.
 */
private class Glide(private val held: FloatArray, private val before: RetargetStream?, private val durationMs: Double) {
    private var startMs: Double? = null
    var over = false
        private set

    operator fun invoke(made: FloatArray, driver: FloatArray, timestampMs: Double): FloatArray {
        val began = startMs ?: timestampMs.also { startMs = it }
        val done = minOf((timestampMs - began) / durationMs, 1.0)
        val share = (done * done * (3 - 2 * done)).toFloat()
        val old = before?.invoke(driver, timestampMs) ?: held
        over = done >= 1
        return FloatArray(made.size) { old[it] + share * (made[it] - old[it]) }
    }
}

/** Decides whether a portrait takes over a driver's surroundings, and smooths them as a stream. */
internal class SurroundingsTransfer(private val networks: BundleNetworks, private val options: RetargetOptions) {
    private var stream: RetargetStream? = null

    /** Forgets any driver before. */
    fun start() {
        stream = null
    }

    /** 16 x 16 x 3 as measured, or null; the same smoothed, or null if the portrait does not take it over. */
    fun step(surroundings: FloatArray?, timestampMs: Double): FloatArray? {
        if (surroundings == null || !options.takesSurroundings) return null
        val current = stream ?: RetargetStream(
            networks.background, emptyMap(), options.smooth, "measured_surroundings", "smoothed_surroundings",
        ).also { stream = it }
        return current(surroundings, timestampMs)
    }
}
