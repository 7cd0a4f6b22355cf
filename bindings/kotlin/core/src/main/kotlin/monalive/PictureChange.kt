package monalive

import kotlin.math.abs

/** How a video's picture changes from frame to frame, and when it becomes another one all at once. Call it with every frame, in order. */
internal class PictureChange {
    private var cells: FloatArray? = null
    private val differences = ArrayDeque<Double>()

    /** How much of the picture was clearly another in the last frame than in the one before, from 0 to 1. */
    var share = 0.0
        private set

    /** Whether the picture became another one since the frame before. */
    fun becomesAnother(image: RgbImage): Boolean {
        val before = cells
        val now = cellsOf(image).also { cells = it }
        if (before == null) return false
        val changes = DoubleArray(CELLS * CELLS) { cell -> (cell * 3..cell * 3 + 2).sumOf { abs(now[it] - before[it]).toDouble() } / 3 }
        val difference = changes.average()
        share = changes.count { it > OTHER_PICTURE } / changes.size.toDouble()
        val usual = median(differences)
        differences.addLast(difference)
        if (differences.size > REMEMBERED) differences.removeFirst()
        return difference > maxOf(OTHER_PICTURE, TIMES_USUAL * usual)
    }

    /** The mean colour of each cell. */
    private fun cellsOf(image: RgbImage): FloatArray {
        val cells = FloatArray(CELLS * CELLS * 3)
        val side = CELLS * SAMPLES
        for (v in 0 until side) for (u in 0 until side) {
            val pixel = ((v + 0.5) * image.height / side).toInt() * image.width + ((u + 0.5) * image.width / side).toInt()
            val cell = v / SAMPLES * CELLS + u / SAMPLES
            for (channel in 0..2) cells[cell * 3 + channel] += image.byte(pixel * 3 + channel) / (SAMPLES * SAMPLES).toFloat()
        }
        return cells
    }

    /** 0 of nothing. */
    private fun median(values: Collection<Double>): Double {
        val sorted = values.sorted()
        return if (sorted.isEmpty()) 0.0 else (sorted[(sorted.size - 1) / 2] + sorted[sorted.size / 2]) / 2
    }

    private companion object {
        /** The picture as so many cells each way, each the mean of 4 x 4 pixels spread over it. */
        const val CELLS = 24
        const val SAMPLES = 4

        /** Mean difference of the cells, in levels, above which, and above so many times the usual, a picture is another. */
        const val OTHER_PICTURE = 8.0
        const val TIMES_USUAL = 3.0

        /** Frames that tell what is usual. */
        const val REMEMBERED = 8
    }
}
