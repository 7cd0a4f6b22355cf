package monalive

import java.io.File
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import kotlin.math.abs
import kotlin.system.exitProcess

/**
 * The core against the golden vectors of the Python SDK. Arguments: the repository's root, and the Python that has the SDK.
 * Prints a line for each test, "ok NAME" or "failed NAME: why"; ends with status 1 if any failed.
 */
fun main(arguments: Array<String>) {
    val root = File(arguments[0]).absoluteFile
    val bundle = File(root, "sdk/monalive/assets/default.bundle")
    val networks = PythonNetworks(arguments[1], File(root, "tests/support/network_server.py"))
    val golden = Golden(File(root, "tests/golden/bindings"))
    val tests = GoldenTest(golden, networks.of(bundle), bundle).all + RegionTest(golden, networks.of(bundle), bundle).all +
        TrackerTest(golden, root, networks).all + LipsTest(golden, root, networks).all
    var failed = 0
    for ((name, test) in tests) {
        try {
            test()
            println("ok $name")
        } catch (error: Throwable) {
            failed++
            println("failed $name: $error")
            error.printStackTrace()
        }
    }
    networks.close()
    exitProcess(if (failed > 0) 1 else 0)
}

internal class GoldenTest(private val golden: Golden, private val runtime: NetworkRuntime, private val bundle: File) {
    private val faces = golden.json("faces.json").fields
    private val driver = faces.list("driver").map(::floats)
    private val driverSize = faces.numbers("driver_size", 2).map(Double::toInt)
    private val times = numbers(faces.list("driver_timestamps_ms"))
    private val onePoint = FloatArray(LANDMARK_COUNT * 3)

    val all: Map<String, () -> Unit> = mapOf(
        "crop" to ::crops,
        "extract" to ::extracts,
        "black_and_white" to ::blackAndWhite,
        "retarget" to ::retargets,
        "retarget_restarts" to ::restarts,
        "driver_anchor" to ::driverAnchors,
        "background_flow" to ::backgroundFlow,
        "image_mode" to ::imageMode,
        "paste_back" to ::pastesBack,
        "frames_from_recorded_networks" to ::framesFromRecordedNetworks,
        "frames_with_networks" to ::framesWithNetworks,
        "bundles" to ::bundles,
        "motions" to ::motions,
        "motion_round_trip" to ::motionRoundTrip,
        "running_modes" to ::runningModes,
        "live_stream" to ::liveStream,
        "several_people" to ::severalPeople,
        "play_holds_and_consent" to ::playHoldsAndConsent,
        "badge" to ::badge,
        "pixel_mark" to ::pixelMark,
        "bad_input" to ::badInput,
    )

    private fun crops() {
        val landmarks = floats(faces.list("portrait"))
        for (case in golden.json("crop.json").fields.list("portrait_crop")) {
            val fields = case.fields
            val scale = fields.number("scale").toFloat()
            val shift = floats(fields.list("shift")) + 0f
            val moved = FloatArray(landmarks.size) { landmarks[it] * scale + shift[it % 3] }
            val (width, height) = fields.numbers("image_size", 2).map(Double::toInt)
            val found = SquareCrop.forPortrait(moved, width, height)
            val wanted = crop(fields.any("crop"))
            near(doubleArrayOf(found.x, found.y, found.side), doubleArrayOf(wanted.x, wanted.y, wanted.side), 1e-3, "crop")
            near(found.toUnit(moved).sliceArray(3..5), numbers(fields.list("unit_of_landmark_1")), 1e-5, "landmark 1")
            near(found.toPixels(found.toUnit(moved)), moved.map(Float::toDouble).toDoubleArray(), 1e-2, "there and back")
        }
    }

    private fun extracts() {
        val photo = golden.picture("photo.png")
        for (case in golden.json("crop.json").fields.list("extract")) {
            val name = case.fields.text("picture")
            val found = crop(case.fields.any("crop")).extract(photo, case.fields.number("size").toInt())
            alike(found, golden.picture(name), 45.0, name)
        }
        alike(SquareCrop(0.0, 0.0, 288.0).extract(photo, 288), photo, 99.0, "the whole photo")
    }

    private fun blackAndWhite() {
        val photo = golden.picture("photo.png")
        check(!photo.isBlackAndWhite)
        for (i in photo.rgb.indices step 3) {
            val mean = (photo.byte(i) + photo.byte(i + 1) + photo.byte(i + 2)) / 3
            photo.rgb.fill(mean.toByte(), i, i + 3)
        }
        check(photo.isBlackAndWhite)
    }

    private fun retargets() {
        val file = golden.json("retarget.json").fields
        val kept = numbers(file.list("kept_landmarks")).map(Double::toInt)
        BundleNetworks(Bundle.load(bundle), runtime).use { networks ->
            for (case in file.list("cases").map { it.fields }) {
                val name = case.text("name")
                val options = options(case.fields("options").all)
                val portrait = floats(faces.list(case.text("portrait")))
                val retargeter = Retargeter(portrait, crop(case.any("crop")), networks, options)
                check(errorOf { retargeter.step(driver[0], 0.0) }.first == "RuntimeError") { "step() before start()" }
                retargeter.start(driver[0], driverSize[0], driverSize[1])
                case.list("landmarks").forEachIndexed { index, wanted ->
                    val found = retargeter.step(driver[index], times[index])
                    val some = FloatArray(kept.size * 3) { found[kept[it / 3] * 3 + it % 3] }
                    near(some, numbers(wanted), 1e-4, "$name, frame $index")
                }
                if (options.smooth) check(errorOf { retargeter.step(driver[0], times.last()) }.first == "ValueError") { name }
            }
            val portrait = floats(faces.list("portrait"))
            val retargeter = Retargeter(portrait, SquareCrop(0.0, 0.0, 288.0), networks, RetargetOptions())
            retargeter.start(driver[0], driverSize[0], driverSize[1])
            for (call in listOf({ retargeter.step(onePoint, 0.0) }, { retargeter.start(onePoint, 64, 64) })) {
                check("coincide" in errorOf { call() }.second.orEmpty()) { "a face in one point" }
            }
        }
    }

    private fun restarts() {
        val portrait = floats(faces.list("portrait"))
        val square = SquareCrop(0.0, 0.0, 288.0)
        val rest = square.toUnit(portrait)
        val (width, height) = driverSize
        fun apart(one: FloatArray, other: FloatArray) = one.indices.maxOf { abs(one[it] - other[it]) }
        BundleNetworks(Bundle.load(bundle), runtime).use { networks ->
            val options = RetargetOptions(smooth = false)
            fun retargeter() = Retargeter(portrait, square, networks, options).also { it.start(driver[4], width, height) }
            val before = retargeter().step(driver[0], 0.0)
            check(apart(before, rest) > 0.02)
            for (afterCut in listOf(false, true)) {
                val to = Anchoring(driver[0], 400.0, afterCut)
                check(errorOf { Retargeter(portrait, square, networks, options).restart(to, width, height) }.first == "RuntimeError")
                val one = retargeter()
                val made = List(20) { frame ->
                    if (frame == 2) one.restart(to, width, height)
                    one.step(driver[if (frame < 2) 4 else 0], frame * 40.0)
                }
                check(apart(made[19], rest) < 1e-5 && apart(made[2], if (afterCut) rest else before) < 1e-5) { "after a cut: $afterCut" }
                val steps = made.drop(2).zipWithNext(::apart)
                check(steps.max() < 0.2 * apart(before, rest) + 1e-5) { "it jumps by ${steps.max()}" }
            }
        }
    }

    private fun driverAnchors() {
        val file = golden.json("driver_anchor.json").fields
        val known = listOf(floats(faces.list("portrait")), floats(faces.list("three_quarter_portrait"))) + driver
        val measures = known.map(NeutralFace::measures)
        file.list("measures").forEachIndexed { index, wanted -> near(measures[index], numbers(wanted), 1e-3, "measures of face $index") }
        near(NeutralFace.departures(measures).toDoubleArray(), numbers(file.list("departed")), 1e-2, "departures")
        val references = mapOf("neutral" to DriverReference.Neutral, "first" to DriverReference.First, "recent" to DriverReference.Recent)
        for (case in file.list("sequences").map { it.fields }) {
            val given = case.any("reference")
            val anchor = DriverAnchor(references[given] ?: DriverReference.Frame((given as Double).toInt()))
            val change = PictureChange()
            val made = mutableListOf<List<Any>>()
            file.list("frames").forEachIndexed { number, frame ->
                val (index, shift, level, asked) = frame.items
                if (asked == true) anchor.ask()
                val face = known.getOrNull(index.number.toInt())?.let { points ->
                    FloatArray(points.size) { if (it % 3 == 0) points[it] + shift.number.toFloat() else points[it] }
                }
                val picture = RgbImage(32, 24, ByteArray(32 * 24 * 3) { level.number.toInt().toByte() })
                anchor.next(face, number * 100.0, change.becomesAnother(picture))?.let { made.add(listOf(number, it.landmarks[3], it.glideMs, it.afterCut)) }
            }
            val wanted = case.list("anchored")
            check(made.size == wanted.size) { "$given: $made" }
            for ((one, other) in made.zip(wanted.map { it.items })) {
                check(one[0] == other[0].number.toInt() && one[2] == other[2] && one[3] == other[3]) { "$given: $one, not $other" }
                check(abs(one[1] as Float - other[1].number) < 0.01) { "$given: $one, not $other" }
            }
        }
        check(errorOf { DriverReference.Frame(-1) }.first == "ValueError")
        countedAnew(file.fields("motion"), known, references)
    }

    /** A motion counted from other frames. */
    private fun countedAnew(file: Fields, known: List<FloatArray>, references: Map<String, DriverReference>) {
        val frames = file.list("frames").map(::floats).map { (index, shift) ->
            val points = known[index.toInt()]
            FloatArray(points.size) { if (it % 3 == 0) points[it] + shift else points[it] }
        }
        val starts = listOf(0, file.number("second_take").toInt())
        val times = DoubleArray(frames.size) { it * 100.0 }
        val motion = Motion(frames, times, 640, 480, 10.0, takes = starts.map { Motion.Take(it, frames[it]) })
        for (case in file.list("cases").map { it.fields }) {
            val given = case.any("reference")
            val made = motion.withReference(references[given] ?: DriverReference.Frame((given as Double).toInt())).takes
            val wanted = case.list("takes").map { it.items }
            check(made.map { it.start } == wanted.map { it[0].number.toInt() }) { "$given: ${made.map { it.start }}" }
            near(made.map { it.reference[3].toDouble() }.toDoubleArray(), wanted.map { it[1].number }.toDoubleArray(), 0.01, "$given")
        }
        for (other in listOf(DriverReference.Recent, DriverReference.Frame(frames.size))) {
            check(errorOf { motion.withReference(other) }.first == "ValueError") { "$other" }
        }
    }

    private fun options(given: Map<String, Any?>): RetargetOptions {
        val byKey = Region.entries.associateBy { it.key }
        return RetargetOptions(
            absolute = given["absolute"] == true,
            smooth = given["smooth"] != false,
            regions = (given["regions"] as List<*>?)?.map { byKey.getValue(it as String) }?.toSet() ?: Region.entries.toSet(),
            gains = given["gains"]?.fields?.all.orEmpty().entries.associate { byKey.getValue(it.key) to it.value.number },
        )
    }

    private fun backgroundFlow() {
        val case = golden.json("background_flow.json").fields
        val ms = numbers(case.list("timestamps_ms"))
        val measured = case.list("measured").map(::floats)
        BundleNetworks(Bundle.load(bundle), runtime).use { networks ->
            val smoothing = SurroundingsTransfer(networks, RetargetOptions(absolute = true))
            repeat(2) {
                smoothing.start() // the second time as the first
                case.list("smoothed").forEachIndexed { index, wanted ->
                    near(smoothing.step(measured[index], ms[index])!!, numbers(wanted), 1e-5, "frame $index")
                }
            }
            check(errorOf { smoothing.step(measured[0], ms.last()) }.first == "ValueError") { "time that stands still" }
            val sharp = SurroundingsTransfer(networks, RetargetOptions(absolute = true, smooth = false))
            for (frame in measured) near(sharp.step(frame, 0.0)!!, numbers(frame.map(Float::toDouble)), 0.0, "not smoothed")
            for (options in listOf(RetargetOptions(), RetargetOptions(absolute = true, gains = mapOf(Region.POSE to 0.5)))) {
                check(SurroundingsTransfer(networks, options).step(measured[0], 0.0) == null) { "not taken over" }
            }
        }
    }

    private fun imageMode() {
        val kept = numbers(golden.json("retarget.json").fields.list("kept_landmarks")).map(Double::toInt)
        BundleNetworks(Bundle.load(bundle), runtime).use { networks ->
            for (case in golden.json("image_mode.json").items.map { it.fields }) {
                val face = Face(floats(case.list("landmarks")), floats(case.list("blendshapes")))
                val (reference, moved) = networks.asMeanFace(face)
                fun some(points: FloatArray) = FloatArray(kept.size * 3) { points[kept[it / 3] * 3 + it % 3] }
                near(some(reference), numbers(case.list("reference")), 1e-2, "reference")
                near(some(moved), numbers(case.list("moved")), 1e-2, "moved")
            }
            for (scores in listOf(null, FloatArray(51))) {
                check(errorOf { networks.asMeanFace(Face(driver[0], scores)) }.first == "ValueError") { "other scores" }
            }
            check("coincide" in errorOf { networks.asMeanFace(Face(onePoint, FloatArray(52))) }.second.orEmpty()) { "a face in one point" }
        }
    }

    private fun pastesBack() {
        for (case in golden.json("paste_back.json").items.map { it.fields }) {
            val square = crop(case.any("crop"))
            val photo = golden.picture(case.text("photo"))
            val feather = cropFeather(square, photo.width, photo.height)
            near(feather.sliceArray(128 * 256 until 129 * 256), numbers(case.list("feather_row_128")), 1e-5, "feather")
            near(FloatArray(256) { feather[it * 256 + 128] }, numbers(case.list("feather_column_128")), 1e-5, "feather")
            val paste = PasteBack(square, photo.width, photo.height)
            val frame = paste(photo, flow(case.any("flow")), golden.mask(case.text("mask")), golden.colours(case.text("painted")))
            alike(frame, golden.picture(case.text("result")), 45.0, case.text("result"))
            outsideIsThePhoto(frame, photo, square)
        }
    }

    private fun outsideIsThePhoto(frame: RgbImage, photo: RgbImage, square: SquareCrop) {
        for (y in 0 until photo.height) for (x in 0 until photo.width) {
            val inside = x >= square.x - 1 && x <= square.x + square.side && y >= square.y - 1 && y <= square.y + square.side
            if (!inside) for (c in 0..2) check(frame.byte((y * photo.width + x) * 3 + c) == photo.byte((y * photo.width + x) * 3 + c)) {
                "pixel $x, $y outside the crop is another one"
            }
        }
    }

    private fun framesFromRecordedNetworks() {
        val file = golden.json("frames.json").fields
        val photo = golden.picture(file.text("photo"))
        val square = crop(file.any("crop"))
        alike(square.extract(photo, 256), golden.picture(file.text("photo_crop")), 45.0, "the photo's crop")
        val paste = PasteBack(square, photo.width, photo.height)
        for (frame in file.list("frames").map { it.fields }) {
            val found = paste(photo, flow(frame.any("flow")), golden.mask(frame.text("mask")), golden.colours(frame.text("painted")))
            alike(found, golden.picture(frame.text("image")), 45.0, frame.text("image"))
        }
    }

    private fun framesWithNetworks() {
        val file = golden.json("frames.json").fields
        animator(RunningMode.VIDEO).use { animator ->
            val portrait = animator.enroll(golden.picture(file.text("photo")), Consent.ARTWORK)
            val (width, height) = driverSize
            val played = animator.play(portrait, Motion(driver, times, width, height, 25.0)).toList()
            for (frame in file.list("frames").map { it.fields }) {
                val found = played[frame.number("index").toInt()]
                check(found.timestampMs == frame.number("timestamp_ms"))
                val flat = inPlane(found.landmarks)
                near(flat, numbers(frame.list("target_landmarks")), 1e-4, "target landmarks")
                alike(found.cropImage, golden.picture(frame.text("crop_image")), 40.0, frame.text("crop_image"))
                println("# frame ${frame.number("index").toInt()}: %.1f dB".format(psnr(found.cropImage, golden.picture(frame.text("crop_image")))))
                outsideIsThePhoto(found.image, portrait.photo, portrait.crop)
            }
        }
    }

    private fun bundles() {
        for (case in golden.json("bundles.json").items.map { it.fields }) {
            val file = golden.file(case.text("file"))
            var found: Bundle? = null
            expect(case, errorOf { found = Bundle.load(file) })
            found?.let { opened ->
                check(opened.modelVersion == case.text("model_version") && opened.sha256 == case.text("sha256"))
                check(opened.about == case.fields("about").all) { opened.about }
                check(opened.parts.mapValues { it.value.remaining().toDouble() } == case.fields("parts").all) { file }
            }
        }
        check(errorOf { Bundle.load(golden.file("none.bundle")) }.first == "FileNotFoundError")
        val parts = Bundle.load(bundle)
        check(parts.partManifest("animate").inputs.single { it.name == "target_landmarks" }.shape == listOf(1, 478, 2))
        check("no part 'tracker'" in errorOf { parts.partManifest("tracker") }.second.orEmpty())
        val older = Bundle.load(golden.file("good.bundle"))
        check("no part 'retarget_start'" in errorOf { BundleNetworks(older, runtime) }.second.orEmpty()) { "a bundle without retargeting" }
    }

    private fun motions() {
        for (case in golden.json("motions.json").items.map { it.fields }) {
            var found: Motion? = null
            expect(case, errorOf { found = Motion.load(golden.file(case.text("file"))) })
            found?.let { motion -> holds(motion, case) }
        }
        check(errorOf { Motion.load(golden.file("none.motion")) }.first == "FileNotFoundError")
    }

    private fun holds(motion: Motion, case: Fields) {
        check(motion.name == case.text("name") && motion.loop == (case.all["loop"] == true) && motion.fps == case.number("fps") &&
            motion.speech == (case.all["speech"] == true))
        check(listOf(motion.imageWidth, motion.imageHeight) == numbers(case.list("image_size")).map(Double::toInt))
        near(motion.timestampsMs, numbers(case.list("timestamps_ms")), 0.0, "times")
        check(motion.durationMs == case.number("duration_ms"))
        for (index in listOf(159, 477)) {
            val found = motion.landmarks.flatMap { it.slice(index * 3..index * 3 + 2) }.toFloatArray()
            near(found, numbers(case.list("landmark_$index")), 1e-3, "landmark $index")
        }
        check(motion.takes.map { it.start } == numbers(case.list("take_starts")).map(Double::toInt))
        val rests = motion.takes.flatMap { it.reference.slice(159 * 3..159 * 3 + 2) }.toFloatArray()
        near(rests, numbers(case.list("reference_landmark_159")), 1e-3, "references")
        val around = case.all["surroundings_row_5_column_7"]
        check((around == null) == (motion.surroundings == null))
        if (around != null) {
            val cell = (5 * 16 + 7) * 3
            near(motion.surroundings!!.flatMap { it.slice(cell..cell + 2) }.toFloatArray(), numbers(around), 1e-6, "surroundings")
        }
    }

    private fun motionRoundTrip() {
        val (cut, copied) = Motion.load(golden.file("takes.motion")).let { motion ->
            val file = File.createTempFile("monalive", ".motion")
            motion.save(file)
            motion to Motion.load(file).also { file.delete() }
        }
        check(copied.takes.map { it.start } == cut.takes.map { it.start } && cut.takes.size == 2)
        for ((one, other) in copied.takes.zip(cut.takes)) {
            near(one.reference, DoubleArray(LANDMARK_COUNT * 3) { other.reference[it].toDouble() }, 0.01, "references")
        }
        val speaking = File.createTempFile("monalive", ".motion")
        Motion.load(golden.file("speech.motion")).withReference(DriverReference.First).save(speaking)
        check(Motion.load(speaking).also { speaking.delete() }.speech) { "it does not say that it speaks" }
        val whole = Motion.load(golden.file("surroundings.motion"))
        val copy = File.createTempFile("monalive", ".motion")
        whole.save(copy)
        val read = Motion.load(copy)
        copy.delete()
        check(read.name == whole.name && read.loop == whole.loop && read.timestampsMs.contentEquals(whole.timestampsMs))
        for (frame in whole.landmarks.indices) {
            near(read.landmarks[frame], DoubleArray(LANDMARK_COUNT * 3) { whole.landmarks[frame][it].toDouble() }, 0.01, "frame $frame")
            check(read.surroundings!![frame].contentEquals(whole.surroundings!![frame]))
        }
    }

    private fun expect(case: Fields, found: Pair<String?, String?>) {
        val (error, message) = found
        check(error == case.all["error"]) { "${case.text("file")}: $error ($message), not ${case.all["error"]}" }
        case.all["says"]?.let { check(it as String in message.orEmpty()) { "${case.text("file")}: \"$message\" does not say \"$it\"" } }
    }

    private fun runningModes() {
        val noFace = RgbImage(64, 48)
        for (case in golden.json("running_modes.json").items.map { it.fields }) {
            val mode = RunningMode.valueOf(case.text("running_mode"))
            if ("options_error" in case.all) {
                val callback: ResultCallback? = if (case.all["has_callback"] == true) { _, _ -> } else null
                check(errorOf { options(mode, callback) }.first == case.all["options_error"])
                continue
            }
            val seeing = Sight(golden, faces)
            val animator = animator(mode, sight = seeing)
            val portrait = animator.enroll(golden.picture("photo.png"), Consent.ARTWORK)
            seeing.driver = null
            for (call in case.list("calls").map { it.fields }) {
                val time = call.all["timestamp_ms"].let { if (it == "nan") Double.NaN else it as Double? ?: 0.0 }
                val (error, message) = errorOf {
                    when (call.text("method")) {
                        "animate" -> animator.animate(portrait, noFace)
                        "animate_for_video" -> animator.animateForVideo(portrait, noFace, time)
                        "animate_async" -> animator.animateAsync(portrait, noFace, time)
                        "reset" -> animator.reset()
                        "close" -> animator.close()
                        else -> error("an unknown method")
                    }
                }
                check(error == call.all["error"]) { "$mode ${call.all}: $error ($message)" }
            }
            animator.close()
        }
    }

    private fun liveStream() {
        val arrived = mutableListOf<Double>()
        val first = CountDownLatch(1)
        val go = CountDownLatch(1)
        val seeing = Sight(golden, faces)
        val animator = animator(RunningMode.LIVE_STREAM, seeing) { _, time ->
            synchronized(arrived) { arrived.add(time) }
            first.countDown()
            go.await(10, TimeUnit.SECONDS)
        }
        val portrait = animator.enroll(golden.picture("photo.png"), Consent.GIVEN)
        val frame = RgbImage(driverSize[0], driverSize[1])
        animator.animateAsync(portrait, frame, 0.0)
        check(first.await(10, TimeUnit.SECONDS)) { "no result arrived" }
        for (time in listOf(40.0, 80.0, 120.0)) animator.animateAsync(portrait, frame, time) // only the newest waits
        go.countDown()
        val until = System.nanoTime() + 10_000_000_000L
        while (synchronized(arrived) { arrived.size } < 2 && System.nanoTime() < until) Thread.sleep(5)
        animator.close()
        check(arrived == listOf(0.0, 120.0)) { arrived }
    }

    private fun severalPeople() {
        val two = Sight(golden, faces, also = 12f)
        animator(RunningMode.VIDEO, two).use { animator ->
            val photo = golden.picture("photo.png")
            val people = animator.enrollAll(photo, Consent.ARTWORK)
            check(people.size == 2 && people[0].landmarks[0] < people[1].landmarks[0]) { "from left to right" }
            check(animator.enroll(photo, Consent.ARTWORK, FaceChoice.FromLeft(1)).landmarks.contentEquals(people[1].landmarks))
            check(errorOf { animator.enroll(photo, Consent.ARTWORK, FaceChoice.FromLeft(2)) }.first == "ValueError")
            val frame = animator.animateForVideo(people, RgbImage(driverSize[0], driverSize[1]), 0.0)
            check(frame.image.width == photo.width && frame.driverFound)
            val other = animator.enroll(golden.picture("photo.png"), Consent.ARTWORK)
            check(errorOf { animator.animateForVideo(listOf(people[0], other), photo, 40.0) }.first == "ValueError")
        }
    }

    private fun playHoldsAndConsent() {
        val seeing = Sight(golden, faces)
        animator(RunningMode.VIDEO, seeing).use { animator ->
            val portrait = animator.enroll(golden.picture("photo.png"), Consent.SELF)
            check(portrait.consent == Consent.SELF)
            val frame = RgbImage(driverSize[0], driverSize[1])
            seeing.driver = null
            val before = animator.animateForVideo(portrait, frame, 0.0)
            check(!before.driverFound && before.image.rgb.contentEquals(portrait.photo.rgb)) { "before a face the photo stays as it is" }
            seeing.driver = driver[0]
            animator.animateForVideo(portrait, frame, 40.0)
            seeing.driver = driver[1]
            val moved = animator.animateForVideo(portrait, frame, 80.0)
            seeing.driver = null
            val held = animator.animateForVideo(portrait, frame, 120.0)
            check(!held.driverFound && held.image.rgb.contentEquals(moved.image.rgb) && held.timestampMs == 120.0)
            check(!moved.image.rgb.contentEquals(portrait.photo.rgb)) { "nothing moved" }
            val white = RgbImage(driverSize[0], driverSize[1], ByteArray(driverSize[0] * driverSize[1] * 3) { -1 })
            seeing.driver = FloatArray(driver[0].size) { driver[0][it] + if (it % 3 == 0) 90 else 0 }
            check(listOf(160.0, 200.0).map { animator.animateForVideo(portrait, white, it).cut } == listOf(true, false)) { "one cut" }
            check(!before.cut && !moved.cut && !held.cut) { "no cut before" }
            val takes = listOf(0, 2).map { Motion.Take(it, driver[it]) }
            val played = animator.play(portrait, Motion(driver, times, 512, 512, 25.0, takes = takes))
            check(played.map { it.cut }.toList() == driver.indices.map { it == 2 }) { "the second take begins with a cut" }
            animator.close()
            check(errorOf { animator.play(portrait, Motion(driver, times, 512, 512, 25.0)).first() }.first == "RuntimeError")
        }
        animator(RunningMode.IMAGE, Sight(golden, faces)).use { animator ->
            val portrait = animator.enroll(golden.picture("photo.png"), Consent.SELF)
            val frame = animator.animate(portrait, RgbImage(driverSize[0], driverSize[1]))
            check(frame.landmarks.all(Float::isFinite) && !frame.image.rgb.contentEquals(portrait.photo.rgb))
        }
    }

    private fun badge() {
        val plain = RgbImage(320, 240, ByteArray(320 * 240 * 3) { 200.toByte() })
        val badged = Badge(320, 240).apply(plain)
        val changed = (0 until 320 * 240).filter { badged.byte(it * 3) != 200 }
        check(changed.all { it % 320 > 270 && it / 320 > 200 }) { "it stays in the lower right corner" }
        check(changed.count { badged.byte(it * 3) < 100 } > 100 && changed.count { badged.byte(it * 3) > 205 } > 15) { "letters on a plate" }
        check(Badge(12, 12).apply(RgbImage(12, 12)).rgb.all { it == 0.toByte() }) { "no room, no badge" }
    }

    private fun pixelMark() {
        for (case in golden.json("pixel_mark.json").items.map { it.fields }) {
            val said = case.any("message").fields
            val (message, picture) = MarkMessage(said.number("file_id").toInt()) to said.number("picture").toInt()
            check(message.codeWord(picture).joinToString("") { if (it > 0) "+" else "-" } == case.text("code_word")) { "code word" }
            val photo = repeated(golden.picture("photo.png"), case.number("repeated").toInt())
            val square = crop(case.any("crop"))
            check(pictureBits(photo, square) == picture) { "bits of the picture" }
            val marked = PixelMark(message, photo.width, photo.height, listOf(square)).apply(photo)
            val off = numbers(case.list("rows")).zip(case.list("change_of_green")).flatMap { (row, wanted) ->
                numbers(wanted).mapIndexed { x, change ->
                    val i = (row.toInt() * photo.width + x) * 3 + 1
                    Math.abs(marked.byte(i) - photo.byte(i) - change)
                }
            }
            check(off.max() <= 1 && off.average() < 0.02) { "${case.text("name")}: levels are off by ${off.max()}, ${off.average()} on average" }
        }
        check(MarkMessage.random().fileId in 0..0xFFFF)
    }

    private fun repeated(picture: RgbImage, times: Int): RgbImage {
        val (width, height) = picture.width * times to picture.height * times
        return RgbImage(width, height, ByteArray(width * height * 3) {
            val (x, y) = it / 3 % width / times to it / 3 / width / times
            picture.rgb[(y * picture.width + x) * 3 + it % 3]
        })
    }

    private fun badInput() {
        for ((what, call) in mapOf<String, () -> Unit>(
            "an empty picture" to { RgbImage(0, 3) },
            "an id of 17 bits" to { MarkMessage(1 shl 16) },
            "a mark for frames of another size" to { PixelMark(MarkMessage(1), 2, 2, listOf()).apply(RgbImage(2, 3)) },
            "too few bytes" to { RgbImage(2, 2, ByteArray(11)) },
            "few landmarks" to { SquareCrop.forPortrait(FloatArray(12), 9, 9) },
            "no number" to { SquareCrop.forPortrait(FloatArray(LANDMARK_COUNT * 3) { Float.NaN }, 9, 9) },
            "a gain" to { RetargetOptions(gains = mapOf(Region.LIPS to 3.5)) },
            "a crop elsewhere" to { PasteBack(SquareCrop(500.0, 0.0, 20.0), 100, 100) },
            "a mask" to { PasteBack(SquareCrop(0.0, 0.0, 20.0), 20, 20)(RgbImage(20, 20), FloatArray(2), FloatArray(9), FloatArray(9)) },
            "a motion without frames" to { Motion(emptyList(), DoubleArray(0), 1, 1, 25.0) },
            "JSON" to { Json.parse("[1, 2") },
            "nested JSON" to { Json.parse("[".repeat(100_000)) },
        )) check(errorOf(call).first == "ValueError") { what }
        check(Json.parse("""{"a": [1.5e2, "\u00e9\n", true, null]}""") == mapOf("a" to listOf(150.0, "é\n", true, null)))
    }

    private fun options(mode: RunningMode, callback: ResultCallback?, sight: Sight = Sight(golden, faces)) =
        PhotoAnimatorOptions(bundle, runtime, sight, mode, RetargetOptions(), callback)

    private fun animator(mode: RunningMode, sight: Sight = Sight(golden, faces), callback: ResultCallback? = null): PhotoAnimator {
        val given = callback ?: if (mode == RunningMode.LIVE_STREAM) { _, _ -> } else null
        return PhotoAnimator.createFromOptions(options(mode, given, sight))
    }
}

/** A tracker that sees the golden face in every photo, and [driver] in every frame. */
internal class Sight(golden: Golden, faces: Fields, private val also: Float? = null) : FaceTrackerFactory {
    private val portrait = floats(faces.list("portrait"))
    private val scores = floats(golden.json("image_mode.json").items[0].fields.list("blendshapes"))
    var driver: FloatArray? = floats(faces.list("driver")[0])

    override fun create(maxFaces: Int, blendshapes: Boolean): FaceTracker = object : FaceTracker {
        override fun detect(image: RgbImage): List<Face> {
            if (maxFaces == MAX_FACES) return listOfNotNull(driver?.let { Face(it, if (blendshapes) scores else null) })
            val shifted = also?.let { by -> FloatArray(portrait.size) { portrait[it] + if (it % 3 == 0) by else 0f } }
            return listOfNotNull(shifted, portrait).map { Face(it) }
        }

        override fun track(image: RgbImage, timestampMs: Double): Face? = driver?.let { Face(it) }
        override fun reset() = Unit
        override fun close() = Unit
    }
}
