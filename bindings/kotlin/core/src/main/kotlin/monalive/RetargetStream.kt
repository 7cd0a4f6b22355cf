package monalive

/** What the graphs' NaN means. */
internal const val NO_POSE = "the points of the face coincide or lie on a line; no pose can be fitted to them"

/**
 * A graph of the bundle that runs once per frame of one driver; what it gives as `next_X` is its `X` of the next frame.
 *
 * @param given its inputs that the driver's frames do not bring; states that are not given begin as zeros.
 * @param smooth whether the filters in it are told how much time passes; if not, they let every frame through.
 * @param takes name of the input that a frame brings.
 * @param gives name of the output that is the frame's result.
 */
internal class RetargetStream(
    private val network: NamedNetwork,
    given: Map<String, FloatArray>,
    private val smooth: Boolean,
    private val takes: String = "driver_landmarks",
    private val gives: String = "landmarks",
) {
    private val states = network.manifest.outputs.filter { it.name.startsWith(NEXT) }.associateBy { it.name.removePrefix(NEXT) }
    private var values = states.mapValues { (_, port) -> FloatArray(port.count) } + given
    private var lastMs: Double? = null

    /** @throws IllegalArgumentException time that does not move forward, or landmarks to which no pose can be fitted. */
    operator fun invoke(frame: FloatArray, timestampMs: Double): FloatArray {
        val elapsed = if (smooth) timestampMs - (lastMs ?: timestampMs) else 0.0
        require(!smooth || lastMs == null || elapsed > 0) { "timestamps must increase: $timestampMs ms came after $lastMs ms" }
        val out = network(values + mapOf(takes to frame, "elapsed_ms" to floatArrayOf(elapsed.toFloat())))
        val result = out.getValue(gives)
        require(result.all(Float::isFinite)) { NO_POSE }
        values = values + states.mapValues { (_, port) -> out.getValue(port.name) }
        lastMs = timestampMs
        return result
    }

    private companion object {
        const val NEXT = "next_"
    }
}
