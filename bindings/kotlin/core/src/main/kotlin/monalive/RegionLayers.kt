package monalive

/**
 * Draws a portrait's eyes and mouth over what the other networks drew.
 *
 * @param columns of the photo that may change.
 * @param rows of the photo that may change.
 * @throws IllegalArgumentException the portrait was enrolled without these networks.
 */
internal class RegionLayers(
    private val portrait: Portrait, private val networks: RegionNetworks, private val columns: IntRange, private val rows: IntRange,
) {
    private val paste = RegionPaste()

    init {
        require(portrait.regions.isNotEmpty()) {
            "the portrait was enrolled without networks of eyes and mouth; enrol its photo again"
        }
    }

    /**
     * Draws them into a frame, in place.
     *
     * @param picture the photo with the rest of the face animated.
     * @param landmarks 478 x 3 wanted, in units of the photo's crop.
     */
    fun draw(picture: RgbImage, landmarks: FloatArray) {
        for ((region, located) in FaceRegion.entries.zip(networks.locate(landmarks, portrait.crop))) {
            val enrolled = portrait.regions[region.ordinal]
            val frame = networks.animate(region, enrolled, located.landmarks)
            if (portrait.isBlackAndWhite) withoutColour(frame.painted)
            paste(picture, located.place, RegionLayer(portrait.photo, enrolled.place, frame), columns, rows)
        }
    }
}

/** Makes colours (red, green and blue in turn) shades of grey: each the mean of its channels. */
internal fun withoutColour(rgb: FloatArray) {
    for (i in rgb.indices step 3) rgb.fill((rgb[i] + rgb[i + 1] + rgb[i + 2]) / 3, i, i + 3)
}
