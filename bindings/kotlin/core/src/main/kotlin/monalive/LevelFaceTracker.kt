package monalive

/**
 * Finds faces and follows one: the bundle's detector and landmark network put together.
 *
 * @param blendshapes null for faces without.
 */
internal class LevelFaceTracker(
    private val detector: LevelFaceDetector,
    private val landmarks: PictureNetwork,
    private val blendshapes: NamedNetwork?,
    private val maxFaces: Int,
) : FaceTracker {
    private var followed: RotatedSquare? = null
    private var size = 0 to 0
    private var framesLost = 0

    override fun detect(image: RgbImage): List<Face> {
        requireLarge(image)
        return find(image, maxFaces, thorough = true)
    }

    override fun track(image: RgbImage, timestampMs: Double): Face? {
        requireLarge(image)
        if (size != image.width to image.height) {
            reset()
            size = image.width to image.height
        }
        val look = followed?.let { look(image, it) }?.takeIf { it.presence > MIN_PRESENCE }
        val face = look?.let(::face) ?: find(image, 1, thorough = framesLost % THOROUGH_EVERY == 0).firstOrNull()
        framesLost = if (face == null) framesLost + 1 else 0
        followed = face?.let { LevelCrop.region(it.landmarks) }
        return face
    }

    override fun reset() {
        followed = null
        size = 0 to 0
        framesLost = 0
    }

    override fun close() {
        detector.close()
        landmarks.close()
        blendshapes?.close()
    }

    private fun find(image: RgbImage, most: Int, thorough: Boolean): List<Face> {
        val faces = newFaces(image, detector.detectAnyWayUp(image), most)
        if (faces.isNotEmpty() || !thorough) return faces
        return closerLooks(image.width, image.height).firstNotNullOfOrNull { regions ->
            val found = regions.flatMap { detector.detect(image, it) }.sortedByDescending { it.score }
            newFaces(image, found, most).ifEmpty { null }
        }.orEmpty()
    }

    /** The faces in the regions, without those whose presence is too low and those already there. */
    private fun newFaces(image: RgbImage, found: List<FoundFace>, most: Int): List<Face> {
        val faces = mutableListOf<Face>()
        for (detection in found) {
            if (faces.size == most) break
            val look = settled(image, detection.region)
            if (look.presence <= MIN_PRESENCE) continue
            val face = face(look)
            if (faces.none { it.box.overlap(face.box) > SAME_FACE_OVERLAP }) faces += face
        }
        return faces
    }

    /** A new face gets the further looks that it needs to be level, and measured as if it had been followed. */
    private fun settled(image: RgbImage, start: RotatedSquare): Look {
        var region = start
        var look = look(image, region)
        for (count in 0 until MAX_LOOKS) {
            val better = LevelCrop.region(look.landmarks)
            val unsettled = count < SETTLING_LOOKS || better.turnFrom(region) > MAX_TILT_ERROR
            if (look.presence <= MIN_PRESENCE || !unsettled) break
            region = better
            look = look(image, region)
        }
        return look
    }

    private class Look(val landmarks: FloatArray, val presence: Float)

    private fun look(image: RgbImage, region: RotatedSquare): Look {
        val made = landmarks(LevelCrop.extract(image, region, landmarks.side))
        return Look(region.toPicture(made.getValue("landmarks")), made.getValue("presence")[0])
    }

    private fun face(look: Look): Face {
        if (blendshapes == null) return Face(look.landmarks)
        val level = LevelCrop.region(look.landmarks).fromPicture(look.landmarks)
        return Face(look.landmarks, blendshapes.invoke(mapOf("level_landmarks" to inPlane(level)))["blendshapes"])
    }

    private fun requireLarge(image: RgbImage) = require(minOf(image.width, image.height) >= MIN_IMAGE_SIDE) {
        "the picture is too small to show a face: ${image.width} x ${image.height} pixels, at least $MIN_IMAGE_SIDE x $MIN_IMAGE_SIDE are needed"
    }

    private companion object {
        const val MIN_IMAGE_SIDE = 16
        const val MIN_PRESENCE = 0.5f
        const val SAME_FACE_OVERLAP = 0.5

        /** While no face is in sight, only every so many frames of a video get the thorough search of a still. */
        const val THOROUGH_EVERY = 15

        /** What the detector says of a face's roll may be off by more: then its landmarks know better. */
        const val MAX_TILT_ERROR = 12 * Math.PI / 180
        const val MAX_LOOKS = 3

        /** Further looks at a new face, after which it is measured as if it had been followed. */
        const val SETTLING_LOOKS = 2
    }
}
