package monalive

/**
 * Finds faces and follows the one that drives: the bundle's detector and landmark network put together. After a cut it is chosen anew.
 *
 * @param blendshapes null for faces without.
 * @param driverFace which of several faces is followed.
 */
internal class LevelFaceTracker(
    private val detector: LevelFaceDetector,
    private val landmarks: PictureNetwork,
    private val blendshapes: NamedNetwork?,
    private val maxFaces: Int,
    private val driverFace: DriverFace,
) : FaceTracker {
    private val stills = StillSearch(detector, ::settled)
    private var rule = DriverRule(driverFace)
    private var change = PictureChange()
    private var cut = false // since the driver was last in sight
    private var earlierChanges = 0 // with the rules before this one
    private var size = 0 to 0
    private var frame = 0
    private var framesLost = 0

    override val driverChanges: Int get() = earlierChanges + rule.changes

    /** Whether the last picture that [track] saw was another one than the one before it, all at once. */
    var otherPicture = false
        private set

    override fun detect(image: RgbImage): List<Face> = detect(image, largestOnly = false)

    override fun detect(image: RgbImage, largestOnly: Boolean): List<Face> {
        requireLarge(image)
        val readings = stills.faces(image, largestOnly = largestOnly)
        val toned = readings.isEmpty() && Overexposure.isIn(image)
        return distinct(largestFirst(if (toned) stills.faces(Overexposure.tonedDown(image), largestOnly = largestOnly) else readings)).map(::face)
    }

    override fun track(image: RgbImage, timestampMs: Double): Face? {
        requireLarge(image)
        if (size != image.width to image.height) {
            begin()
            size = image.width to image.height
        }
        otherPicture = change.becomesAnother(image)
        cut = cut || (otherPicture && change.share > CUT_SHARE)
        var looks = rule.places.map { look(image, it) }.filter { it.presence > MIN_PRESENCE }
        val inSight = looks.any { rule.recognises(it.landmarks) }
        if (!inSight || (rule.isOpen(timestampMs) && frame % SEARCH_EVERY == 0)) {
            looks = looks + search(image, !inSight && framesLost % THOROUGH_EVERY == 0, looks)
        }
        looks = distinct(looks)
        if (cut && rule.hasDriver && looks.isNotEmpty() && looks.none { rule.recognises(it.landmarks) }) {
            earlierChanges += rule.changes + 1
            rule = DriverRule(driverFace)
        }
        val driver = rule.drive(looks.map { it.landmarks }, timestampMs, image.width, image.height)
        frame++
        framesLost = if (driver == null) framesLost + 1 else 0
        cut = cut && driver == null
        return driver?.let { face(looks[it]) }
    }

    override fun reset() {
        change = PictureChange()
        begin()
    }

    private fun begin() {
        rule = DriverRule(driverFace)
        cut = false
        earlierChanges = 0
        size = 0 to 0
        frame = 0
        framesLost = 0
    }

    override fun close() {
        detector.close()
        landmarks.close()
        blendshapes?.close()
    }

    /** Faces of a frame: as in a still, but in upright tiles alone, or in one look at the whole, which need not read [known] ones again. */
    fun search(image: RgbImage, thorough: Boolean, known: List<Reading>): List<Reading> {
        if (thorough) return largestFirst(stills.faces(image, QUARTER_TURNS.take(1)))
        val places = known.map { it.region.bounds }
        val elsewhere = detector.detectAnyWayUp(image).filter { found -> places.none { it.overlap(found.region.bounds) > SAME_FACE_OVERLAP } }
        return elsewhere.mapNotNull { found ->
            settled(image, found.region).takeIf { StillSearch.isSure(found.score, it.presence, it.unsettled) }
        }
    }

    private fun largestFirst(readings: List<Reading>) = readings.sortedByDescending { it.region.side }

    /** As many faces as are asked for, each once. */
    private fun distinct(readings: List<Reading>): List<Reading> {
        val kept = mutableListOf<Pair<Reading, Box>>()
        for (reading in readings) {
            val box = Face(reading.landmarks).box
            if (kept.none { it.second.overlap(box) > SAME_FACE_OVERLAP }) kept += reading to box
        }
        return kept.take(maxFaces).map { it.first }
    }

    /** A new face gets the further looks that it needs to be level, and measured as if it had been followed. */
    private fun settled(image: RgbImage, start: RotatedSquare): Reading {
        var region = start
        var look = look(image, region)
        for (count in 0 until MAX_LOOKS) {
            val unsettled = count < SETTLING_LOOKS || look.region.turnFrom(region) > MAX_TILT_ERROR
            if (look.presence <= HOPELESS_PRESENCE || !unsettled) break
            region = look.region
            look = look(image, region)
        }
        return look
    }

    private fun look(image: RgbImage, region: RotatedSquare): Reading {
        val made = landmarks(LevelCrop.extract(image, region, landmarks.side))
        return Reading(region.toPicture(made.getValue("landmarks")), made.getValue("presence")[0], region)
    }

    private fun face(reading: Reading): Face {
        if (blendshapes == null) return Face(reading.landmarks)
        val level = reading.region.fromPicture(reading.landmarks)
        return Face(reading.landmarks, blendshapes.invoke(mapOf("level_landmarks" to inPlane(level)))["blendshapes"])
    }

    private fun requireLarge(image: RgbImage) = require(minOf(image.width, image.height) >= MIN_IMAGE_SIDE) {
        "the picture is too small to show a face: ${image.width} x ${image.height} pixels, at least $MIN_IMAGE_SIDE x $MIN_IMAGE_SIDE are needed"
    }

    private companion object {
        const val MIN_IMAGE_SIDE = 16
        const val MIN_PRESENCE = 0.5f
        const val SAME_FACE_OVERLAP = 0.5

        /** What looks so little like a face is not looked at again. */
        const val HOPELESS_PRESENCE = 0.05f

        /** While another face may still become the driver, only every so many frames are searched for more. */
        const val SEARCH_EVERY = 5

        /** A cut changes so much of the picture at once; whoever steps in front of the driver changes less. */
        const val CUT_SHARE = 0.35

        /** While the driver is not in sight, only every so many frames of a video get the thorough search of a still. */
        const val THOROUGH_EVERY = 15

        /** What the detector says of a face's roll may be off by more: then its landmarks know better. */
        const val MAX_TILT_ERROR = 12 * Math.PI / 180
        const val MAX_LOOKS = 3

        /** Further looks at a new face, after which it is measured as if it had been followed. */
        const val SETTLING_LOOKS = 2
    }
}
