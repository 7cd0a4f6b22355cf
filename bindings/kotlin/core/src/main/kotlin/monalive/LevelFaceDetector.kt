package monalive

import java.io.Closeable
import kotlin.math.PI
import kotlin.math.abs
import kotlin.math.atan2
import kotlin.math.exp
import kotlin.math.sqrt

/** A face that the detector found: how sure, [0, 1], and the region to read its landmarks from. */
internal class FoundFace(val score: Float, val region: RotatedSquare)

/** Runs the bundle's detector network over one square region of a picture at a time. */
internal class LevelFaceDetector(private val network: PictureNetwork) : Closeable by network {
    /** Faces in [region] (by default the whole picture; black outside of it), the surest first. */
    fun detect(image: RgbImage, region: RotatedSquare = RotatedSquare.whole(image.width, image.height)): List<FoundFace> {
        val made = network(LevelCrop.extract(image, region, network.side, Border.BLACK))
        val scores = made.getValue("scores")
        val places = made.getValue("places")
        val grid = sqrt(scores.size.toDouble()).toInt()
        val candidates = scores.indices.filter { scores[it] >= MIN_CONFIDENCE }.map { i ->
            val (dx, dy, size, cosine, sine) = places.slice(i * PLACE_VALUES until (i + 1) * PLACE_VALUES).map(Float::toDouble)
            Candidate(scores[i], (i % grid + 0.5) / grid + dx, (i / grid + 0.5) / grid + dy, exp(size), cosine, sine)
        }
        return blended(candidates).map { it.found(region) }
    }

    /**
     * Faces in the whole picture, also sideways and upside down.
     *
     * A bowed face looks much like one on its head: one that seems to lie on its side or beyond is believed only if it
     * stands upright in the picture turned that way; else the second look counts.
     */
    fun detectAnyWayUp(image: RgbImage): List<FoundFace> {
        val found = detect(image)
        val angle = found.firstOrNull()?.region?.angle ?: return found
        if (abs(angle) <= FAR_ROLL) return found
        return detect(image, RotatedSquare.whole(image.width, image.height).copy(angle = angle)).ifEmpty { found }
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
        /** Low, since what is read there is judged as well: half hidden and overexposed faces score as little. */
        const val MIN_CONFIDENCE = 0.3f
        const val SUPPRESSION_OVERLAP = 0.3
        const val PLACE_VALUES = 5
        const val FAR_ROLL = PI / 3 // heads are seldom held further from upright

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
