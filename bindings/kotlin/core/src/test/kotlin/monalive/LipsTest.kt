package monalive

import java.io.Closeable
import java.io.File
import kotlin.math.PI
import kotlin.math.cos
import kotlin.math.sin

/** The lips' network: what it sees for which moment, and what the packaged one gives. */
internal class LipsTest(golden: Golden, private val root: File, private val networks: PythonNetworks) {
    private val speech = golden.json("speech.json").fields
    private val nothing = Closeable {}

    val all: Map<String, () -> Unit> = mapOf(
        "lips_windows" to ::windows,
        "lips_refused" to ::refused,
        "lips_network" to ::network,
    )

    private fun echoing(manifest: Any?) =
        LipsNetwork(nothing, manifest) { window -> floatArrayOf(window[0], window[8320], window.last()) }

    private fun windows() {
        val lips = echoing(speech.any("manifest"))
        check(listOf(lips.before, lips.after, lips.window) == listOf(8320, 1920, 10240)) { "another window" }
        check(lips.names == listOf("first", "here", "last")) { "other names" }
        val windows = speech.fields("windows")
        val samples = FloatArray(windows.number("samples").toInt()) { it + 1f }
        val found = lips.shapes(samples, numbers(windows.list("seconds")))
        near(found.flatMap { it.toList() }.toFloatArray(), numbers(windows.list("shapes")), 0.0, "windows")
        check(errorOf { lips.shape(FloatArray(10)) }.first == "ValueError") { "a short window is taken" }
    }

    private fun refused() {
        val manifest = speech.fields("manifest").all
        for (change in speech.list("refused") + listOf(manifest.mapValues { null })) {
            val (kind, said) = errorOf { echoing(manifest + change.fields.all) }
            check(kind == "ValueError" && "part 'speech'" in said.orEmpty()) { "$change: $kind $said" }
        }
        val bundle = Bundle.load(File(root, "sdk/monalive/assets/default.bundle"))
        check("no part 'speech'" in errorOf { LipsNetwork.load(bundle) { _, _ -> error("it is loaded") } }.second.orEmpty()) { "no part" }
    }

    private fun network() {
        val file = File(root, "sdk/monalive/assets/speech.bundle")
        val wanted = speech.fields("network")
        val sound = wanted.fields("sound")
        val (pitch, syllables, level) = listOf("pitch_hz", "syllables_hz", "level").map(sound::number)
        val samples = FloatArray(sound.number("samples").toInt()) { i ->
            val time = i.toDouble() / LipsNetwork.SAMPLE_RATE
            (level * (0.5 - 0.5 * cos(2 * PI * syllables * time)) * sin(2 * PI * pitch * time)).toFloat()
        }
        LipsNetwork.load(Bundle.load(file), networks.of(file)).use { lips ->
            check(lips.names == wanted.list("names")) { "other names" }
            val found = lips.shapes(samples, numbers(wanted.list("seconds")))
            near(found.flatMap { it.toList() }.toFloatArray(), numbers(wanted.list("shapes")), 1e-3, "coefficients")
        }
    }
}
