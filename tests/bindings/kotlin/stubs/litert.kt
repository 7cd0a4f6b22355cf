package com.google.ai.edge.litert

class LiteRtException(message: String) : Exception(message)

enum class Accelerator { CPU, GPU, NPU }

class TensorBuffer : AutoCloseable {
    fun writeFloat(data: FloatArray): Unit = TODO()
    fun readFloat(): FloatArray = TODO()
    override fun close(): Unit = TODO()
}

class CompiledModel : AutoCloseable {
    class CpuOptions(val numThreads: Int? = null)
    class Options(vararg val accelerators: Accelerator) {
        var cpuOptions: CpuOptions? = null
    }

    fun createInputBuffer(inputName: String, signature: String = ""): TensorBuffer = TODO()
    fun createOutputBuffer(outputName: String, signature: String = ""): TensorBuffer = TODO()
    fun run(inputs: Map<String, TensorBuffer>, outputs: Map<String, TensorBuffer>, signature: String = ""): Unit = TODO()
    override fun close(): Unit = TODO()

    companion object {
        fun create(filePath: String, options: Options): CompiledModel = TODO()
    }
}
