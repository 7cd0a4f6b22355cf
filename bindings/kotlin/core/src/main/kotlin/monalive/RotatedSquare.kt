package monalive

import kotlin.math.PI
import kotlin.math.abs
import kotlin.math.atan2
import kotlin.math.ceil
import kotlin.math.cos
import kotlin.math.sin

/** Something upright in a picture. */
internal data class Box(val left: Double, val top: Double, val right: Double, val bottom: Double) {
    val area: Double get() = (right - left) * (bottom - top)

    /** Intersection over union with another. */
    fun overlap(other: Box): Double {
        val across = maxOf(minOf(right, other.right) - maxOf(left, other.left), 0.0)
        val down = maxOf(minOf(bottom, other.bottom) - maxOf(top, other.top), 0.0)
        return across * down / maxOf(area + other.area - across * down, 1e-12)
    }
}

/** A square region of a picture, in pixels, in which a face is looked for; [angle] in radians, clockwise as seen. */
internal data class RotatedSquare(val x: Double, val y: Double, val side: Double, val angle: Double = 0.0) {
    private val cosine = cos(angle) * side
    private val sine = sin(angle) * side

    /** A place in units of the region as one in the picture. */
    fun pictureX(u: Double, v: Double): Double = x + cosine * (u - 0.5) - sine * (v - 0.5)

    fun pictureY(u: Double, v: Double): Double = y + sine * (u - 0.5) + cosine * (v - 0.5)

    /** Points (x, y, z in turn) in units of the region to picture pixels. */
    fun toPicture(points: FloatArray): FloatArray = FloatArray(points.size) {
        val first = it - it % 3
        val (u, v) = points[first].toDouble() to points[first + 1].toDouble()
        when (it % 3) {
            0 -> pictureX(u, v)
            1 -> pictureY(u, v)
            else -> points[it] * side
        }.toFloat()
    }

    /** The inverse: points in picture pixels to units of the region; z is divided by its side. */
    fun fromPicture(points: FloatArray): FloatArray = FloatArray(points.size) {
        val first = it - it % 3
        val (dx, dy) = (points[first] - x) / side to (points[first + 1] - y) / side
        when (it % 3) {
            0 -> cos(angle) * dx + sin(angle) * dy + 0.5
            1 -> cos(angle) * dy - sin(angle) * dx + 0.5
            else -> points[it] / side
        }.toFloat()
    }

    /** The square as if it were upright. */
    val bounds: Box get() = Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)

    /** How far it is turned against another one, [0, pi]. */
    fun turnFrom(other: RotatedSquare): Double = abs(atan2(sin(angle - other.angle), cos(angle - other.angle)))

    companion object {
        /** The smallest square around the picture. */
        fun whole(width: Int, height: Int) = RotatedSquare(width / 2.0, height / 2.0, maxOf(width, height).toDouble())
    }
}

internal val QUARTER_TURNS = listOf(0, 1, 2, 3)
internal val TILES_PER_SIDE = listOf(2, 4)
private const val ZOOM_OUT = 1.6

/** Where to look for the faces of a still first: the whole picture, and with a margin, in each of [turns] quarter turns. */
internal fun wholeLooks(width: Int, height: Int, turns: List<Int>): List<RotatedSquare> {
    val whole = RotatedSquare.whole(width, height)
    return turns.flatMap { turn -> listOf(whole.side, whole.side * ZOOM_OUT).map { whole.copy(side = it, angle = turn * PI / 2) } }
}

/** Overlapping tiles, for small faces, [parts] to the longer side, each in each of [turns] quarter turns. */
internal fun tileLooks(width: Int, height: Int, parts: Int, turns: List<Int>): List<RotatedSquare> {
    val side = maxOf(width, height).toDouble() / parts
    val columns = tileCentres(width, side)
    return turns.flatMap { turn ->
        tileCentres(height, side).flatMap { y -> columns.map { x -> RotatedSquare(x, y, side, turn * PI / 2) } }
    }
}

private fun tileCentres(length: Int, side: Double): List<Double> {
    if (length <= side) return listOf(length / 2.0)
    val gaps = ceil((length - side) / (side / 2)).toInt()
    return (0..gaps).map { side / 2 + (length - side) * it / gaps }
}
