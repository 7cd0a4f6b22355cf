package monalive.android

import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.LiteRtException
import com.google.ai.edge.litert.TensorBuffer
import monalive.Network
import monalive.NetworkRuntime
import monalive.PartManifest
import monalive.Port
import java.io.File
import java.io.FileOutputStream
import java.nio.ByteBuffer

/**
 * Runs a bundle's networks on LiteRT's CompiledModel.
 *
 * LiteRT loads from files: each part is written once to [cache], under its hash.
 *
 * @param cache a folder of the app's own, `context.codeCacheDir`.
 * @param accelerator CPU, or GPU and NPU for the networks that draw, `enroll` and `animate` of the whole picture, eyes and mouth
 *   (use a bundle in fp16 or fp32 there); retargeting is always on the CPU, where it takes a fraction of a millisecond.
 * @param numThreads CPU threads per network.
 */
class LiteRtRuntime(
    private val cache: File,
    private val accelerator: Accelerator = Accelerator.CPU,
    private val numThreads: Int = 2,
) : NetworkRuntime {
    init { require(numThreads in 1..64) { "numThreads must be from 1 to 64, not $numThreads" } }

    override fun load(content: ByteBuffer, part: PartManifest): Network {
        require(part.format == "tflite") { "LiteRT runs tflite files; the part '${part.name}' is ${part.format}: use the LiteRT bundle" }
        val own = if (part.name in ACCELERATED) accelerator else Accelerator.CPU
        val options = CompiledModel.Options(own).apply { cpuOptions = CompiledModel.CpuOptions(numThreads = numThreads) }
        try {
            return LiteRtNetwork(CompiledModel.create(written(content, part).path, options), part)
        } catch (error: LiteRtException) {
            throw IllegalArgumentException("the part '${part.name}' cannot be loaded on $own: ${error.message}", error)
        }
    }

    private fun written(content: ByteBuffer, part: PartManifest): File {
        val file = File(cache, "${part.name}-${part.sha256}.tflite")
        if (file.length() == content.remaining().toLong()) return file
        val unfinished = File.createTempFile(part.name, ".unfinished", cache)
        FileOutputStream(unfinished).channel.use { channel -> while (content.hasRemaining()) channel.write(content) }
        check(unfinished.renameTo(file)) { "$file cannot be written; is the storage full?" }
        return file
    }

    private companion object {
        val ACCELERATED = listOf("", "_eye", "_mouth").flatMap { listOf("enroll$it", "animate$it") }.toSet()
    }
}

private class LiteRtNetwork(private val model: CompiledModel, part: PartManifest) : Network {
    private val inputs: Map<String, TensorBuffer> = part.inputs.named { model.createInputBuffer(it) }
    private val outputs: Map<String, TensorBuffer> = part.outputs.named { model.createOutputBuffer(it) }

    override fun run(inputs: Map<String, FloatArray>): Map<String, FloatArray> {
        for ((name, values) in inputs) this.inputs.getValue(name).writeFloat(values)
        model.run(this.inputs, outputs)
        return outputs.mapValues { (_, buffer) -> buffer.readFloat() }
    }

    override fun close() {
        (inputs.values + outputs.values).forEach { it.close() }
        model.close()
    }

    private fun List<Port>.named(buffer: (String) -> TensorBuffer) = associate { it.name to buffer(it.name) }
}
