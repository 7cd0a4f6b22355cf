package monalive

import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.math.PI
import kotlin.math.exp
import kotlin.math.sin

/**
 * A face made from expression scores: a mean face, and what each of MediaPipe's 52 blendshapes adds to it. Statistics over
 * many people, read from `expressions.npz`, which comes with the library; they are nobody's face.
 */
internal object MeanFace {
    private const val RESOURCE = "/expressions.npz"
    private const val EYEBALL_RADIUS = 0.40 // of the eye's width
    private const val EYE_TURN_DEGREES = 30.0 // what a gaze score of 1 stands for
    private const val POOL_DEVIATION = 0.05

    private val archive: ZipMembers by lazy {
        val stream = checkNotNull(MeanFace::class.java.getResourceAsStream(RESOURCE)) { "$RESOURCE is missing from the library" }
        ZipMembers(ByteBuffer.wrap(stream.use { it.readBytes() }))
    }

    /** 478 x 3: at rest, looking at the camera, outer eye corners 1 apart. */
    val points: DoubleArray by lazy {
        val raw = array("mean_face.npy", "<f4", LANDMARK_COUNT * 3 * 4)
        DoubleArray(LANDMARK_COUNT * 3) { raw.getFloat().toDouble() }
    }

    private val displacements: FloatArray by lazy {
        val raw = array("displacements.npy", "<f2", Blendshapes.NAMES.size * LANDMARK_COUNT * 3 * 2)
        FloatArray(Blendshapes.NAMES.size * LANDMARK_COUNT * 3) { floatFromHalf(raw.getShort()) }
    }

    private val apertures: List<Aperture> by lazy { Aperture.all(points) }

    /** 478 x 478 rows of Gaussian weights by distance on the face that add to 1. */
    val neighbourAverage: FloatArray by lazy {
        FloatArray(LANDMARK_COUNT * LANDMARK_COUNT).also { result ->
            for (i in 0 until LANDMARK_COUNT) {
                val row = DoubleArray(LANDMARK_COUNT) { j ->
                    val squared = (0..2).sumOf { axis -> (points[i * 3 + axis] - points[j * 3 + axis]).let { it * it } }
                    exp(-squared / (2 * POOL_DEVIATION * POOL_DEVIATION))
                }
                val sum = row.sum()
                for (j in row.indices) result[i * LANDMARK_COUNT + j] = (row[j] / sum).toFloat()
            }
        }
    }

    /** The mean face where [driver] is: at rest looking at the camera, and with the driver's expression and pose. */
    fun standIn(driver: Face): Pair<FloatArray, FloatArray> {
        val scores = requireNotNull(driver.blendshapes) { "the tracker gives no blendshapes; animate() needs them" }
        require(scores.size == Blendshapes.NAMES.size) { "expected ${Blendshapes.NAMES.size} blendshapes, got ${scores.size}" }
        val pose = HeadPose.fit(driver.landmarks, points)
        val upright = HeadPose(doubleArrayOf(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0), pose.scale, pose.translation)
        return upright.toImage(points) to pose.toImage(face(scores))
    }

    /** The mean face with an expression. A linear model overshoots: lids and lips that would cross stop where they meet. */
    private fun face(scores: FloatArray): DoubleArray {
        var face = points.copyOf()
        for (shape in scores.indices) {
            if (scores[shape] == 0f) continue
            val from = shape * face.size
            for (i in face.indices) face[i] += scores[shape].toDouble() * displacements[from + i]
        }
        for (aperture in apertures) face = aperture.separate(face)
        val score = Blendshapes.NAMES.zip(scores.toList()).toMap()
        fun sum(vararg names: String) = names.sumOf { score.getValue(it).toDouble() }
        val across = sum("eyeLookOutLeft", "eyeLookInRight") - sum("eyeLookInLeft", "eyeLookOutRight")
        val down = sum("eyeLookDownLeft", "eyeLookDownRight") - sum("eyeLookUpLeft", "eyeLookUpRight")
        for (eye in apertures.take(2)) {
            val width = eye.width(points)
            val move = listOf(across, down).map { EYEBALL_RADIUS * sin(it / 2 * EYE_TURN_DEGREES * PI / 180) * width }
            for (point in eye.iris) for (axis in 0..2) {
                face[point * 3 + axis] = points[point * 3 + axis] + (move.getOrNull(axis) ?: 0.0)
            }
        }
        return face
    }

    /** The data of a NumPy array whose type and size are known. */
    private fun array(name: String, type: String, bytes: Int): ByteBuffer {
        val content = archive.readChecked(name, bytes + 4096)
        val head = content.remaining() - bytes
        check(head > 10) { "$RESOURCE is damaged" }
        val text = ByteArray(head).also { content.get(it) }.toString(Charsets.ISO_8859_1)
        check(type in text && "'fortran_order': False" in text) { "$RESOURCE holds arrays of another type" }
        return content.order(ByteOrder.LITTLE_ENDIAN)
    }
}
