package monalive

import kotlin.math.abs
import kotlin.math.exp
import kotlin.math.hypot
import kotlin.math.sqrt

/**
 * An opening of the face, eyelids or inner lips: two edges that meet pair by pair, and the skin that follows them. All of it
 * works on points (x, y, z in turn) in the head's own frame.
 *
 * @property iris the landmarks of the eye's iris; none for the mouth.
 */
internal class Aperture private constructor(
    face: DoubleArray,
    private val upper: IntArray,
    private val lower: IntArray,
    private val corners: IntArray,
    private val upperShare: Double,
    reachAbove: Double,
    reachBelow: Double,
    val iris: IntRange,
) {
    private val upperField = field(face, upper, reachAbove, 1.0)
    private val lowerField = field(face, lower, reachBelow, -1.0)

    /** Distance between the corners. */
    fun width(points: DoubleArray): Double =
        sqrt((0..2).sumOf { axis -> (points[corners[0] * 3 + axis] - points[corners[1] * 3 + axis]).let { it * it } })

    /** Edges that have passed each other brought back to where they meet. A new array. */
    fun separate(points: DoubleArray): DoubleArray {
        val missing = DoubleArray(upper.size) { maxOf(points[upper[it] * 3 + 1] - points[lower[it] * 3 + 1], 0.0) }
        val result = points.copyOf()
        for (point in 0 until LANDMARK_COUNT) for (pair in upper.indices) {
            val at = point * upper.size + pair
            result[point * 3 + 1] += missing[pair] * ((1 - upperShare) * lowerField[at] - upperShare * upperField[at])
        }
        return result
    }

    /** How far each landmark follows each point of an edge: 478 x n in [0, 1]. An edge's own points follow themselves. */
    private fun field(face: DoubleArray, edge: IntArray, deviation: Double, side: Double): DoubleArray {
        val still = LANDMARK_COUNT - 10 until LANDMARK_COUNT
        val steps = (1 until edge.size).map { distance(face, edge[it - 1], edge[it]) }.sorted()
        val middle = steps.size / 2
        val spacing = if (steps.size % 2 == 1) steps[middle] else (steps[middle - 1] + steps[middle]) / 2
        val line = closedLine(face)
        val result = DoubleArray(LANDMARK_COUNT * edge.size)
        for (point in 0 until LANDMARK_COUNT) {
            if (point in still || point in corners || point in upper || point in lower) continue
            val squared = DoubleArray(edge.size) { distance(face, point, edge[it]).let { d -> d * d } }
            val nearest = squared.min()
            val above = side * (heightOf(line, face[point * 3]) - face[point * 3 + 1])
            val follow = exp(-nearest / (2 * deviation * deviation)) * (above / (0.25 * spacing)).coerceIn(0.0, 1.0)
            if (follow < 0.01) continue
            val shares = DoubleArray(edge.size) { exp(-(squared[it] - nearest) / (2 * spacing * spacing)) }
            val sum = shares.sum()
            for (i in edge.indices) result[point * edge.size + i] = shares[i] / sum * follow
        }
        for (i in edge.indices) result[edge[i] * edge.size + i] = 1.0
        return result
    }

    /** (x, y) of where the edges meet, from left to right, corners included. */
    private fun closedLine(face: DoubleArray): List<Pair<Double, Double>> {
        val middle = upper.indices.map { i ->
            (face[upper[i] * 3] + face[lower[i] * 3]) / 2 to (face[upper[i] * 3 + 1] + face[lower[i] * 3 + 1]) / 2
        }
        return (middle + corners.map { face[it * 3] to face[it * 3 + 1] }).sortedBy { it.first }
    }

    private fun heightOf(line: List<Pair<Double, Double>>, x: Double): Double {
        if (x <= line.first().first) return line.first().second
        val after = line.indexOfFirst { it.first >= x }
        if (after < 0) return line.last().second
        val (x0, y0) = line[after - 1]
        val (x1, y1) = line[after]
        return if (abs(x1 - x0) < 1e-12) y1 else y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    }

    private fun distance(face: DoubleArray, a: Int, b: Int) = hypot(face[a * 3] - face[b * 3], face[a * 3 + 1] - face[b * 3 + 1])

    companion object {
        /** Right eye, left eye, mouth, laid out on the mean face. */
        fun all(face: DoubleArray): List<Aperture> = listOf(
            Aperture(
                face, intArrayOf(246, 161, 160, 159, 158, 157, 173), intArrayOf(7, 163, 144, 145, 153, 154, 155),
                intArrayOf(33, 133), 0.8, 0.05, 0.04, 468..472,
            ),
            Aperture(
                face, intArrayOf(466, 388, 387, 386, 385, 384, 398), intArrayOf(249, 390, 373, 374, 380, 381, 382),
                intArrayOf(263, 362), 0.8, 0.05, 0.04, 473..477,
            ),
            Aperture(
                face, intArrayOf(191, 80, 81, 82, 13, 312, 311, 310, 415), intArrayOf(95, 88, 178, 87, 14, 317, 402, 318, 324),
                intArrayOf(78, 308), 0.35, 0.08, 0.25, IntRange.EMPTY,
            ),
        )
    }
}
