package monalive.sample

import android.content.Context
import monalive.AnimatedFrame
import monalive.Badge
import monalive.Consent
import monalive.MarkMessage
import monalive.Motion
import monalive.PhotoAnimator
import monalive.PhotoAnimatorOptions
import monalive.PixelMark
import monalive.Portrait
import monalive.RgbImage
import monalive.RunningMode
import monalive.android.LiteRtRuntime
import java.io.Closeable
import java.io.File

/** What the app does, without its screen: enrol a photo, animate it, mark every frame as AI-made. Blocking. */
class Studio(private val context: Context) : Closeable {
    private val animator: PhotoAnimator
    private var portrait: Portrait? = null
    private var badge: Badge? = null
    private var mark: PixelMark? = null

    /** The visible "AI" badge: on unless the person using the app switches it off. */
    @Volatile var showsBadge = true

    init {
        val options = PhotoAnimatorOptions(
            bundlePath = asset("default.bundle"),
            runtime = LiteRtRuntime(context.codeCacheDir),
            runningMode = RunningMode.VIDEO,
        )
        animator = PhotoAnimator.createFromOptions(options)
    }

    /** Names of the motions among the assets. */
    val motions: List<String> = context.assets.list("").orEmpty().filter { it.endsWith(MOTION) }.map { it.removeSuffix(MOTION) }.sorted()

    fun enroll(photo: RgbImage, consent: Consent) {
        val person = animator.enroll(photo, consent)
        portrait = person
        mark = PixelMark(MarkMessage.random(), photo.width, photo.height, listOf(person.crop))
        badge = Badge(photo.width, photo.height)
        animator.reset()
    }

    /** The frames of a motion, one after the other, with their times in ms; nothing before a photo is enrolled. */
    fun play(motion: String): Sequence<Pair<RgbImage, Double>> {
        val person = portrait ?: return emptySequence()
        return animator.play(person, Motion.load(asset(motion + MOTION))).map { finished(it) to it.timestampMs }
    }

    /** The photo as the camera's frame moves it; null before a photo is enrolled. */
    fun follow(frame: RgbImage, timestampMs: Double): RgbImage? =
        portrait?.let { finished(animator.animateForVideo(it, frame, timestampMs)) }

    /** The next camera frame is the face at rest. */
    fun startCamera() = animator.reset()

    override fun close() = animator.close()

    /** With the mark that `monalive verify` finds, and the badge. */
    private fun finished(frame: AnimatedFrame): RgbImage {
        val marked = mark?.apply(frame.image) ?: frame.image
        return if (showsBadge) badge?.apply(marked) ?: marked else marked
    }

    /** Assets have no path of their own: each is copied to the app's files, whole or not at all. */
    private fun asset(name: String): File {
        val file = File(context.noBackupFilesDir, name)
        val unfinished = File(file.path + ".unfinished")
        context.assets.open(name).use { from -> unfinished.outputStream().use { from.copyTo(it) } }
        check(unfinished.renameTo(file)) { "$name cannot be written; is the storage full?" }
        return file
    }

    private companion object {
        const val MOTION = ".motion"
    }
}
