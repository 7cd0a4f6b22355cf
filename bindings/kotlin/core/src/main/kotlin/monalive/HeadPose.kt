package monalive

import kotlin.math.abs
import kotlin.math.sqrt

/**
 * A similarity of space that carries a face in its own frame into a picture: image = scale * rotation * point + translation.
 * The camera is weak perspective, as MediaPipe's landmarks assume.
 *
 * @property rotation 3 x 3, row by row.
 */
internal class HeadPose(val rotation: DoubleArray, val scale: Double, val translation: DoubleArray) {
    /** Points (x, y, z in turn) of the face's frame in the picture. */
    fun toImage(points: DoubleArray): FloatArray = FloatArray(points.size) { i ->
        val row = i % 3 * 3
        val at = i - i % 3
        val turned = rotation[row] * points[at] + rotation[row + 1] * points[at + 1] + rotation[row + 2] * points[at + 2]
        (scale * turned + translation[i % 3]).toFloat()
    }

    companion object {
        /**
         * The pose that carries [template] onto [landmarks] with the least squared error over points that move with the skull.
         *
         * The rotation is Horn's: the eigenvector of the largest eigenvalue of a 4 x 4 matrix, as a quaternion ("Closed-form
         * solution of absolute orientation using unit quaternions", JOSA A 1987).
         */
        fun fit(landmarks: FloatArray, template: DoubleArray): HeadPose {
            val centre = DoubleArray(3) { axis -> RIGID.sumOf { landmarks[it * 3 + axis].toDouble() } / RIGID.size }
            val own = DoubleArray(3) { axis -> RIGID.sumOf { template[it * 3 + axis] } / RIGID.size }
            val s = Array(3) { a -> DoubleArray(3) { b ->
                RIGID.sumOf { (template[it * 3 + a] - own[a]) * (landmarks[it * 3 + b] - centre[b]) }
            } }
            val n = arrayOf(
                doubleArrayOf(s[0][0] + s[1][1] + s[2][2], s[1][2] - s[2][1], s[2][0] - s[0][2], s[0][1] - s[1][0]),
                doubleArrayOf(s[1][2] - s[2][1], s[0][0] - s[1][1] - s[2][2], s[0][1] + s[1][0], s[2][0] + s[0][2]),
                doubleArrayOf(s[2][0] - s[0][2], s[0][1] + s[1][0], s[1][1] - s[0][0] - s[2][2], s[1][2] + s[2][1]),
                doubleArrayOf(s[0][1] - s[1][0], s[2][0] + s[0][2], s[1][2] + s[2][1], s[2][2] - s[0][0] - s[1][1]),
            )
            val (largest, quaternion) = largestEigenvector(n)
            val spread = RIGID.sumOf { i -> (0..2).sumOf { axis -> (template[i * 3 + axis] - own[axis]).let { it * it } } }
            val rotation = rotation(quaternion)
            val scale = largest / spread // the largest eigenvalue is the sum of p . (R m)
            val translation = DoubleArray(3) { row ->
                centre[row] - scale * (0..2).sumOf { rotation[row * 3 + it] * own[it] }
            }
            return HeadPose(rotation, scale, translation)
        }

        private fun rotation(q: DoubleArray): DoubleArray {
            val (w, x, y, z) = q
            return doubleArrayOf(
                1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
                2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
                2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
            )
        }

        /** Of a symmetric matrix, by Jacobi's rotations; the matrix is overwritten. */
        private fun largestEigenvector(a: Array<DoubleArray>): Pair<Double, DoubleArray> {
            val size = a.size
            val vectors = Array(size) { i -> DoubleArray(size) { if (it == i) 1.0 else 0.0 } }
            repeat(50) {
                for (p in 0 until size - 1) for (q in p + 1 until size) {
                    if (abs(a[p][q]) < 1e-300) continue
                    val theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
                    val t = (if (theta < 0) -1 else 1) / (abs(theta) + sqrt(theta * theta + 1))
                    val c = 1 / sqrt(t * t + 1)
                    val sine = t * c
                    for (k in 0 until size) {
                        val (x, y) = a[k][p] to a[k][q]
                        a[k][p] = c * x - sine * y; a[k][q] = sine * x + c * y
                    }
                    for (k in 0 until size) {
                        val (x, y) = a[p][k] to a[q][k]
                        a[p][k] = c * x - sine * y; a[q][k] = sine * x + c * y
                    }
                    for (k in 0 until size) {
                        val (x, y) = vectors[k][p] to vectors[k][q]
                        vectors[k][p] = c * x - sine * y; vectors[k][q] = sine * x + c * y
                    }
                }
            }
            val best = a.indices.maxBy { a[it][it] }
            return a[best][best] to DoubleArray(size) { vectors[it][best] }
        }

        // Points that move with the skull: forehead, nose bridge, eye corners, temples, ears.
        private val RIGID = intArrayOf(
            10, 151, 9, 8, 168, 6, 197, 195, 5, 4, 1, 33, 133, 362, 263,
            127, 356, 234, 454, 93, 323, 54, 284, 21, 251, 162, 389,
        )
    }
}
