package monalive

import java.io.Closeable
import java.nio.ByteBuffer

/** One loaded network of a bundle. Not to be called from two threads at once. */
interface Network : Closeable {
    /** Runs it: float arrays by the manifest's names in and out. */
    fun run(inputs: Map<String, FloatArray>): Map<String, FloatArray>
}

/** What runs networks: LiteRT on Android (`LiteRtRuntime`), anything else in tests. */
fun interface NetworkRuntime {
    /**
     * @param content the network's file, mapped into memory; read-only.
     * @param part its entry in the bundle's manifest: names, tensors and shapes.
     * @throws IllegalArgumentException the network cannot be loaded.
     */
    fun load(content: ByteBuffer, part: PartManifest): Network
}

/** A network that checks what it is given by the manifest. Inputs it does not have are passed over. */
internal class NamedNetwork(bundle: Bundle, private val part: String, runtime: NetworkRuntime) : Closeable {
    val manifest = bundle.partManifest(part)
    private val network = runtime.load(bundle.parts.getValue(part).duplicate(), manifest)

    /**
     * Float arrays by name in and out; `getValue` of a name that the network does not give says so.
     *
     * @throws IllegalArgumentException an input is missing or of another size.
     */
    operator fun invoke(inputs: Map<String, FloatArray>): Map<String, FloatArray> {
        val taken = manifest.inputs.associate { port ->
            val values = inputs[port.name]
            require(values != null && (port.shape.isEmpty() || values.size == port.count)) {
                "the bundle's part '$part' takes '${port.name}' of shape ${port.shape}, got ${values?.size ?: "no"} numbers"
            }
            port.name to values
        }
        return network.run(taken).withDefault { throw IllegalArgumentException("the bundle's part '$part' gives no '$it'; get the file again") }
    }

    override fun close() = network.close()
}
