package monalive

import java.io.ByteArrayOutputStream
import java.io.Closeable
import java.io.DataInputStream
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import javax.imageio.ImageIO
import kotlin.math.abs
import kotlin.math.log10

/** The folder with the golden vectors, and how near a result comes to them. */
internal class Golden(private val folder: File) {
    fun json(name: String): Any? = Json.parse(File(folder, name).readText())

    fun file(name: String) = File(folder, "files/$name")

    fun picture(name: String): RgbImage {
        val read = ImageIO.read(File(folder, name))
        val image = RgbImage(read.width, read.height)
        val last = read.raster.numBands - 1 // the raster's own values: getRGB would bend grey ones
        for (y in 0 until read.height) for (x in 0 until read.width) for (c in 0..2) {
            image.rgb[(y * read.width + x) * 3 + c] = read.raster.getSample(x, y, minOf(c, last)).toByte()
        }
        return image
    }

    /** A grey picture as numbers in [0, 1]. */
    fun mask(name: String): FloatArray = picture(name).let { image -> FloatArray(image.width * image.height) { image.byte(it * 3) / 255f } }

    fun colours(name: String): FloatArray = picture(name).let { image -> FloatArray(image.rgb.size) { image.byte(it) / 255f } }
}

internal val Any?.fields: Fields get() = Fields(this)
internal val Any?.items: List<Any?> get() = this as List<Any?>
internal val Any?.number: Double get() = this as Double

/** Nested lists of numbers as one array. */
internal fun numbers(value: Any?): DoubleArray {
    val all = ArrayList<Double>()
    fun add(item: Any?) { if (item is List<*>) item.forEach(::add) else all.add(item as Double) }
    add(value)
    return all.toDoubleArray()
}

internal fun floats(value: Any?): FloatArray = numbers(value).let { all -> FloatArray(all.size) { all[it].toFloat() } }

internal fun crop(value: Any?): SquareCrop = value.fields.let { SquareCrop(it.number("x"), it.number("y"), it.number("side")) }

internal fun flow(value: Any?): FloatArray = value.fields.let { flow ->
    floats(flow.any("levels")).also { levels -> for (i in levels.indices) levels[i] *= flow.number("step").toFloat() }
}

internal fun near(actual: DoubleArray, wanted: DoubleArray, tolerance: Double, what: String) {
    check(actual.size == wanted.size) { "$what: ${actual.size} numbers, not ${wanted.size}" }
    val worst = actual.indices.maxByOrNull { abs(actual[it] - wanted[it]) } ?: return
    check(abs(actual[worst] - wanted[worst]) <= tolerance) { "$what: number $worst is ${actual[worst]}, not ${wanted[worst]}" }
}

internal fun near(actual: FloatArray, wanted: DoubleArray, tolerance: Double, what: String) =
    near(DoubleArray(actual.size) { actual[it].toDouble() }, wanted, tolerance, what)

/** Signal to noise ratio in dB. */
internal fun psnr(actual: RgbImage, wanted: RgbImage): Double {
    check(actual.width == wanted.width && actual.height == wanted.height) { "another size" }
    val squared = actual.rgb.indices.sumOf { (actual.byte(it) - wanted.byte(it)).let { d -> (d * d).toDouble() } } / actual.rgb.size
    return if (squared == 0.0) 99.0 else 10 * log10(255 * 255 / squared)
}

internal fun alike(actual: RgbImage, wanted: RgbImage, decibels: Double, what: String) {
    val measured = psnr(actual, wanted)
    check(measured >= decibels) { "$what: %.1f dB, not %.0f".format(measured, decibels) }
}

/** The Python name of the error that [block] throws, or null. */
internal fun errorOf(block: () -> Unit): Pair<String?, String?> = try {
    block()
    null to null
} catch (error: IllegalArgumentException) {
    "ValueError" to error.message
} catch (error: IllegalStateException) {
    "RuntimeError" to error.message
} catch (error: java.io.FileNotFoundException) {
    "FileNotFoundError" to error.message
}

/** The bundle's networks, run by a Python process beside this one: this machine has no LiteRT for the JVM. */
internal class PythonNetworks(python: String, script: File) : Closeable {
    private val process = ProcessBuilder(python, script.path).redirectError(ProcessBuilder.Redirect.INHERIT).start()
    private val answers = DataInputStream(process.inputStream.buffered())

    /** The runtime for a bundle file. */
    fun of(bundle: File) = NetworkRuntime { _, part ->
        object : Network {
            override fun run(inputs: Map<String, FloatArray>) = ask(bundle, part.name, inputs)
            override fun close() = Unit
        }
    }

    @Synchronized
    private fun ask(bundle: File, part: String, inputs: Map<String, FloatArray>): Map<String, FloatArray> {
        val counts = inputs.entries.joinToString { "\"${it.key}\": ${it.value.size}" }
        val request = ByteArrayOutputStream()
        request.write("""{"bundle": "${bundle.path}", "part": "$part", "inputs": {$counts}}""".toByteArray() + '\n'.code.toByte())
        inputs.values.forEach { values ->
            val raw = ByteBuffer.allocate(values.size * 4).order(ByteOrder.LITTLE_ENDIAN)
            values.forEach(raw::putFloat)
            request.write(raw.array())
        }
        process.outputStream.apply { write(request.toByteArray()); flush() }
        val head = StringBuilder()
        while (true) {
            val c = answers.read()
            check(c >= 0) { "the Python process that runs the networks ended" }
            if (c == '\n'.code) break
            head.append(c.toChar())
        }
        return Json.parse(head.toString()).fields.fields("outputs").all.mapValues { (_, count) ->
            val raw = ByteArray(count.number.toInt() * 4).also(answers::readFully)
            val values = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
            FloatArray(values.remaining()) { values.get() }
        }
    }

    override fun close() {
        process.outputStream.close()
        process.waitFor()
    }
}
