package monalive

import java.io.File
import kotlin.math.cos
import kotlin.math.sin

/** The bundle's tracker against the golden vectors: step by step on given answers, and as a whole on the bundle's networks. */
internal class TrackerTest(private val golden: Golden, root: File, private val networks: PythonNetworks) {
    private val wanted = golden.json("tracker.json").fields
    private val faces = golden.json("faces.json").fields
    private val kept = numbers(wanted.list("kept_landmarks")).map(Double::toInt)
    private val photo = golden.picture("photo.png")
    private val file = File(root, wanted.fields("bundle").text("file"))

    val all: Map<String, () -> Unit> = mapOf(
        "level_crops" to ::levelCrops,
        "detections" to ::detections,
        "any_way_up" to ::anyWayUp,
        "closer_looks" to ::looks,
        "sure_enough" to ::sure,
        "searches" to ::searches,
        "who_drives" to ::drivers,
        "level_regions" to ::regions,
        "points_in_regions" to ::points,
        "tracker_on_stills" to ::stills,
        "tracker_on_video" to ::video,
        "animator_with_the_bundles_tracker" to ::animator,
        "tracker_bad_input" to ::badInput,
    )

    private fun levelCrops() {
        for (case in wanted.list("crops").map { it.fields }) {
            val border = if (case.text("border") == "black") Border.BLACK else Border.REPEATED
            val made = LevelCrop.extract(photo, square(case.any("region")), case.number("size").toInt(), border)
            alike(made, golden.picture(case.text("picture")), 45.0, case.text("picture"))
        }
    }

    private fun detections() {
        for (case in wanted.list("detections").map { it.fields }) {
            val (width, height) = case.numbers("picture_size", 2).map(Double::toInt)
            val region = case.all["region"]?.let(::square) ?: RotatedSquare.whole(width, height)
            same(detector(listOf(case.list("answers"))).detect(RgbImage(width, height), region), case.list("found"))
        }
    }

    private fun anyWayUp() {
        for (case in wanted.list("any_way_up").map { it.fields }) {
            val (width, height) = case.numbers("picture_size", 2).map(Double::toInt)
            same(detector(case.list("answers").map { it.items }).detectAnyWayUp(RgbImage(width, height)), case.list("found"))
        }
    }

    private fun looks() {
        for (case in wanted.list("closer_looks").map { it.fields }) {
            val (width, height) = case.numbers("picture_size", 2).map(Double::toInt)
            val tiles = listOf(tileLooks(width, height, 2, QUARTER_TURNS), tileLooks(width, height, 4, listOf(3)))
            val found = listOf(wholeLooks(width, height, QUARTER_TURNS)) + tiles
            check(found.map { it.size } == case.list("looks").map { it.items.size })
            val expected = case.list("looks").flatMap { it.items }.map(::square)
            near(numbers(found.flatten()), numbers(expected), 1e-3, "$width x $height")
        }
    }

    private fun sure() {
        for (case in wanted.list("sure").map { it.items }) {
            val (score, presence) = case.take(2).map { (it as Number).toFloat() }
            check(StillSearch.isSure(score, presence, (case[2] as Number).toDouble()) == case[3]) { "$score, $presence" }
        }
    }

    /** What is found, and that the networks are asked as often and as the SDK asks them. */
    private fun searches() {
        val face = floats(faces.list("portrait"))
        val unit = LevelCrop.region(face).fromPicture(face)
        wanted.list("searches").map { it.fields }.forEachIndexed { index, case ->
            val presences = ArrayDeque(numbers(case.list("presences")).map(Double::toFloat))
            val answers = ArrayDeque(case.list("answers").map { it.items })
            val landmarks = PictureNetwork(Bundle.load(file), "tracker_landmarks") { _, _ ->
                network { mapOf("landmarks" to unit, "presence" to floatArrayOf(presences.removeFirst())) }
            }
            val tracker = LevelFaceTracker(detector(answers), landmarks, null, 8, DriverFace.Auto)
            val (width, height) = case.numbers("picture_size", 2).map(Double::toInt)
            val picture = RgbImage(width, height, ByteArray(width * height * 3) { case.number("level").toInt().toByte() })
            val known = case.list("known").map(::square).map { Reading(it.toPicture(unit), 1f, it) }
            val call = case.text("call")
            val found = when (call) {
                "all" -> tracker.detect(picture).map { it.landmarks }
                "largest" -> tracker.detect(picture, largestOnly = true).map { it.landmarks }
                else -> tracker.search(picture, call == "thorough", known).map { it.landmarks }
            }
            check(answers.isEmpty() && presences.isEmpty()) { "search $index: ${answers.size} looks and ${presences.size} readings are left" }
            near(numbers(found.map(LevelCrop::region)), numbers(case.list("found").map(::square)), 0.01, "search $index")
        }
    }

    private fun drivers() {
        val driven = golden.json("driver.json").fields
        val (width, height) = driven.numbers("picture_size", 2).map(Double::toInt)
        val points = floats(faces.list(driven.text("landmarks")))
        for (case in driven.list("cases").map { it.fields }) {
            val rule = DriverRule(driverFace(case.all["which"]))
            for (frame in case.list("frames").map { it.fields }) {
                val shown = frame.list("faces").map { faceAt(points, floats(it)) }
                val found = rule.drive(shown, frame.number("time_ms"), width, height)
                check(found == (frame.all["driver"] as Number?)?.toInt()) { "${case.text("name")}: $found at ${frame.number("time_ms")} ms" }
            }
        }
        check(errorOf { DriverFace.FromLeft(-1) }.first == "ValueError")
    }

    private fun driverFace(which: Any?): DriverFace = when (which) {
        "auto" -> DriverFace.Auto
        "largest" -> DriverFace.Largest
        "moving" -> DriverFace.Moving
        else -> DriverFace.FromLeft((which as Number).toInt())
    }

    /** The landmarks of a face in a frame: its centre, how much larger, and how much further its height is stretched. */
    private fun faceAt(points: FloatArray, face: FloatArray): FloatArray {
        val (x, y, scale, stretch) = face.map(Float::toDouble)
        val centre = (0 until 3).map { axis -> (axis until points.size step 3).map { points[it].toDouble() }.average() }
        return FloatArray(points.size) {
            val times = if (it % 3 == 1) scale * (1 + stretch) else scale
            ((points[it] - centre[it % 3]) * times + listOf(x, y, 0.0)[it % 3]).toFloat()
        }
    }

    private fun regions() {
        for (case in wanted.list("regions").map { it.fields }) {
            val turned = case.number("turned")
            val points = floats(faces.list(case.text("landmarks")))
            for (i in points.indices step 3) {
                val (x, y) = points[i] to points[i + 1]
                points[i] = (cos(turned) * x - sin(turned) * y).toFloat()
                points[i + 1] = (sin(turned) * x + cos(turned) * y).toFloat()
            }
            val found = LevelCrop.region(points)
            near(numbers(listOf(found)), numbers(listOf(square(case.any("region")))), 1e-3, "turned by $turned")
        }
    }

    private fun points() {
        val case = wanted.fields("points")
        val region = square(case.any("region"))
        val picture = region.toPicture(floats(case.list("unit")))
        near(picture, numbers(case.list("picture")), 1e-3, "in the picture")
        near(region.fromPicture(picture), numbers(case.list("unit")), 1e-5, "in the region")
    }

    private fun stills() = tracker(8).use { tracker ->
        for (case in wanted.list("stills").map { it.fields }) {
            same(tracker.detect(picture(case)).sortedBy { it.box.left }, case.list("faces"), "still of ${case.all["size"]}")
        }
    }

    private fun video() = tracker(1).use { tracker ->
        wanted.list("video").map { it.fields }.forEachIndexed { index, case ->
            same(listOfNotNull(tracker.track(picture(case), index * 40.0)), case.list("faces"), "frame $index")
        }
    }

    private fun animator() {
        PhotoAnimator.createFromOptions(PhotoAnimatorOptions(file, networks.of(file))).use { animator ->
            val portrait = animator.enroll(photo, Consent.ARTWORK)
            same(listOf(Face(portrait.landmarks)), wanted.list("stills")[0].fields.list("faces").map(::withoutScores), "enrolled")
            val frame = animator.animate(portrait, photo)
            check(frame.driverFound && frame.landmarks.all(Float::isFinite))
        }
    }

    private fun withoutScores(face: Any?): Any = face.fields.all - "blendshapes"

    private fun badInput() {
        val bundle = Bundle.load(golden.file("good.bundle"))
        val (error, message) = errorOf { BundleTrackers(bundle) { _, _ -> error("not to be loaded") }.create(1, false) }
        check(error == "ValueError" && "no part 'tracker_detector'" in message.orEmpty()) { "$error: $message" }
        tracker(1).use { check(errorOf { it.detect(RgbImage(15, 40)) }.first == "ValueError") { "a tiny picture" } }
    }

    private fun tracker(maxFaces: Int) = BundleTrackers(Bundle.load(file), networks.of(file)).create(maxFaces, blendshapes = true)

    private fun square(value: Any?) =
        value.fields.let { RotatedSquare(it.number("x"), it.number("y"), it.number("side"), it.number("angle")) }

    private fun numbers(squares: List<RotatedSquare>) = squares.flatMap { listOf(it.x, it.y, it.side, it.angle) }.toDoubleArray()

    private fun same(found: List<FoundFace>, expected: List<Any?>) {
        near(numbers(found.map { it.region }), numbers(expected.map { square(it.fields.any("region")) }), 1e-3, "regions")
        val scores = expected.map { it.fields.number("score") }
        near(found.map { it.score.toDouble() }.toDoubleArray(), scores.toDoubleArray(), 1e-5, "scores")
    }

    private fun same(found: List<Face>, expected: List<Any?>, what: String) {
        check(found.size == expected.size) { "$what: ${found.size} faces, not ${expected.size}" }
        for ((face, case) in found.zip(expected)) {
            val some = FloatArray(kept.size * 3) { face.landmarks[kept[it / 3] * 3 + it % 3] }
            near(some, numbers(case.fields.list("landmarks")), TRACKED, what)
            val scores = case.fields.all["blendshapes"] ?: continue
            near(checkNotNull(face.blendshapes) { "$what: no blendshapes" }, numbers(scores), 0.05, "$what, blendshapes")
        }
    }

    /** Copies of the photo on grey, clipped. */
    private fun picture(case: Fields): RgbImage {
        val (width, height) = case.numbers("size", 2).map(Double::toInt)
        val picture = RgbImage(width, height, ByteArray(width * height * 3) { 128.toByte() })
        for (place in case.list("photos")) {
            val (x, y) = numbers(place).map(Double::toInt)
            val left = maxOf(x, 0)
            val count = (minOf(x + photo.width, width) - left) * 3
            for (row in maxOf(y, 0) until minOf(y + photo.height, height)) {
                System.arraycopy(photo.rgb, ((row - y) * photo.width + left - x) * 3, picture.rgb, (row * width + left) * 3, count)
            }
        }
        return picture
    }

    /** A detector whose network gives each of a list of answers in turn. */
    private fun detector(calls: List<List<Any?>>) = detector(ArrayDeque(calls))

    /** One that takes its answers out of the list. */
    private fun detector(rest: ArrayDeque<List<Any?>>): LevelFaceDetector {
        val network = network {
            val scores = FloatArray(GRID * GRID)
            val places = FloatArray(GRID * GRID * 5)
            for (answer in rest.removeFirst().map(::floats)) {
                val at = answer[0].toInt() * GRID + answer[1].toInt()
                scores[at] = answer[2]
                answer.copyInto(places, at * 5, 3)
            }
            mapOf("scores" to scores, "places" to places)
        }
        return LevelFaceDetector(PictureNetwork(Bundle.load(file), "tracker_detector") { _, _ -> network })
    }

    private fun network(answer: () -> Map<String, FloatArray>) = object : Network {
        override fun run(inputs: Map<String, FloatArray>) = answer()

        override fun close() = Unit
    }

    private companion object {
        const val GRID = 16

        /** Of landmarks, in pixels: crops differ by single levels (OpenCV samples in steps of 1/32 pixel), which the int8 networks enlarge. */
        const val TRACKED = 0.5
    }
}
