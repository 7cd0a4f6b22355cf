package monalive

import kotlin.math.PI
import kotlin.math.abs
import kotlin.math.hypot
import kotlin.math.ln
import kotlin.math.roundToInt

/** What the landmark network reads of a face, and the region that its landmarks ask for. */
internal class Reading(val landmarks: FloatArray, val presence: Float, read: RotatedSquare) {
    val region: RotatedSquare = LevelCrop.region(landmarks)

    /** How far the landmarks ask for another region than they were read in: in size (logarithm), place (sides) and roll. */
    val unsettled: Double =
        abs(ln(region.side / read.side)) + hypot(region.x - read.x, region.y - read.y) / read.side + region.turnFrom(read)
}

/** All faces of a still picture, however small, many or turned; the Python SDK's `still_search`. */
internal class StillSearch(private val detector: LevelFaceDetector, private val read: (RgbImage, RotatedSquare) -> Reading) {
    /**
     * All faces of a picture. The whole picture is looked at in all four quarter turns; the surest face tells which way up it
     * is. Then tiles are looked at that way up, for small faces.
     *
     * @param tileTurns how tiles are turned where the whole picture showed no face.
     * @param largestOnly leave out tiles that could only show faces smaller than one that is found, and turned looks where such a one
     *   is upright without a doubt.
     */
    fun faces(image: RgbImage, tileTurns: List<Int> = QUARTER_TURNS, largestOnly: Boolean = false): List<Reading> {
        val whole = RotatedSquare.whole(image.width, image.height).side
        val upright = seen(image, wholeLooks(image.width, image.height, QUARTER_TURNS.take(1)), emptyList())
        val large = LARGEST_IN_TILE * whole / TILES_PER_SIDE.first()
        if (largestOnly && upright.any { it.leavesNoDoubt && it.reading.region.side >= large }) {
            return distinct(upright, 0, emptyList()).map { it.reading }
        }
        val first = upright + seen(image, wholeLooks(image.width, image.height, QUARTER_TURNS.drop(1)), emptyList(), before = upright)
        val surest = first.maxByOrNull { it.margin(0) }?.takeIf { it.margin(0) >= 0 }
        val turn = surest?.let { ((it.reading.region.angle / (PI / 2)).roundToInt() + QUARTER_TURNS.size) % QUARTER_TURNS.size } ?: 0
        var faces = distinct(first, turn, emptyList())
        val turns = if (faces.isEmpty()) tileTurns else listOf(turn)
        for (parts in TILES_PER_SIDE) {
            if (largestOnly && faces.any { it.reading.region.side >= LARGEST_IN_TILE * whole / parts }) break
            faces = distinct(seen(image, tileLooks(image.width, image.height, parts, turns), faces, LARGEST_IN_TILE), turn, faces)
        }
        return faces.map { it.reading }
    }

    private class Judged(val reading: Reading, val sureness: Double) {
        /** By how much it is sure enough in a picture that was turned by so many quarter turns; below 0 it is not. */
        fun margin(turn: Int): Double {
            val lies = reading.region.turnFrom(reading.region.copy(angle = turn * PI / 2)) > MAX_ROLL
            return sureness - SURE - if (lies) LYING else 0.0
        }

        /** Whether it tells without a look at the turned picture that this is upright. */
        val leavesNoDoubt: Boolean
            get() = margin(0) >= NO_DOUBT && reading.region.turnFrom(reading.region.copy(angle = 0.0)) <= MAX_ROLL

        /** Whether no reading where the detector gives this score can be surer. */
        fun isSurerThan(score: Float): Boolean = margin(0) + SURE >= score + LOG_ODDS_SHARE * MAX_LOG_ODDS - LEAST_COSTS

        fun isAt(place: RotatedSquare): Boolean {
            val own = reading.region
            return hypot(own.x - place.x, own.y - place.y) < SAME_PLACE * maxOf(own.side, place.side)
        }
    }

    /**
     * What is read where the looks show something upright, no larger than [largest] sides of the look, that is none of [faces]. Where
     * something is read already, only what may be surer is read once more.
     */
    private fun seen(
        image: RgbImage, looks: List<RotatedSquare>, faces: List<Judged>, largest: Double = Double.POSITIVE_INFINITY,
        before: List<Judged> = emptyList(),
    ): List<Judged> {
        val seen = mutableListOf<Judged>()
        for (look in looks) for (found in detector.detect(image, look)) {
            val place = found.region
            if (place.turnFrom(look) > MAX_ROLL || place.side > largest * look.side || faces.any { it.isAt(place) }) continue
            if ((before + seen).any { it.isAt(place) && it.isSurerThan(found.score) }) continue
            seen += read(image, place).let { Judged(it, sureness(found.score, it.presence, it.unsettled)) }
        }
        return seen
    }

    /** The known faces, and of those seen the sure ones, each once: as the surest reading has it. */
    private fun distinct(seen: List<Judged>, turn: Int, faces: List<Judged>): List<Judged> {
        val kept = faces.toMutableList()
        for (judged in seen.sortedByDescending { it.margin(turn) }) {
            if (judged.margin(turn) >= 0 && kept.none { it.isAt(judged.reading.region) }) kept += judged
        }
        return kept
    }

    companion object {
        /** How far a face may be turned within the look that shows it; the next quarter turn shows it better. */
        private const val MAX_ROLL = PI / 3

        /** Detector's score and log-odds of presence together tell faces from what only looks like one. */
        private const val LOG_ODDS_SHARE = 1 / 8.0
        private const val MAX_LOG_ODDS = 8.0
        private const val SURE = 1.18

        /** How unsettled a face is at least, as this costs it; less is not counted on. */
        private const val LEAST_COSTS = 0.1

        /** What is no face does not settle: each look asks for another region (this much less sure for each unit of that). */
        private const val UNSETTLED_COSTS = 4.0

        /** A face that does not stand upright, in a picture that does, has to be surer by so much. */
        private const val LYING = 0.3

        /** An upright face that is surer by so much leaves no doubt which way up the picture is. */
        private const val NO_DOUBT = 0.4

        /** Two readings nearer than so many sides of the larger region mean the same face. */
        private const val SAME_PLACE = 0.35

        /** The largest region that a tile may show, in sides of the tile: larger faces are seen whole elsewhere. */
        private const val LARGEST_IN_TILE = 0.75

        /** Whether a detector's score, a presence and how unsettled it is together suffice for a face that stands upright. */
        fun isSure(score: Float, presence: Float, unsettled: Double): Boolean = sureness(score, presence, unsettled) >= SURE

        private fun sureness(score: Float, presence: Float, unsettled: Double): Double {
            val odds = maxOf(presence / maxOf(1.0 - presence, 1e-9), 1e-9)
            return score + LOG_ODDS_SHARE * ln(odds).coerceIn(-MAX_LOG_ODDS, MAX_LOG_ODDS) - UNSETTLED_COSTS * unsettled
        }
    }
}
