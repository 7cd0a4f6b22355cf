package monalive

import kotlin.math.abs
import kotlin.math.hypot
import kotlin.math.ln

/** Whose motion is taken where a video shows several faces. That face keeps driving. */
sealed interface DriverFace {
    /** One that is large, central and moves. */
    data object Auto : DriverFace

    /** The largest one. */
    data object Largest : DriverFace

    /** The one that moves most in the first second. */
    data object Moving : DriverFace

    /** Counted from the left, from 0, of the first frame that shows so many. */
    data class FromLeft(val index: Int) : DriverFace {
        init { require(index >= 0) { "faces are counted from the left from 0, not from $index" } }
    }
}

/**
 * Which of the faces in a video drives: chosen at the start, then kept by place, size and shape; the Python SDK's `DriverRule`.
 *
 * Call [drive] with the faces of each frame.
 */
internal class DriverRule(private val which: DriverFace = DriverFace.Auto) {
    private var faces = emptyList<Seen>()
    private var driver: Seen? = null
    private var startMs = Double.POSITIVE_INFINITY
    private var final = false

    /** Whether one was chosen. */
    val hasDriver: Boolean get() = driver != null

    /** Where to look for the faces in question in the next frame, the driver's first. */
    val places: List<RotatedSquare> get() = inQuestion().map { it.place }

    /** How often another face began to drive in another one's place. */
    var changes = 0
        private set

    /** Whether another face may still become the driver, so that it pays to look for more. */
    fun isOpen(timeMs: Double): Boolean = !final || isGone(timeMs)

    /** Whether this may be the driver's face, moved on from the frame before. */
    fun recognises(landmarks: FloatArray): Boolean = driver?.unlikeness(landmarks) != null

    /** The index of the driver among the faces (landmarks, 478 x 3) of the next frame of this size, or null. */
    fun drive(found: List<FloatArray>, timeMs: Double, width: Int, height: Int): Int? {
        val before = driver
        if (found.isNotEmpty()) startMs = minOf(startMs, timeMs)
        val owners = match(found, timeMs)
        if (before == null) {
            driver = choose(owners.filterNotNull(), width, height)
            final = driver != null && which != DriverFace.Auto && which != DriverFace.Moving
        } else if (isOpen(timeMs)) {
            review(before, timeMs, width, height)
        }
        if (before != null && driver !== before) changes++
        return owners.indexOfFirst { it != null && it === driver }.takeIf { it >= 0 }
    }

    private fun inQuestion(): List<Seen> = listOfNotNull(driver) + faces.filter { it !== driver }

    private fun isGone(timeMs: Double) = driver?.let { timeMs - it.timeMs > MAX_GAP_MS } ?: false

    /** Who each face was in the frames before; new ones are remembered while they may become the driver. */
    private fun match(found: List<FloatArray>, timeMs: Double): List<Seen?> {
        val owners = arrayOfNulls<Seen>(found.size)
        for (seen in inQuestion()) {
            val free = found.indices.filter { owners[it] == null }
            val (_, index) = free.mapNotNull { i -> seen.unlikeness(found[i])?.let { it to i } }.minByOrNull { it.first } ?: continue
            owners[index] = seen
            seen.update(found[index], timeMs)
        }
        if (isOpen(timeMs)) {
            val recent = faces.filter { timeMs - it.timeMs <= MAX_GAP_MS || it === driver }
            val new = found.indices.filter { owners[it] == null }.map { i -> Seen(found[i], timeMs).also { owners[i] = it } }
            faces = recent + new
        } else {
            faces = listOfNotNull(driver)
        }
        return owners.asList()
    }

    /** The first driver; null while nobody is there whom [which] means. */
    private fun choose(there: List<Seen>, width: Int, height: Int): Seen? = when (which) {
        is DriverFace.FromLeft -> there.sortedBy { it.place.x }.getOrNull(which.index)
        DriverFace.Largest -> there.maxByOrNull { it.place.side }
        else -> there.maxByOrNull { it.standing(width, height) }
    }

    /** Gives way to a face that moves where the driver does not, or has been gone for long. */
    private fun review(current: Seen, timeMs: Double, width: Int, height: Int) {
        val gone = isGone(timeMs)
        val least = maxOf(MOVES, MOVES_SHARE * faces.maxOf { it.moved })
        val moving = faces.filter { it.moved >= least && !(gone && it === current) }
        val alone = faces.size == 1
        if (moving.isEmpty() || !(alone || gone || timeMs - startMs >= WATCH_MS)) return
        if (which == DriverFace.Moving) driver = moving.maxBy { it.moved }
        else if (gone || current.moved < least) driver = moving.maxBy { it.standing(width, height) }
        final = true
    }

    /** A face that was seen: where and how at first and last, and the most that its shape has changed. */
    private class Seen(landmarks: FloatArray, var timeMs: Double) {
        var place = LevelCrop.region(landmarks)
            private set
        private val firstShape = place.fromPicture(landmarks)
        private var shape = firstShape
        var moved = 0.0
            private set

        fun update(landmarks: FloatArray, now: Double) {
            place = LevelCrop.region(landmarks)
            shape = place.fromPicture(landmarks)
            timeMs = now
            moved = maxOf(moved, shapeDistance(shape, firstShape))
        }

        /** How far a face is from this one; null where it cannot be the same. */
        fun unlikeness(landmarks: FloatArray): Double? {
            val now = LevelCrop.region(landmarks)
            val apart = hypot(now.x - place.x, now.y - place.y) / (REACH * place.side)
            val growth = abs(ln(now.side / place.side)) / ln(MAX_GROWTH)
            return if (maxOf(apart, growth) > 1) null
            else apart + growth + shapeDistance(shape, now.fromPicture(landmarks)) / SHAPE_SCALE
        }

        /** How much it counts by its size and its place in the picture. */
        fun standing(width: Int, height: Int): Double {
            val off = hypot(place.x - width / 2.0, place.y - height / 2.0) / (maxOf(width, height) / 2.0)
            return place.side / (1 + OFF_CENTRE * off)
        }
    }

    private companion object {
        /** A face is the same as before if its centre is nearer than so many sides of its region, and its size within a factor. */
        const val REACH = 0.5
        const val MAX_GROWTH = 1.6

        /** What its shape counts beside that: mean distance of landmarks in their region that weighs as much as the reach. */
        const val SHAPE_SCALE = 0.1

        /** A face that is gone for longer may be followed by another one, if that one moves. */
        const val MAX_GAP_MS = 2000.0

        /** Who drives is chosen after so long. */
        const val WATCH_MS = 1000.0

        /** A face moves when its shape has changed by so much, and by this share of what the face that moves most does. */
        const val MOVES = 0.004
        const val MOVES_SHARE = 0.2

        /** How much less a face counts at the picture's edge. */
        const val OFF_CENTRE = 2.0

        /** Mean distance in x and y of points that are x, y, z in turn. */
        fun shapeDistance(a: FloatArray, b: FloatArray): Double =
            (a.indices step 3).sumOf { hypot((a[it] - b[it]).toDouble(), (a[it + 1] - b[it + 1]).toDouble()) } / (a.size / 3)
    }
}
