package monalive

import java.io.File

/** Eyes and mouth: their crops and paste against the golden vectors, and their networks as an animator uses them. */
internal class RegionTest(private val golden: Golden, runtime: NetworkRuntime, bundle: File) {
    private val faces = golden.json("faces.json").fields
    private val driver = faces.list("driver").map(::floats)
    private val shipped = Bundle.load(bundle)
    private val standIns = RegionStandIns(runtime)

    val all: Map<String, () -> Unit> = mapOf(
        "region_crop" to ::crops,
        "region_paste" to ::pastes,
        "regions_at_rest" to ::atRest,
        "regions_painted" to ::painted,
        "regions_without_colour" to ::withoutColour,
        "regions_missing" to ::missing,
    )

    private fun crops() {
        val file = golden.json("region_crop.json").fields
        val photo = golden.picture(file.text("photo"))
        val inPixels = file.fields("in_pixels")
        val found = RegionPlace.inPixels(floats(inPixels.list("units")), 0, crop(inPixels.any("crop")))
        near(numbers(found), numbers(inPixels.list("pixels")), 1e-3, "place in pixels")
        for (case in file.list("extract").map { it.fields }) {
            val made = extractRegion(photo, place(case.any("place")), case.number("width").toInt(), case.number("height").toInt())
            alike(made, golden.picture(case.text("picture")), 45.0, case.text("picture"))
        }
    }

    private fun pastes() {
        val file = golden.json("region_paste.json").fields
        val photo = golden.picture(file.text("photo"))
        val frame = golden.picture(file.text("frame"))
        val (width, height) = listOf("width", "height").map { file.fields("flow").number(it).toInt() }
        val made = RegionFrame(
            width, height, flow(file.any("flow")), golden.mask(file.text("mask")), golden.colours(file.text("painted")),
        )
        val paste = RegionPaste()
        for (case in file.list("cases").map { it.fields }) {
            val changed = frame.copy()
            val bounds = case.all["bounds"]?.let(::whole) ?: listOf(0, 0, frame.width, frame.height)
            val layer = RegionLayer(photo, place(case.any("photo_place")), made)
            paste(changed, place(case.any("place")), layer, bounds[0] until bounds[2], bounds[1] until bounds[3])
            val (left, top, right, bottom) = whole(case.any("changed"))
            val part = changed.means(left, top, right, bottom, 1)
            alike(part, golden.picture(case.text("result")), 45.0, case.text("result"))
            onlyWithin(changed, frame, left until right, top until bottom)
        }
    }

    private fun atRest() = animator().use { animator ->
        val portrait = animator.enroll(golden.picture("photo.png"), Consent.ARTWORK)
        val places = List(3) { RegionPlace.inPixels(RegionStandIns.PLACES, it * 6, portrait.crop) }
        val sizes = listOf(64 to 64, 64 to 64, 128 to 96)
        for ((index, given) in standIns.photos.withIndex()) {
            val wanted = extractRegion(portrait.photo, places[index], sizes[index].first, sizes[index].second)
            near(given, DoubleArray(given.size) { wanted.byte(it) / 255.0 }, 1e-6, "crop $index")
        }
        check(standIns.photos.size == 3)
        val frame = play(animator, portrait)
        for ((place, size) in places zip sizes) { // moved by nothing: the photo's own pixels, whatever the frame's were
            val (u, v) = size.first / 2.0 to size.second / 2.0
            val (x, y) = place.x(u, v).toInt() to place.y(u, v).toInt()
            val (found, wanted) = listOf(frame, portrait.photo).map { it.means(x - 3, y - 3, x + 3, y + 3, 1) }
            alike(found, wanted, 60.0, "the photo at rest")
        }
    }

    private fun painted() {
        val without = animator(emptySet()).use { play(it, it.enroll(golden.picture("photo.png"), Consent.ARTWORK)) }
        standIns.colour = floatArrayOf(1f, 0f, 0f)
        val (frame, square) = animator().use {
            val portrait = it.enroll(golden.picture("photo.png"), Consent.ARTWORK)
            play(it, portrait) to portrait.crop
        }
        fun column(u: Double) = (square.x + u * square.side).toInt()
        fun row(v: Double) = (square.y + v * square.side).toInt()
        for ((u, v) in listOf(0.65 to 0.45, 0.45 to 0.45, 0.5 to 0.675)) {
            val at = (row(v) * frame.width + column(u)) * 3
            check(List(3) { frame.byte(at + it) } == listOf(255, 0, 0)) { "not painted at $u, $v" }
        }
        onlyWithin(frame, without, column(0.4)..column(0.7), row(0.4)..row(0.75))
    }

    private fun withoutColour() {
        standIns.colour = floatArrayOf(0.9f, 0f, 0f)
        val photo = golden.picture("photo.png")
        for (i in photo.rgb.indices) photo.rgb[i] = photo.rgb[i - i % 3]
        val frame = animator().use { play(it, it.enroll(photo, Consent.ARTWORK)) }
        check(frame.isBlackAndWhite) { "colour in a black-and-white photo" }
    }

    private fun missing() {
        for (part in RegionStandIns.PARTS) {
            val message = errorOf { animator(RegionStandIns.PARTS - part) }.second.orEmpty()
            check("no part '$part'; use a complete bundle" in message) { message }
        }
        val bare = animator(emptySet()).use { it.enroll(golden.picture("photo.png"), Consent.ARTWORK) }
        animator().use { animator ->
            check("enrol its photo again" in errorOf { play(animator, bare) }.second.orEmpty()) { "a portrait without regions" }
            standIns.places = FloatArray(18) { Float.NaN }
            check("no pose" in errorOf { animator.enroll(golden.picture("photo.png"), Consent.ARTWORK) }.second.orEmpty())
        }
    }

    /** With [parts] of the networks of eyes and mouth. */
    private fun animator(parts: Set<String> = RegionStandIns.PARTS): PhotoAnimator {
        standIns.places = RegionStandIns.PLACES
        standIns.photos.clear()
        val bundle = RegionStandIns.bundle(shipped, parts)
        return PhotoAnimator.createFromOptions(PhotoAnimatorOptions(bundle, standIns, Sight(golden, faces), RunningMode.VIDEO))
    }

    /** A frame far from rest. */
    private fun play(animator: PhotoAnimator, portrait: Portrait): RgbImage {
        val motion = Motion(listOf(driver[0], driver[1]), doubleArrayOf(0.0, 40.0), 512, 512, 25.0)
        return animator.play(portrait, motion).last().image
    }

    private fun onlyWithin(changed: RgbImage, before: RgbImage, columns: IntRange, rows: IntRange) {
        for (i in changed.rgb.indices) {
            val (x, y) = i / 3 % changed.width to i / 3 / changed.width
            check(changed.rgb[i] == before.rgb[i] || (x in columns && y in rows)) { "pixel $x, $y is another one" }
        }
        check(!changed.rgb.contentEquals(before.rgb)) { "nothing changed" }
    }

    private fun whole(value: Any?) = numbers(value).map(Double::toInt)

    private fun numbers(place: RegionPlace) = doubleArrayOf(place.a, place.b, place.c, place.d, place.e, place.f)

    private fun place(value: Any?) = numbers(value).let { RegionPlace(it[0], it[1], it[2], it[3], it[4], it[5]) }
}
