package monalive

import java.io.File
import java.io.FileNotFoundException
import java.io.RandomAccessFile
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.security.MessageDigest

/** A named input or output of a network: `tensor` is its name in the network's file. */
data class Port(val name: String, val tensor: String, val shape: List<Int>) {
    /** How many numbers it holds. */
    val count: Int get() = shape.fold(1, Int::times)
}

/** The manifest's entry of one network; `sha256` is that of its file. */
data class PartManifest(
    val name: String,
    val sha256: String,
    val format: String,
    val precision: String,
    val inputs: List<Port>,
    val outputs: List<Port>,
)

/**
 * The models: one file that holds the networks and a manifest. It is mapped into memory, and the parts are views of it.
 *
 * @property manifest the parsed manifest.
 * @property parts the networks' files by part name ("tracker_detector", "enroll", "animate", "retarget").
 * @property sha256 of the whole file, hexadecimal.
 */
class Bundle private constructor(
    val manifest: Map<String, Any?>,
    val parts: Map<String, ByteBuffer>,
    val sha256: String,
    private val entries: Map<String, PartManifest>,
) {
    /** Version of the weights. */
    val modelVersion: String get() = manifest["model_version"].toString()

    /** Name, version and sha256: what outputs say they were made with. */
    val about: Map<String, String>
        get() = mapOf("name" to (manifest["name"] ?: "").toString(), "version" to modelVersion, "sha256" to sha256)

    /**
     * The manifest's entry of one part.
     *
     * @throws IllegalArgumentException the bundle has no such part.
     */
    fun partManifest(name: String): PartManifest = entries[name] ?: throw IllegalArgumentException(
        "the bundle has no part '$name', only ${entries.keys.sorted().joinToString()}; use a complete bundle"
    )

    companion object {
        /** The newest schema this version reads. */
        const val SCHEMA = 2
        private const val MAX_BYTES = 512L shl 20
        private const val MAX_MANIFEST_BYTES = 1 shl 20

        /**
         * Opens and checks a bundle.
         *
         * @throws FileNotFoundException there is no such file.
         * @throws IllegalArgumentException not a bundle, a damaged one (sha256), or one of a newer schema.
         */
        @JvmStatic
        fun load(path: File): Bundle {
            if (!path.isFile) throw FileNotFoundException("there is no bundle at $path")
            require(path.length() <= MAX_BYTES) {
                "$path is larger than any bundle (${MAX_BYTES shr 20} MiB); is it another kind of file?"
            }
            val content = RandomAccessFile(path, "r").use { it.channel.map(FileChannel.MapMode.READ_ONLY, 0, path.length()) }
            return read(content, path.toString())
        }

        private fun read(content: ByteBuffer, where: String): Bundle {
            val notOne = "$where is not a monalive bundle, or a damaged one"
            try {
                val archive = ZipMembers(content)
                val text = Charsets.UTF_8.decode(archive.readChecked("manifest.json", MAX_MANIFEST_BYTES)).toString()
                val manifest = Fields(Json.parse(text))
                val schema = manifest.any("schema")
                if (schema !is Double || schema % 1.0 != 0.0 || schema > SCHEMA) {
                    val shown = if (schema is Double && schema % 1.0 == 0.0) schema.toLong() else schema
                    throw UnusableBundleException("its schema is $shown, this version reads up to $SCHEMA; update monalive")
                }
                manifest.any("model_version")
                val parts = LinkedHashMap<String, ByteBuffer>()
                val entries = LinkedHashMap<String, PartManifest>()
                for ((name, value) in manifest.fields("parts").all) {
                    val entry = Fields(value)
                    entries[name] = partManifest(name, entry)
                    parts[name] = part(archive, name, entry)
                }
                return Bundle(manifest.all, parts, hash(content), entries)
            } catch (error: UnusableBundleException) {
                throw IllegalArgumentException("$where: ${error.message}", error)
            } catch (error: DamagedZipException) {
                throw IllegalArgumentException("$notOne: ${error.message}", error)
            } catch (error: IllegalArgumentException) {
                throw IllegalArgumentException("$notOne: ${error.message}", error)
            }
        }

        private fun part(archive: ZipMembers, name: String, entry: Fields): ByteBuffer {
            val file = entry.text("file")
            if (archive.member(file).method != ZipMembers.STORED) {
                throw UnusableBundleException("the part '$name' is compressed; bundles are stored uncompressed")
            }
            val content = archive.read(file, MAX_BYTES.toInt())
            if (hash(content) != entry.text("sha256")) {
                throw UnusableBundleException("the part '$name' is damaged (its sha256 is not the manifest's); get the file again")
            }
            return content
        }

        private fun partManifest(name: String, entry: Fields) = PartManifest(
            name,
            entry.text("sha256"),
            (entry.all["format"] ?: "tflite").toString(),
            (entry.all["precision"] ?: "").toString(),
            ports(entry.list("inputs")),
            ports(entry.list("outputs")),
        )

        private fun ports(entries: List<Any?>): List<Port> = entries.map { value ->
            val port = Fields(value)
            val shape = (port.all["shape"] as? List<*>).orEmpty().map {
                require(it is Double && it >= 1 && it % 1.0 == 0.0) { "a shape is not made of whole numbers" }
                it.toInt()
            }
            Port(port.text("name"), port.text("tensor"), shape)
        }

        private fun hash(content: ByteBuffer): String =
            MessageDigest.getInstance("SHA-256").apply { update(content.duplicate()) }.digest()
                .joinToString("") { "%02x".format(it) }
    }
}

private class UnusableBundleException(message: String) : Exception(message)

/** A JSON object, read with errors that name the field. */
internal class Fields(value: Any?) {
    @Suppress("UNCHECKED_CAST")
    val all: Map<String, Any?> = value as? Map<String, Any?> ?: throw IllegalArgumentException("an object is expected")

    fun any(name: String): Any = all[name] ?: throw IllegalArgumentException("there is no \"$name\"")

    fun text(name: String): String = any(name) as? String ?: throw IllegalArgumentException("\"$name\" is not a text")

    fun number(name: String): Double = any(name) as? Double ?: throw IllegalArgumentException("\"$name\" is not a number")

    fun list(name: String): List<Any?> = any(name) as? List<*> ?: throw IllegalArgumentException("\"$name\" is not a list")

    fun numbers(name: String, count: Int): List<Double> {
        val values = list(name).filterIsInstance<Double>()
        require(values.size == count && list(name).size == count) { "\"$name\" is not $count numbers" }
        return values
    }

    fun fields(name: String) = Fields(any(name))
}
