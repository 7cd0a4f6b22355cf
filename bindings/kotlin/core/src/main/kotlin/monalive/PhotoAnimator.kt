package monalive

import java.io.Closeable
import java.util.logging.Logger

/**
 * Brings photos to life: enrol a person once, animate as often as you like.
 *
 *     PhotoAnimator.createFromOptions(options).use { animator ->
 *         val portrait = animator.enroll(photo, Consent.SELF)
 *         for (frame in animator.play(portrait, Motion.load(file))) show(frame.image)
 *     }
 *
 * Not to be called from two threads at once; two animators in two threads do not disturb each other.
 */
class PhotoAnimator private constructor(private val options: PhotoAnimatorOptions) : Closeable {
    /** The models in use. */
    val bundle: Bundle = Bundle.load(options.bundlePath)
    private val networks = BundleNetworks(bundle, options.runtime)
    private val trackers = options.trackers ?: BundleTrackers(bundle, options.driverFace, options.runtime)
    private val photoTracker = trackers.create(options.maxFaces + 1, blendshapes = false) // one more tells that there are more
    private val driverTracker = trackers.create(options.maxFaces, blendshapes = options.runningMode == RunningMode.IMAGE)
    private var following: Following? = null
    private var change = PictureChange() // for trackers that do not look at it
    private var driverChanges = 0
    private var lastTimestampMs = Double.NEGATIVE_INFINITY
    private var worker: LatestOnlyWorker<Triple<List<Portrait>, RgbImage, Double>>? = null
    @Volatile private var closed = false

    companion object {
        private val log = Logger.getLogger("monalive")

        /**
         * Loads the models and makes the animator.
         *
         * @throws java.io.FileNotFoundException there is no such bundle.
         * @throws IllegalArgumentException the bundle is unusable.
         */
        @JvmStatic
        fun createFromOptions(options: PhotoAnimatorOptions): PhotoAnimator = PhotoAnimator(options)
    }

    /**
     * Makes a portrait of the person in a photo.
     *
     * @param consent why this face may be animated; ask before, with [Consent.NOTICE].
     * @param face which face of the photo.
     * @throws IllegalArgumentException the photo shows no face, or not the one asked for.
     */
    fun enroll(photo: RgbImage, consent: Consent, face: FaceChoice = FaceChoice.Largest): Portrait {
        requireOpen()
        return portrait(photo, face.choose(faces(photo, told = face != FaceChoice.Largest)), consent)
    }

    /** A portrait of every face in a photo, from left to right; [consent] is that of all of them. Throws as [enroll]. */
    fun enrollAll(photo: RgbImage, consent: Consent): List<Portrait> {
        requireOpen()
        return faces(photo, told = true).sortedBy { it.centre }.map { portrait(photo, it, consent) }
    }

    /**
     * Gives a portrait the pose and expression of one picture. Mode IMAGE.
     *
     * There is no earlier frame to compare with, so the driver's expression is taken as blendshape scores and its pose as
     * angles from the front: the shape of the driver's face does not come along.
     *
     * @throws IllegalStateException another running mode, or closed.
     * @throws IllegalArgumentException no face in the picture.
     */
    fun animate(portrait: Portrait, driverImage: RgbImage): AnimatedFrame {
        requireMode(RunningMode.IMAGE, "animate")
        val faces = driverTracker.detect(driverImage)
        require(faces.isNotEmpty()) { "no face was found in the driver's picture; use one that shows a face from the front" }
        val driver = driverOf(faces, driverImage)
        val (reference, landmarks) =
            if (options.retarget.absolute) driver.landmarks to driver.landmarks else networks.asMeanFace(driver)
        val following = Following(listOf(portrait), networks, options.retarget)
        following.start(reference, driverImage.width, driverImage.height)
        return following.frame(landmarks, 0.0, null)
    }

    /**
     * Lets the next frame of a video drive a portrait. Mode VIDEO.
     *
     * The portrait moves as the driver moves since the options' `reference`, and anew after a cut. Before the first face the
     * photo stays as it is; while the face is lost the last pose is held.
     *
     * @param timestampMs when; it must increase from call to call.
     * @throws IllegalStateException another running mode, or closed.
     * @throws IllegalArgumentException time that does not move forward.
     */
    fun animateForVideo(portrait: Portrait, frame: RgbImage, timestampMs: Double): AnimatedFrame =
        animateForVideo(listOf(portrait), frame, timestampMs)

    /** The same for several portraits of one photo. */
    fun animateForVideo(portraits: List<Portrait>, frame: RgbImage, timestampMs: Double): AnimatedFrame {
        requireMode(RunningMode.VIDEO, "animateForVideo")
        requireLater(timestampMs)
        return followVideo(portraits, frame, timestampMs)
    }

    /**
     * Hands in the next frame of a live source and returns at once. Mode LIVE_STREAM. Results arrive at the options'
     * `resultCallback`. A frame that comes while another is at work waits; if yet another comes, it is left out.
     *
     * @throws IllegalStateException another running mode, closed, or a frame before failed.
     * @throws IllegalArgumentException time that does not move forward; the next good frame works again.
     */
    fun animateAsync(portrait: Portrait, frame: RgbImage, timestampMs: Double) =
        animateAsync(listOf(portrait), frame, timestampMs)

    /** The same for several portraits of one photo. */
    fun animateAsync(portraits: List<Portrait>, frame: RgbImage, timestampMs: Double) {
        requireMode(RunningMode.LIVE_STREAM, "animateAsync")
        requireLater(timestampMs)
        val worker = worker ?: LatestOnlyWorker(::deliver).also { worker = it }
        worker.submit(Triple(portraits, frame, timestampMs))
    }

    /** Plays a motion on a portrait, one frame at a time, computed as they are asked for. Any mode. */
    fun play(portrait: Portrait, motion: Motion): Sequence<AnimatedFrame> = play(listOf(portrait), motion)

    /** The same for several portraits of one photo. */
    fun play(portraits: List<Portrait>, motion: Motion): Sequence<AnimatedFrame> {
        requireOpen()
        return sequence {
            // The curves of a motion that speaks are smooth; more smoothing would leave lips open that meet.
            val retarget = if (motion.speech) options.retarget.unsmoothed() else options.retarget
            val following = Following(portraits, networks, retarget)
            val takes = if (options.retarget.absolute) listOf(Motion.Take(0, motion.landmarks[0])) else motion.takes
            val references = takes.associate { it.start to it.reference }
            for (index in motion.landmarks.indices) {
                requireOpen()
                val reference = references[index]
                reference?.let { following.anchored(Anchoring(it, afterCut = true), motion.imageWidth, motion.imageHeight) }
                val cut = reference != null && index > 0
                yield(following.frame(motion.landmarks[index], motion.timestampsMs[index], motion.surroundings?.get(index), cut))
            }
        }
    }

    /** Counts the motion of a driver from its next face on: the portrait glides to rest. For live drivers. */
    fun reanchor() {
        following?.anchor?.ask()
    }

    /** Forgets the driver, so that another video may begin. */
    fun reset() {
        driverTracker.reset()
        following = null
        change = PictureChange()
        driverChanges = 0
        lastTimestampMs = Double.NEGATIVE_INFINITY
    }

    /** Ends the work in hand and lets go of the models. Safe to call again, and during work. */
    override fun close() {
        if (closed) return
        closed = true
        try {
            worker?.close()
        } finally {
            worker = null
            photoTracker.close()
            driverTracker.close()
            networks.close()
        }
    }

    private fun followVideo(portraits: List<Portrait>, frame: RgbImage, timestampMs: Double): AnimatedFrame {
        val face = driverTracker.track(frame, timestampMs)
        val otherPicture = (driverTracker as? LevelFaceTracker)?.otherPicture ?: change.becomesAnother(frame)
        val otherFace = driverTracker.driverChanges != driverChanges
        driverChanges = driverTracker.driverChanges
        val same = following?.takeIf { it.portraits.size == portraits.size && it.portraits.indices.all { i -> it.portraits[i] === portraits[i] } }
        val current = same ?: Following(portraits, networks, options.retarget, anchor()).also { following = it }
        return current.videoFrame(frame, face?.landmarks, timestampMs, otherPicture, otherFace)
    }

    private fun anchor(): DriverAnchor? {
        val live = options.runningMode == RunningMode.LIVE_STREAM
        val usual = if (live) DriverReference.Recent else DriverReference.Neutral
        return if (options.retarget.absolute) null else DriverAnchor(options.reference ?: usual)
    }

    private fun deliver(item: Triple<List<Portrait>, RgbImage, Double>) {
        val (portraits, frame, timestampMs) = item
        checkNotNull(options.resultCallback)(followVideo(portraits, frame, timestampMs), timestampMs)
    }

    private fun driverOf(faces: List<Face>, image: RgbImage): Face {
        val which = options.driverFace
        val index = DriverRule(which).drive(faces.map { it.landmarks }, 0.0, image.width, image.height)
        return if (index == null && which is DriverFace.FromLeft) FaceChoice.FromLeft(which.index).choose(faces) else faces[index ?: 0]
    }

    private fun faces(photo: RgbImage, told: Boolean): List<Face> {
        val faces = photoTracker.detect(photo, largestOnly = !told)
        val most = options.maxFaces
        if (told && faces.size > most) {
            log.warning("the photo shows more than $most faces: only the largest are taken; raise maxFaces")
        }
        require(faces.isNotEmpty()) { "no face was found in the photo; use one that shows a human face from the front, well lit" }
        return faces.take(most)
    }

    private fun portrait(photo: RgbImage, face: Face, consent: Consent): Portrait {
        val crop = SquareCrop.forPortrait(face.landmarks, photo.width, photo.height)
        val regions = networks.regions?.enroll(photo, face.landmarks, crop).orEmpty()
        return Portrait(photo, face.landmarks, crop, consent, networks.enroll(photo, face.landmarks, crop), regions)
    }

    private fun requireOpen() = check(!closed) { "the animator is closed; make a new one" }

    private fun requireMode(mode: RunningMode, method: String) {
        requireOpen()
        check(options.runningMode == mode) { "$method() is for running mode $mode; this animator was made for ${options.runningMode}" }
    }

    private fun requireLater(timestampMs: Double) {
        require(timestampMs > lastTimestampMs) {
            "timestamps must increase: $timestampMs ms came after $lastTimestampMs ms; call reset() before another video"
        }
        lastTimestampMs = timestampMs
    }
}
