package monalive

import java.io.Closeable
import kotlin.math.PI
import kotlin.math.atan2
import kotlin.math.exp
import kotlin.math.sqrt

/** A face that the detector found: how sure, [0, 1], and the region to read its landmarks from. */
internal class FoundFace(val score: Float, val region: RotatedSquare)

/** Runs the bundle's detector network over one square region of a picture at a time. */
internal class LevelFaceDetector(private val network: PictureNetwork) : Closeable by network {
    /** Faces in [region] (by default the whole picture; black outside of it), the surest first. */
    fun detect(image: RgbImage, region: RotatedSquare = RotatedSquare.whole(image.width, image.height)): List<FoundFace> {
        val made = network(LevelCrop.extract(image, region, network.side, LevelCrop.Border.BLACK))
        val scores = network.output(made, "scores")
        val places = network.output(made, "places")
        val grid = sqrt(scores.size.toDouble()).toInt()
        val candidates = scores.indices.filter { scores[it] >= MIN_CONFIDENCE }.map { i ->
            val (dx, dy, size, cosine, sine) = places.slice(i * PLACE_VALUES until (i + 1) * PLACE_VALUES).map(Float::toDouble)
            Candidate(scores[i], (i % grid + 0.5) / grid + dx, (i / grid + 0.5) / grid + dy, exp(size), cosine, sine)
        }
        return blended(candidates).map { it.found(region) }
    }

    /**
     * Faces in the whole picture; where there is none, also sideways and upside down.
     *
     * Only then: a bowed face upright scores less than one on its head, which the network was never shown.
     */
    fun detectAnyWayUp(image: RgbImage): List<FoundFace> {
        var best = detect(image)
        if (best.isNotEmpty()) return best
        for (angle in QUARTER_TURNS) {
            val turned = detect(image, RotatedSquare.whole(image.width, image.height).copy(angle = angle))
            val score = turned.firstOrNull()?.score ?: continue
            if (score > maxOf(TURN_GAIN, best.firstOrNull()?.score ?: 0f)) best = turned
        }
        return best
    }

    /** A face that a place of the map tells of: its centre and side in units of the region, its roll not normalised. */
    private class Candidate(
        val score: Float, val x: Double, val y: Double, val side: Double, val cosine: Double, val sine: Double,
    ) {
        val box: Box get() = RotatedSquare(x, y, side).bounds

        fun found(region: RotatedSquare): FoundFace {
            val own = RotatedSquare(
                region.pictureX(x, y), region.pictureY(x, y), side * region.side * LevelCrop.SCALE, region.angle + atan2(sine, cosine),
            )
            return FoundFace(score, own)
        }
    }

    private companion object {
        const val MIN_CONFIDENCE = 0.5f
        const val SUPPRESSION_OVERLAP = 0.3
        const val PLACE_VALUES = 5
        const val TURN_GAIN = 0.1f
        val QUARTER_TURNS = listOf(PI / 2, -PI / 2, PI)

        /** Blends overlapping candidates by score, steadier than keeping the best (BlazeFace, arXiv 1907.05047, section 3). */
        fun blended(candidates: List<Candidate>): List<Candidate> {
            val kept = mutableListOf<Candidate>()
            var left = candidates.sortedByDescending { it.score }
            while (left.isNotEmpty()) {
                val best = left.first()
                val (same, others) = left.partition { it === best || it.box.overlap(best.box) > SUPPRESSION_OVERLAP }
                val sum = same.sumOf { it.score.toDouble() }
                fun mean(value: (Candidate) -> Double) = same.sumOf { it.score / sum * value(it) }
                kept += Candidate(best.score, mean { it.x }, mean { it.y }, mean { it.side }, mean { it.cosine }, mean { it.sine })
                left = others
            }
            return kept
        }
    }
}
