package monalive

import kotlin.math.round

/** Side of the network's picture and mask, and of the feather. */
internal const val NETWORK_SIZE = 256

/**
 * How much of the motion remains near the crop's edges: 256 x 256 in [0, 1].
 *
 * An edge of the crop inside the photo must not move, or a seam would show: weights rise smoothly from 0 there to 1 at
 * [width] crop sides inside. An edge on or beyond the photo's border needs no such care and keeps 1.
 */
internal fun cropFeather(crop: SquareCrop, imageWidth: Int, imageHeight: Int, width: Double = 0.14): FloatArray {
    val (left, top, side) = snapped(crop)
    val across = edgeProfile(width, left > 0, left + side < imageWidth)
    val down = edgeProfile(width, top > 0, top + side < imageHeight)
    return FloatArray(NETWORK_SIZE * NETWORK_SIZE) { (down[it / NETWORK_SIZE] * across[it % NETWORK_SIZE]).toFloat() }
}

/**
 * Animates one crop of photos of one size; made once, called for every frame.
 *
 * The flow moves the photo's own pixels, so that detail beyond the network's 256 x 256 is kept; what the network painted is
 * laid over them where the mask asks for it. Towards the crop's edges inside the photo the flow fades to zero and the painted
 * part gives way to the photo.
 *
 * @throws IllegalArgumentException the crop does not touch the photo.
 */
internal class PasteBack(private val crop: SquareCrop, private val imageWidth: Int, private val imageHeight: Int) {
    private val feather = cropFeather(crop, imageWidth, imageHeight)
    private val left: Int
    private val top: Int
    private val side: Int

    /** Columns and rows of the photo that the crop covers. */
    val columns: IntRange
    val rows: IntRange
    private val shift: Pair<Taps, Taps>?

    // From the network's cells to the square's pixels; paint is enlarged more softly.
    private val across: Taps
    private val acrossPaint: Taps

    init {
        val (x, y, length) = snapped(crop)
        left = x; top = y; side = length
        columns = maxOf(left, 0) until minOf(left + side, imageWidth)
        rows = maxOf(top, 0) until minOf(top + side, imageHeight)
        require(!columns.isEmpty() && !rows.isEmpty()) { "$crop lies outside the photo of $imageWidth x $imageHeight pixels" }
        shift = subpixelShift()
        across = if (side < NETWORK_SIZE) Taps.area(NETWORK_SIZE, side) else Taps.linear(NETWORK_SIZE, side)
        acrossPaint = if (side < NETWORK_SIZE) across else Taps.cubic(NETWORK_SIZE, side)
    }

    /**
     * One frame.
     *
     * @param photo not modified. For several faces of one photo pass the previous face's result.
     * @param flow h x h x 2, crop units: the place in the crop where the content of each place comes from, minus that place.
     * @param mask 256 x 256 in [0, 1]; 1 keeps the photo's moved pixels, 0 takes the painted ones.
     * @param painted 256 x 256 x 3 in [0, 1].
     * @return a new picture; pixels outside the crop are those of the photo, bit for bit.
     * @throws IllegalArgumentException the photo or an array has another size.
     */
    operator fun invoke(photo: RgbImage, flow: FloatArray, mask: FloatArray, painted: FloatArray): RgbImage {
        require(photo.width == imageWidth && photo.height == imageHeight) {
            "the photo must be $imageWidth x $imageHeight, not ${photo.width} x ${photo.height}"
        }
        val flowSide = Math.sqrt(flow.size / 2.0).toInt()
        val cells = NETWORK_SIZE * NETWORK_SIZE
        require(flowSide >= 1 && flowSide * flowSide * 2 == flow.size) { "the flow must be h x h x 2, not ${flow.size} numbers" }
        require(mask.size == cells && painted.size == cells * 3) { "the mask must be 256 x 256 and the painted picture 256 x 256 x 3" }

        // Fade towards the edges while the arrays are small. Flow in pixels, then how much of the photo is kept.
        val grow = Taps.linear(flowSide, NETWORK_SIZE)
        val large = Plane(flowSide, flowSide, 2, flow).resampled(grow, grow).values
        val moved = FloatArray(cells * 3)
        for (i in 0 until cells) {
            val pixels = feather[i] * crop.side.toFloat()
            moved[i * 3] = large[i * 2] * pixels
            moved[i * 3 + 1] = large[i * 2 + 1] * pixels
            moved[i * 3 + 2] = 1 - (1 - mask[i]) * feather[i]
        }
        val motion = fitted(Plane(NETWORK_SIZE, NETWORK_SIZE, 3, moved), across)
        val paint = fitted(Plane(NETWORK_SIZE, NETWORK_SIZE, 3, painted), acrossPaint)
        val frame = photo.copy()
        val place = FloatArray(3)
        val colour = FloatArray(3)
        for (y in rows) for (x in columns) {
            read(motion, across, x - left, y - top, place)
            blend(photo, frame, x, y, place, paint, colour)
        }
        return frame
    }

    /** Moved by the crop's fraction of a pixel, and already made smaller where the square is. */
    private fun fitted(plane: Plane, taps: Taps): Plane {
        val placed = shift?.let { (x, y) -> plane.resampled(x, y) } ?: plane
        return if (side < NETWORK_SIZE) placed.resampled(taps, taps) else placed
    }

    private fun blend(photo: RgbImage, frame: RgbImage, x: Int, y: Int, place: FloatArray, paint: Plane, colour: FloatArray) {
        val paints = place[2] < 0.999f
        val kept = if (paints) place[2] else 1f
        colour.fill(0f)
        if (paints) {
            read(paint, acrossPaint, x - left, y - top, colour)
            for (c in 0..2) colour[c] = colour[c].coerceIn(0f, 1f) * 255f * (1 - kept)
        }
        photo.addSharp(x + place[0], y + place[1], kept, colour)
        frame.set((y * imageWidth + x) * 3, colour)
    }

    /** The three channels of [plane] at a pixel of the square. */
    private fun read(plane: Plane, taps: Taps, x: Int, y: Int, into: FloatArray) {
        if (side < NETWORK_SIZE) {
            plane.values.copyInto(into, 0, (y * side + x) * 3, (y * side + x) * 3 + 3)
            return
        }
        var a = 0f; var b = 0f; var c = 0f
        val weightsX = taps.weights[x]; val weightsY = taps.weights[y]
        for (v in weightsY.indices) {
            val row = taps.cell(y, v) * NETWORK_SIZE
            for (u in weightsX.indices) {
                val weight = weightsY[v] * weightsX[u]
                val at = (row + taps.cell(x, u)) * 3
                a += weight * plane.values[at]; b += weight * plane.values[at + 1]; c += weight * plane.values[at + 2]
            }
        }
        into[0] = a; into[1] = b; into[2] = c
    }

    private fun subpixelShift(): Pair<Taps, Taps>? {
        if (left.toDouble() == crop.x && top.toDouble() == crop.y && side.toDouble() == crop.side) return null
        val scale = side / crop.side
        val cells = NETWORK_SIZE / crop.side
        fun taps(offset: Double) = Taps.atPlaces(NETWORK_SIZE, NETWORK_SIZE) { (it + 0.5) * scale + offset * cells - 0.5 }
        return taps(left - crop.x) to taps(top - crop.y)
    }
}

/** Left, top, side of the square of whole pixels nearest to the crop. */
private fun snapped(crop: SquareCrop): Triple<Int, Int, Int> =
    Triple(round(crop.x).toInt(), round(crop.y).toInt(), maxOf(1, round(crop.side).toInt()))

private fun edgeProfile(width: Double, fadeStart: Boolean, fadeEnd: Boolean): DoubleArray = DoubleArray(NETWORK_SIZE) {
    val centre = (it + 0.5) / NETWORK_SIZE
    var value = 1.0
    if (fadeStart) value *= smoothStep(centre / width)
    if (fadeEnd) value *= smoothStep((1 - centre) / width)
    value
}

/** From 0 at 0 to 1 at 1, level at both ends and beyond. */
internal fun smoothStep(value: Double): Double {
    val t = value.coerceIn(0.0, 1.0)
    return t * t * (3 - 2 * t)
}
