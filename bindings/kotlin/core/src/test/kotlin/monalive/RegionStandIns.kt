package monalive

import java.io.File
import java.security.MessageDigest
import java.util.zip.CRC32
import java.util.zip.ZipEntry
import java.util.zip.ZipOutputStream

/**
 * Stand-ins for the networks of eyes and mouth. `region_crops` lays upright crops at fixed places of the square crop; the animate
 * networks paint a region in [colour], or keep the photo's pixels where they are.
 *
 * @param others runs the rest of the bundle.
 */
internal class RegionStandIns(private val others: NetworkRuntime) : NetworkRuntime {
    var colour: FloatArray? = null
    var places = PLACES
    val photos = mutableListOf<FloatArray>()

    override fun load(content: java.nio.ByteBuffer, part: PartManifest): Network {
        if (part.name !in PARTS) return others.load(content, part)
        return object : Network {
            override fun run(inputs: Map<String, FloatArray>) = answer(part, inputs)
            override fun close() = Unit
        }
    }

    private fun answer(part: PartManifest, inputs: Map<String, FloatArray>): Map<String, FloatArray> {
        val kind = part.name.substringAfter('_')
        inputs["${kind}_photo"]?.let(photos::add)
        val painted = colour
        return part.outputs.associate {
            it.name to when {
                it.name == "places" -> places
                it.name.endsWith("mask") -> FloatArray(it.count) { if (painted == null) 1f else 0f }
                it.name.endsWith("painted") && painted != null -> FloatArray(it.count) { i -> painted[i % 3] }
                else -> FloatArray(it.count)
            }
        }
    }

    companion object {
        /** Left and right eye 0.1 wide, the mouth 0.2 x 0.15, in units of the square crop. */
        val PLACES = place(0.6f, 0.4f, 0.1f / 64, 1) + place(0.4f, 0.4f, 0.1f / 64, -1) + place(0.4f, 0.6f, 0.2f / 128, 1)
        private val SIZES = mapOf("eye" to "64, 64", "mouth" to "96, 128")
        private const val LANDMARKS = "1, $LANDMARK_COUNT, 2"
        private val PORTS: Map<String, Pair<List<String>, List<String>>> = mapOf(
            "region_crops" to (
                listOf(port("face_landmarks", "1, $LANDMARK_COUNT, 3")) to
                    listOf("left_eye", "right_eye", "mouth").map { port("${it}_landmarks", LANDMARKS) } + port("places", "1, 3, 6")
                ),
        ) + SIZES.flatMap { (kind, size) ->
            val source = port("${kind}_source_landmarks", LANDMARKS)
            val features = port("${kind}_features", "1, 2")
            val drawn = listOf("flow" to 2, "mask" to 1, "painted" to 3).map { (name, n) -> port("${kind}_$name", "1, $size, $n") }
            listOf(
                "enroll_$kind" to (listOf(port("${kind}_photo", "1, $size, 3"), source) to listOf(features)),
                "animate_$kind" to (listOf(source, features, port("${kind}_target_landmarks", LANDMARKS)) to drawn),
            )
        }

        val PARTS: Set<String> = PORTS.keys

        private fun place(x: Float, y: Float, step: Float, mirrored: Int) =
            floatArrayOf(step * mirrored, 0f, if (mirrored < 0) x + step * 64 else x, 0f, step, y)

        private fun port(name: String, shape: String) = """{"name": "$name", "tensor": "$name", "shape": [$shape]}"""

        /** A bundle with the other parts of [shipped] and, of those of eyes and mouth, [parts]; its networks are empty files. */
        fun bundle(shipped: Bundle, parts: Set<String> = PARTS): File {
            val empty = MessageDigest.getInstance("SHA-256").digest().joinToString("") { "%02x".format(it) }
            val others = (shipped.parts.keys - PARTS).associateWith { name ->
                val part = shipped.partManifest(name)
                fun ports(all: List<Port>) = all.map { port(it.name, it.shape.joinToString()) }
                ports(part.inputs) to ports(part.outputs)
            }
            val entries = (others + PORTS.filterKeys { it in parts }).map { (name, ports) ->
                """"$name": {"file": "$name", "sha256": "$empty", "inputs": ${ports.first}, "outputs": ${ports.second}}"""
            }
            val manifest = """{"schema": 2, "model_version": "0", "parts": {${entries.joinToString()}}}""".toByteArray()
            val file = File.createTempFile("monalive", ".bundle").apply { deleteOnExit() }
            ZipOutputStream(file.outputStream()).use { zip ->
                for ((name, content) in (others.keys + parts).associateWith { ByteArray(0) } + ("manifest.json" to manifest)) {
                    val crc = CRC32().apply { update(content) }.value
                    val entry = ZipEntry(name).apply { method = ZipEntry.STORED; size = content.size.toLong(); this.crc = crc }
                    zip.putNextEntry(entry)
                    zip.write(content)
                }
            }
            return file
        }
    }
}
