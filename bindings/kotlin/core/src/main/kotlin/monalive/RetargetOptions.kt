package monalive

/** Regions of the face that can be moved apart. */
enum class Region(val key: String) { POSE("pose"), EYES("eyes"), LIPS("lips"), BROWS("brows") }

/**
 * What of a driver's motion a portrait takes over.
 *
 * @property absolute take the driver's landmarks as they are, face shape included, instead of their change since the driver's
 *   first frame, and with the head let what is around it move as the driver's does. For reenactment of a person by
 *   themselves, and for tests.
 * @property smooth One-Euro smoothing of the result.
 * @property regions those that move; EYES includes the gaze, LIPS the jaw and cheeks.
 * @property gains strength per region, from 0 (still) over 1 (as the driver, the default) to 3.
 * @throws IllegalArgumentException a gain out of range.
 */
class RetargetOptions(
    val absolute: Boolean = false,
    val smooth: Boolean = true,
    val regions: Set<Region> = Region.entries.toSet(),
    val gains: Map<Region, Double> = emptyMap(),
) {
    init {
        for ((region, gain) in gains) {
            require(gain.isFinite() && gain in 0.0..MAX_GAIN) { "the gain of ${region.key} is $gain; it must be from 0 to 3" }
        }
    }

    /** Strength of a region: its gain, or 0 where it is switched off. */
    fun gain(region: Region): Double = if (region in regions) gains[region] ?: 1.0 else 0.0

    /** Whether what surrounds the head moves as the driver's does: only where the head itself moves just so. */
    internal val takesSurroundings: Boolean get() = absolute && gain(Region.POSE) == 1.0

    /** The same without smoothing. */
    internal fun unsmoothed() = RetargetOptions(absolute, smooth = false, regions, gains)

    companion object {
        const val MAX_GAIN = 3.0
    }
}
