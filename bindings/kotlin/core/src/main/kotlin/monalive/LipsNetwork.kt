package monalive

import java.io.Closeable
import kotlin.math.roundToInt

/**
 * The network that tells from sound what a mouth does: one window of sound, one set of coefficients. It keeps nothing from call to
 * call. Not to be called from two threads at once.
 *
 * @property names of the coefficients, some of [Blendshapes]; 0 is the face at rest.
 * @property before samples of the window before the moment that is asked for.
 * @property after samples of the window after it.
 */
class LipsNetwork internal constructor(private val network: Closeable, manifest: Any?, private val run: (FloatArray) -> FloatArray) : Closeable {
    val names: List<String>
    val before: Int
    val after: Int

    init {
        val rate: Double
        try {
            val fields = Fields(manifest)
            names = fields.list("coefficients").map { it.toString() }
            rate = fields.number("sample_rate")
            before = (fields.number("before_ms") * SAMPLE_RATE / 1000).roundToInt()
            after = (fields.number("after_ms") * SAMPLE_RATE / 1000).roundToInt()
        } catch (error: IllegalArgumentException) {
            throw IllegalArgumentException("the bundle's part '$PART' does not say what it takes and gives (${error.message})", error)
        }
        require(rate == SAMPLE_RATE.toDouble() && before >= 0 && after >= 0 && window > 0) {
            "the bundle's part '$PART' takes sound in a form that this version does not know; update monalive"
        }
    }

    /** Samples that it takes. */
    val window: Int get() = before + after

    /**
     * The coefficients of one window of sound: mono, [SAMPLE_RATE] samples a second, in -1..1.
     *
     * @throws IllegalArgumentException a window of another length.
     */
    fun shape(sound: FloatArray): FloatArray {
        require(sound.size == window) { "a window of sound has $window samples, not ${sound.size}" }
        return run(sound)
    }

    /** The coefficients at moments of a sound, in seconds from its beginning; before and after it there is silence. */
    fun shapes(samples: FloatArray, seconds: DoubleArray): List<FloatArray> = seconds.map { moment ->
        val first = (moment * SAMPLE_RATE).roundToInt() - before // of the window, in the sound
        shape(FloatArray(window) { samples.getOrElse(first + it) { 0f } })
    }

    override fun close() = network.close()

    companion object {
        const val SAMPLE_RATE = 16000
        private const val PART = "speech"

        /**
         * From a bundle with the part `speech`.
         *
         * @throws IllegalArgumentException it has no such part, or one that cannot be used.
         */
        @JvmStatic
        fun load(bundle: Bundle, runtime: NetworkRuntime): LipsNetwork {
            val network = NamedNetwork(bundle, PART, runtime)
            val manifest = Fields(bundle.manifest["parts"]).all[PART]
            return LipsNetwork(network, manifest) { sound -> network(mapOf("sound" to sound)).getValue("coefficients") }
        }
    }
}
