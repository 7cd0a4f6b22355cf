package monalive

import kotlin.math.ceil
import kotlin.math.floor

/** Width of the band inside a crop's edges where it fades out, in the crop's width or height. */
private const val FADE_WIDTH = 0.14

/**
 * What a photo contributes to an eye or the mouth of a frame.
 *
 * @property photo as it was taken.
 * @property place where the crop lies in [photo].
 * @property frame what the region's network computed.
 */
internal class RegionLayer(val photo: RgbImage, val place: RegionPlace, val frame: RegionFrame)

/**
 * Pastes an eye or the mouth over a frame: the photo's own pixels, moved at native resolution, and painted ones.
 *
 * It keeps its working memory between calls, so one object must not be called from two threads at once.
 */
internal class RegionPaste {
    // Of each pixel of the crop: where in the photo it comes from (x, y), how much of the photo is kept, and the paint.
    private var cells = Plane(0, 0, CHANNELS, FloatArray(0))
    private val cell = FloatArray(CHANNELS)
    private val colour = FloatArray(3)

    /**
     * Pastes one region into a picture, in place.
     *
     * @param picture the frame. Pixels outside the crop stay as they are, bit for bit.
     * @param place where the crop lies in [picture].
     * @param layer what to paste.
     * @param columns of the picture that may change.
     * @param rows of the picture that may change.
     */
    operator fun invoke(picture: RgbImage, place: RegionPlace, layer: RegionLayer, columns: IntRange, rows: IntRange) {
        fill(layer)
        val width = cells.width.toDouble()
        val height = cells.height.toDouble()
        val corners = listOf(0.0 to 0.0, width to 0.0, 0.0 to height, width to height)
        val across = spanned(corners.map { (u, v) -> place.x(u, v) }, columns)
        val down = spanned(corners.map { (u, v) -> place.y(u, v) }, rows)
        val toCrop = place.inverse()
        val times = samplesAcross(toCrop.scale)
        for (y in down) for (x in across) {
            val alpha = fade(toCrop.x(x + 0.5, y + 0.5), width) * fade(toCrop.y(x + 0.5, y + 0.5), height)
            if (alpha == 0f) continue
            read(toCrop, x, y, times)
            val kept = alpha * cell[2]
            val at = (y * picture.width + x) * 3
            for (c in 0..2) colour[c] = (1 - alpha) * picture.byte(at + c) + (alpha - kept) * cell[3 + c]
            layer.photo.addSharp(cell[0], cell[1], kept, colour)
            picture.set(at, colour)
        }
    }

    private fun fill(layer: RegionLayer) {
        val frame = layer.frame
        val count = frame.width * frame.height
        if (cells.width != frame.width || cells.height != frame.height) {
            cells = Plane(frame.width, frame.height, CHANNELS, FloatArray(count * CHANNELS))
        }
        for (i in 0 until count) {
            val u = i % frame.width + 0.5 + frame.flow[i * 2]
            val v = i / frame.width + 0.5 + frame.flow[i * 2 + 1]
            val at = i * CHANNELS
            cells.values[at] = (layer.place.x(u, v) - 0.5).toFloat()
            cells.values[at + 1] = (layer.place.y(u, v) - 0.5).toFloat()
            cells.values[at + 2] = frame.mask[i]
            for (c in 0..2) cells.values[at + 3 + c] = frame.painted[i * 3 + c].coerceIn(0f, 1f) * 255f
        }
    }

    /** [cell] at a pixel of the picture: the mean of [times] x [times] places in it, several where the crop is finer. */
    private fun read(toCrop: RegionPlace, x: Int, y: Int, times: Int) {
        cell.fill(0f)
        for (i in 0 until times * times) {
            val px = x + (i % times + 0.5) / times
            val py = y + (i / times + 0.5) / times
            cells.add((toCrop.x(px, py) - 0.5).toFloat(), (toCrop.y(px, py) - 0.5).toFloat(), 1f / (times * times), cell)
        }
    }

    private companion object {
        const val CHANNELS = 6
    }
}

/** How much a crop shows at a place along one of its sides: from 0 at the ends, and beyond, to 1 inside. */
private fun fade(place: Double, length: Double): Float = smoothStep(minOf(place, length - place) / (FADE_WIDTH * length)).toFloat()

/** The whole pixels of [allowed] from the lowest to the highest of some places. */
private fun spanned(places: List<Double>, allowed: IntRange): IntRange =
    maxOf(floor(places.min()).toInt(), allowed.first)..minOf(ceil(places.max()).toInt() - 1, allowed.last)
