package monalive

/** A region of the face with a place of its own, in the order in which `region_crops` gives them. */
internal enum class FaceRegion(val key: String, val kind: String) {
    LEFT_EYE("left_eye", "eye"),
    RIGHT_EYE("right_eye", "eye"), // drawn as a left one: its crop is mirrored, landmarks included
    MOUTH("mouth", "mouth"),
}

/**
 * Where a region lies.
 *
 * @property place its crop in the photo.
 * @property landmarks 478 x 2 crop pixels.
 */
internal class LocatedRegion(val place: RegionPlace, val landmarks: FloatArray)

/**
 * An eye or the mouth of a photo.
 *
 * @property place its crop in the photo.
 * @property inputs the inputs of its animate network that stay the same for every frame.
 */
internal class EnrolledRegion(val place: RegionPlace, val inputs: Map<String, FloatArray>)

/**
 * What a region's network computes for a frame, each over the region's crop of [width] x [height].
 *
 * @property flow crop pixels, x then y: position in the photo's crop minus position in the frame's crop.
 * @property mask in [0, 1]; 1 takes the photo's own moved pixels.
 * @property painted RGB in about [0, 1].
 */
internal class RegionFrame(
    val width: Int, val height: Int, val flow: FloatArray, val mask: FloatArray, val painted: FloatArray,
)

/**
 * The networks of eyes and mouth of a bundle that has them. Not to be called from two threads at once.
 *
 * @param load loads a part of the bundle.
 */
internal class RegionNetworks(load: (String) -> NamedNetwork) {
    private val crops = load(CROPS)
    private val enroll = KINDS.associateWith { load("enroll_$it") }
    private val animate = KINDS.associateWith { load("animate_$it") }

    /**
     * Each [FaceRegion] of a face.
     *
     * @param landmarks 478 x 3 in units of [crop].
     * @throws IllegalArgumentException no pose can be fitted to the landmarks.
     */
    fun locate(landmarks: FloatArray, crop: SquareCrop): List<LocatedRegion> {
        val made = crops(mapOf("face_landmarks" to landmarks))
        val places = made.getValue("places")
        require(places.all(Float::isFinite)) { NO_POSE }
        return FaceRegion.entries.map {
            LocatedRegion(RegionPlace.inPixels(places, it.ordinal * 6, crop), made.getValue("${it.key}_landmarks"))
        }
    }

    /** What of each [FaceRegion] depends on the photo alone. Throws as [locate]. */
    fun enroll(photo: RgbImage, landmarks: FloatArray, crop: SquareCrop): List<EnrolledRegion> =
        FaceRegion.entries.zip(locate(crop.toUnit(landmarks), crop)) { region, located ->
            val network = enroll.getValue(region.kind)
            val (width, height) = size(region)
            val picture = extractRegion(photo, located.place, width, height)
            val inputs = mapOf(
                "${region.kind}_photo" to FloatArray(picture.rgb.size) { picture.byte(it) / 255f },
                "${region.kind}_source_landmarks" to located.landmarks,
            )
            EnrolledRegion(located.place, inputs + network(inputs))
        }

    /** One frame of one region, whose [landmarks] (478 x 2) are wanted in pixels of the frame's crop. */
    fun animate(region: FaceRegion, enrolled: EnrolledRegion, landmarks: FloatArray): RegionFrame {
        val out = animate.getValue(region.kind)(enrolled.inputs + ("${region.kind}_target_landmarks" to landmarks))
        fun output(name: String) = out.getValue("${region.kind}_$name")
        val (width, height) = size(region)
        return RegionFrame(width, height, output("flow"), output("mask"), output("painted"))
    }

    /** Width and height of a region's crop. */
    private fun size(region: FaceRegion): Pair<Int, Int> {
        val photo = enroll.getValue(region.kind).manifest.inputs.first { it.name == "${region.kind}_photo" }
        return photo.shape[2] to photo.shape[1]
    }

    companion object {
        private const val CROPS = "region_crops"
        private val KINDS = listOf("eye", "mouth")
        private val PARTS = listOf(CROPS) + KINDS.flatMap { listOf("enroll_$it", "animate_$it") }

        /**
         * Those of a bundle; null where it has none, as bundles of earlier versions.
         *
         * @throws IllegalArgumentException it has some of them and lacks others.
         */
        fun of(bundle: Bundle, load: (String) -> NamedNetwork): RegionNetworks? {
            val missing = PARTS.filter { it !in bundle.parts }
            if (missing.size == PARTS.size) return null
            require(missing.isEmpty()) {
                "the bundle has networks of eyes and mouth but no part ${missing.joinToString { "'$it'" }}; use a complete bundle"
            }
            return RegionNetworks(load)
        }
    }
}
