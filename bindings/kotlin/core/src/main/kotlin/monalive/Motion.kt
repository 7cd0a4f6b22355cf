package monalive

import java.io.ByteArrayOutputStream
import java.io.File
import java.io.FileNotFoundException
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.zip.ZipEntry
import java.util.zip.ZipOutputStream
import kotlin.math.round

/**
 * A driving motion: a face's landmarks, and what moved around it, over time. It holds no pixels of the driver.
 *
 * @property landmarks one array per frame: 478 x 3 numbers, pixels of the driver's frames, z in the scale of x.
 * @property timestampsMs from 0, increasing.
 * @property imageWidth width of the driver's frames.
 * @property imageHeight height of the driver's frames.
 * @property fps nominal frames per second.
 * @property name for people to read.
 * @property loop the last frame runs into the first, one frame time later.
 * @property surroundings one array of 16 x 16 x 3 per frame, or null where nothing was measured.
 * @property takes where relative motion starts anew, and from what it is counted there; the first begins with frame 0.
 * @property speech a sound drove the lips: what is made of it should say so.
 * @throws IllegalArgumentException a property has another size, is not finite, or is out of range.
 */
class Motion(
    val landmarks: List<FloatArray>,
    val timestampsMs: DoubleArray,
    val imageWidth: Int,
    val imageHeight: Int,
    val fps: Double,
    val name: String = "",
    val loop: Boolean = false,
    val surroundings: List<FloatArray>? = null,
    takes: List<Take> = emptyList(),
    val speech: Boolean = false,
) {
    val takes: List<Take>

    /** Frames without a cut between them: the first of them, and the face that relative motion is counted from. */
    class Take(val start: Int, val reference: FloatArray)

    init {
        require(landmarks.isNotEmpty()) { "a motion has at least one frame" }
        this.takes = takes.ifEmpty { listOf(Take(0, landmarks[0])) }
        val starts = this.takes.map { it.start }
        require(starts[0] == 0 && starts.last() < landmarks.size && starts.zipWithNext().all { (one, next) -> one < next }) {
            "a motion's takes must begin with frame 0 and follow each other within it, got $starts"
        }
        this.takes.forEach { requireLandmarks(it.reference, "take") }
        landmarks.forEach { requireLandmarks(it, "motion") }
        require(timestampsMs.size == landmarks.size) {
            "a motion of ${landmarks.size} frames needs as many timestamps, got ${timestampsMs.size}"
        }
        require(timestampsMs[0] == 0.0 && timestampsMs.all(Double::isFinite) && rises(timestampsMs)) {
            "a motion's timestamps must start at 0 and increase from frame to frame"
        }
        require(imageWidth >= 1 && imageHeight >= 1) { "a motion's image size must be positive, got $imageWidth x $imageHeight" }
        require(fps.isFinite() && fps > 0) { "a motion's frame rate must be positive, got $fps" }
        surroundings?.let { around ->
            require(around.size == landmarks.size && around.all { it.size == SURROUNDINGS_COUNT }) {
                "a motion's surroundings must be 16 x 16 x 3 for every frame"
            }
            require(around.all { frame -> frame.all(Float::isFinite) }) { "a motion's surroundings must be finite" }
            require(around.all { frame -> (2 until frame.size step 3).all { frame[it] in 0f..1f } }) {
                "how much of a motion's surroundings is known must be from 0 to 1"
            }
        }
    }

    /** Number of frames. */
    val size: Int get() = landmarks.size

    /**
     * The same motion, counted from another frame: in each take from the most neutral one of its first three seconds, from its first
     * one, or from the frame of a number for the take it is in (the others from their most neutral one).
     *
     * @throws IllegalArgumentException there is no such frame, or [DriverReference.Recent], which is for live drivers.
     */
    fun withReference(reference: DriverReference): Motion {
        require(reference != DriverReference.Recent) { "a motion is counted from its neutral or first face, or the frame of a number" }
        val asked = (reference as? DriverReference.Frame)?.number
        require(asked == null || asked < size) { "the reference is frame $asked, but the motion has $size frames, counted from 0" }
        val counted = takes.mapIndexed { number, take ->
            val frames = take.start until (takes.getOrNull(number + 1)?.start ?: size)
            val frame = when {
                asked != null && asked in frames -> asked
                reference == DriverReference.First -> take.start
                else -> mostNeutral(frames)
            }
            Take(take.start, landmarks[frame])
        }
        return Motion(landmarks, timestampsMs, imageWidth, imageHeight, fps, name, loop, surroundings, counted, speech)
    }

    private fun mostNeutral(frames: IntRange): Int {
        val first = frames.takeWhile { timestampsMs[it] <= timestampsMs[frames.first] + FIRST_SECONDS_MS }
        return first[NeutralFace.mostNeutral(first.map { NeutralFace.measures(landmarks[it]) })]
    }

    /** From the first frame to the end of the last one. */
    val durationMs: Double get() = timestampsMs.last() + 1000.0 / fps

    /**
     * Writes a `.motion` file: all of it or nothing. Landmarks are kept to a 65,535th of their range.
     *
     * @throws IOException the file cannot be written there.
     */
    fun save(path: File) {
        val references = takes.map { it.reference }
        val every = landmarks + references
        val low = DoubleArray(3) { axis -> every.minOf { frame -> (axis until frame.size step 3).minOf { frame[it] } }.toDouble() }
        val high = DoubleArray(3) { axis -> every.maxOf { frame -> (axis until frame.size step 3).maxOf { frame[it] } }.toDouble() }
        val step = DoubleArray(3) { maxOf(high[it] - low[it], 1e-6) / LEVELS }
        fun level(frame: FloatArray) = IntArray(frame.size) { round((frame[it] - low[it % 3]) / step[it % 3]).toInt() }
        val levels = littleEndian(size * LANDMARKS_BYTES)
        var before = IntArray(LANDMARK_COUNT * 3)
        for (frame in landmarks) {
            val now = level(frame)
            for (i in now.indices) levels.putShort((now[i] - before[i]).toShort()) // modulo 65536
            before = now
        }
        val times = littleEndian(size * 8)
        timestampsMs.forEach(times::putDouble)
        val members = mutableListOf(
            MANIFEST to manifest(low, step).toByteArray(), LANDMARKS to levels.array(), TIMESTAMPS to times.array(),
        )
        surroundings?.let { around ->
            val halves = littleEndian(size * SURROUNDINGS_COUNT * 2)
            around.forEach { frame -> frame.forEach { halves.putShort(halfFromFloat(it)) } }
            members.add(SURROUNDINGS to halves.array())
        }
        if (!isCountedFromFirst) {
            val faces = littleEndian(takes.size * LANDMARKS_BYTES)
            references.forEach { face -> level(face).forEach { faces.putShort(it.toShort()) } }
            members.add(REFERENCES to faces.array())
        }
        val archive = ByteArrayOutputStream()
        ZipOutputStream(archive).use { zip ->
            for ((name, content) in members) {
                zip.putNextEntry(ZipEntry(name).apply { time = 315532800000L }) // 1980: the same motion gives the same file
                zip.write(content)
            }
        }
        val unfinished = File(path.absoluteFile.parentFile, ".${path.name}.unfinished")
        try {
            unfinished.writeBytes(archive.toByteArray())
            if (!unfinished.renameTo(path)) throw IOException("$path cannot be written")
        } finally {
            unfinished.delete()
        }
    }

    private val isCountedFromFirst get() = takes.size == 1 && takes[0].reference.contentEquals(landmarks[0])

    private fun manifest(low: DoubleArray, step: DoubleArray): String {
        val escaped = name.flatMap { c ->
            if (c < ' ' || c == '"' || c == '\\') "\\u%04x".format(c.code).toList() else listOf(c)
        }.joinToString("")
        return """{"format": "$FORMAT", "version": $VERSION, "name": "$escaped", "loop": $loop, "fps": $fps, """ +
            """"image_size": [$imageWidth, $imageHeight], "frames": $size, "landmarks": $LANDMARK_COUNT, """ +
            """"offset": ${low.contentToString()}, "step": ${step.contentToString()}, "surroundings": ${surroundings != null}""" +
            (if (speech) """, "speech": true""" else "") + (if (isCountedFromFirst) "}" else """, "takes": ${takes.map { it.start }}}""")
    }

    companion object {
        const val VERSION = 2
        private const val FORMAT = "monalive.motion"
        private const val MANIFEST = "manifest.json"
        private const val LANDMARKS = "landmarks.u16"
        private const val TIMESTAMPS = "timestamps.f64"
        private const val SURROUNDINGS = "surroundings.f16"
        private const val REFERENCES = "references.u16"
        private const val MAX_MANIFEST_BYTES = 1 shl 20
        private const val MAX_FRAMES = 200_000 // more than two hours; more is a damaged or hostile file
        private const val LEVELS = 65535
        private const val LANDMARKS_BYTES = LANDMARK_COUNT * 3 * 2

        /** Of a take, in which its most neutral frame is looked for. */
        private const val FIRST_SECONDS_MS = 3000.0

        /** A motion of evenly spaced frames. Throws as [Motion] does. */
        @JvmStatic
        fun fromLandmarks(
            landmarks: List<FloatArray>, imageWidth: Int, imageHeight: Int, fps: Double = 25.0, name: String = "", loop: Boolean = false,
        ): Motion = Motion(landmarks, DoubleArray(landmarks.size) { it * 1000.0 / fps }, imageWidth, imageHeight, fps, name, loop)

        /**
         * Reads a `.motion` file.
         *
         * @throws FileNotFoundException there is no such file.
         * @throws IllegalArgumentException it is not a motion, is cut off or damaged, or was written by a newer version.
         */
        @JvmStatic
        fun load(path: File): Motion {
            if (!path.isFile) throw FileNotFoundException("There is no motion file $path.")
            val archive: ZipMembers
            val manifest: Fields
            val frames: Int
            val raw: ByteBuffer
            val times: ByteBuffer
            val around: ByteBuffer?
            val starts: List<Int>
            val faces: ByteBuffer?
            try {
                archive = ZipMembers(ByteBuffer.wrap(path.readBytes()))
                manifest = Fields(Json.parse(Charsets.UTF_8.decode(archive.readChecked(MANIFEST, MAX_MANIFEST_BYTES)).toString()))
                require(manifest.all["format"] == FORMAT) { "it is of another format" }
                val version = manifest.number("version")
                if (version % 1.0 != 0.0 || version > VERSION) {
                    throw NewerMotionException(
                        "$path has version ${version.toLong()} of the .motion format; this monalive reads up to $VERSION; update monalive"
                    )
                }
                val count = manifest.number("frames")
                require(count % 1.0 == 0.0 && count in 1.0..MAX_FRAMES.toDouble()) { "$count frames" }
                frames = count.toInt()
                raw = exactly(archive, LANDMARKS, frames * LANDMARKS_BYTES)
                times = exactly(archive, TIMESTAMPS, frames * 8)
                require((manifest.all["speech"] ?: false) is Boolean) { "it does not say whether it speaks" }
                around = if (manifest.all["surroundings"] == true) exactly(archive, SURROUNDINGS, frames * SURROUNDINGS_COUNT * 2) else null
                starts = takeStarts(manifest.all["takes"] ?: emptyList<Any>(), frames)
                faces = if (starts.isEmpty()) null else exactly(archive, REFERENCES, starts.size * LANDMARKS_BYTES)
            } catch (error: NewerMotionException) {
                throw IllegalArgumentException(error.message)
            } catch (error: DamagedZipException) {
                throw IllegalArgumentException("$path is not a .motion file, or it is cut off or damaged (${error.message}).", error)
            } catch (error: IllegalArgumentException) {
                throw IllegalArgumentException("$path is a zip archive but not a .motion file (${error.message}).", error)
            }
            return try {
                decode(manifest, frames, raw, times, around, starts, faces)
            } catch (error: IllegalArgumentException) {
                throw IllegalArgumentException("$path is a .motion file with invalid contents (${error.message}).", error)
            }
        }

        private fun takeStarts(value: Any, frames: Int): List<Int> {
            val starts = value as? List<*>
            require(starts != null && starts.size <= frames && starts.all { it is Double && it % 1.0 == 0.0 }) { "its takes are no frames" }
            return starts.map { (it as Double).toInt() }
        }

        private fun decode(
            manifest: Fields, frames: Int, raw: ByteBuffer, times: ByteBuffer, around: ByteBuffer?, starts: List<Int>, faces: ByteBuffer?,
        ): Motion {
            val offset = manifest.numbers("offset", 3)
            val step = manifest.numbers("step", 3)
            val (width, height) = manifest.numbers("image_size", 2)
            val levels = IntArray(LANDMARK_COUNT * 3)
            val landmarks = List(frames) {
                FloatArray(levels.size) { i ->
                    levels[i] = (levels[i] + raw.getShort()) and 0xFFFF
                    (offset[i % 3] + levels[i] * step[i % 3]).toFloat()
                }
            }
            val surroundings = around?.let { halves ->
                List(frames) { FloatArray(SURROUNDINGS_COUNT) { floatFromHalf(halves.getShort()) } }
            }
            val takes = starts.map { start ->
                Take(start, FloatArray(levels.size) { i -> (offset[i % 3] + (faces!!.getShort().toInt() and 0xFFFF) * step[i % 3]).toFloat() })
            }
            return Motion(
                landmarks, DoubleArray(frames) { times.getDouble() }, width.toInt(), height.toInt(),
                manifest.number("fps"), manifest.text("name"), manifest.all["loop"] == true, surroundings, takes,
                manifest.all["speech"] == true,
            )
        }

        private fun exactly(archive: ZipMembers, name: String, size: Int): ByteBuffer {
            val content = archive.readChecked(name, size)
            if (content.remaining() != size) throw DamagedZipException("$name has ${content.remaining()} bytes")
            return content
        }

        private fun littleEndian(size: Int): ByteBuffer = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN)

        private fun rises(values: DoubleArray) = (1 until values.size).all { values[it] > values[it - 1] }
    }
}

private class NewerMotionException(message: String) : Exception(message)
