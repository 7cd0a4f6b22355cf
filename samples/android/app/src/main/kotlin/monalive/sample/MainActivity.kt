package monalive.sample

import android.Manifest
import android.app.AlertDialog
import android.content.Intent
import android.graphics.ImageDecoder
import android.net.Uri
import android.os.Bundle
import android.os.Handler
import android.os.Looper
import android.widget.Button
import android.widget.CheckBox
import android.widget.ImageView
import android.widget.LinearLayout
import android.widget.ScrollView
import android.widget.TextView
import androidx.activity.ComponentActivity
import androidx.activity.result.PickVisualMediaRequest
import androidx.activity.result.contract.ActivityResultContracts
import androidx.camera.core.CameraSelector
import androidx.camera.core.ImageAnalysis
import androidx.camera.lifecycle.ProcessCameraProvider
import androidx.core.content.ContextCompat
import monalive.Consent
import monalive.RgbImage
import monalive.android.CameraFrames
import monalive.android.toBitmap
import monalive.android.toRgbImage
import java.util.concurrent.ExecutorService
import java.util.concurrent.Executors

/**
 * One screen: choose a photo, say why this face may be animated, choose a motion or the camera, watch, save, share.
 *
 * Everything slow runs in [work], one thing after the other; the screen is touched in the main thread alone.
 */
class MainActivity : ComponentActivity() {
    private val work: ExecutorService = Executors.newSingleThreadExecutor()
    private val screen = Handler(Looper.getMainLooper())
    private lateinit var studio: Studio
    private lateinit var picture: ImageView
    private lateinit var message: TextView
    private val needPhoto = mutableListOf<Button>()
    private var camera: ProcessCameraProvider? = null
    private var chosenMotion: String? = null
    private var saved: Uri? = null
    @Volatile private var playing = 0 // counts up: what plays an older number ends

    private val pickPhoto = registerForActivityResult(ActivityResultContracts.PickVisualMedia()) { uri ->
        if (uri != null) askForConsent(uri)
    }
    private val askForCamera = registerForActivityResult(ActivityResultContracts.RequestPermission()) { granted ->
        if (granted) startCamera() else say(R.string.camera_refused)
    }

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        picture = ImageView(this).apply { adjustViewBounds = true }
        message = TextView(this).apply { text = getString(R.string.welcome) }
        val badge = CheckBox(this).apply {
            text = getString(R.string.badge)
            isChecked = true
            setOnCheckedChangeListener { _, checked -> showBadge(checked) }
        }
        val column = LinearLayout(this).apply { orientation = LinearLayout.VERTICAL }
        column.addView(picture)
        column.addView(message)
        column.addView(button(R.string.choose_photo) {
            pickPhoto.launch(PickVisualMediaRequest(ActivityResultContracts.PickVisualMedia.ImageOnly))
        })
        needPhoto += listOf(
            button(R.string.choose_motion) { chooseMotion() },
            button(R.string.use_camera) { askForCamera.launch(Manifest.permission.CAMERA) },
            button(R.string.save) { save() },
            button(R.string.share) { share() },
        )
        needPhoto.forEach { column.addView(it); it.isEnabled = false }
        column.addView(badge)
        // Since Android 15 an app is drawn below the bars: the inset keeps its content clear of them.
        setContentView(ScrollView(this).apply { fitsSystemWindows = true; addView(column) })
        inStudio { studio = Studio(applicationContext) }
    }

    override fun onDestroy() {
        super.onDestroy()
        playing++
        camera?.unbindAll()
        work.execute { if (::studio.isInitialized) studio.close() }
        work.shutdown()
    }

    /** At once where there is a studio: a motion that plays keeps the work thread busy. */
    private fun showBadge(shown: Boolean) {
        if (::studio.isInitialized) studio.showsBadge = shown else inStudio { studio.showsBadge = shown }
    }

    private fun askForConsent(photo: Uri) {
        val answers = listOf(R.string.consent_self to Consent.SELF, R.string.consent_given to Consent.GIVEN, R.string.consent_artwork to Consent.ARTWORK)
        AlertDialog.Builder(this)
            .setTitle(Consent.NOTICE)
            .setItems(answers.map { getString(it.first) }.toTypedArray()) { _, which -> enroll(photo, answers[which].second) }
            .setNegativeButton(android.R.string.cancel, null)
            .show()
    }

    private fun enroll(photo: Uri, consent: Consent) {
        stopAll()
        inStudio {
            val bitmap = ImageDecoder.decodeBitmap(ImageDecoder.createSource(contentResolver, photo)) { decoder, info, _ ->
                decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE
                val larger = maxOf(info.size.width, info.size.height)
                if (larger > MOST_PIXELS) decoder.setTargetSize(info.size.width * MOST_PIXELS / larger, info.size.height * MOST_PIXELS / larger)
            }
            val image = bitmap.toRgbImage()
            studio.enroll(image, consent)
            screen.post {
                show(image)
                needPhoto.forEach { it.isEnabled = true }
                say(R.string.ready)
            }
        }
    }

    private fun chooseMotion() {
        val names = studio.motions
        AlertDialog.Builder(this)
            .setItems(names.map { it.replace('_', ' ') }.toTypedArray()) { _, which -> play(names[which]) }
            .show()
    }

    /** Plays a motion over and over, at its own pace, until something else is asked for. */
    private fun play(motion: String) {
        stopAll()
        chosenMotion = motion
        val mine = playing
        inStudio {
            while (playing == mine) {
                val started = System.nanoTime()
                for ((frame, timestampMs) in studio.play(motion)) {
                    if (playing != mine) return@inStudio
                    val early = timestampMs - (System.nanoTime() - started) / 1e6
                    if (early > 0) Thread.sleep(early.toLong())
                    screen.post { if (playing == mine) show(frame) }
                }
            }
        }
    }

    private fun startCamera() {
        stopAll()
        val mine = playing
        inStudio { studio.startCamera() }
        val starting = ProcessCameraProvider.getInstance(this)
        starting.addListener({
            val frames = ImageAnalysis.Builder()
                .setBackpressureStrategy(ImageAnalysis.STRATEGY_KEEP_ONLY_LATEST)
                .setOutputImageFormat(ImageAnalysis.OUTPUT_IMAGE_FORMAT_RGBA_8888)
                .build()
            frames.setAnalyzer(work, CameraFrames(mirror = true) { frame, timestampMs ->
                if (playing == mine) studio.follow(frame, timestampMs)?.let { moved -> screen.post { if (playing == mine) show(moved) } }
            })
            try {
                camera = starting.get().also {
                    it.unbindAll()
                    it.bindToLifecycle(this, CameraSelector.DEFAULT_FRONT_CAMERA, frames)
                }
                say(R.string.camera_hint)
            } catch (error: Exception) {
                say(R.string.no_camera)
            }
        }, ContextCompat.getMainExecutor(this))
    }

    /** Writes the chosen motion to the gallery. */
    private fun save() {
        val motion = chosenMotion ?: return say(R.string.choose_motion_first)
        stopAll()
        say(R.string.saving)
        inStudio {
            val frames = studio.play(motion).iterator()
            val (first, firstMs) = frames.next()
            saved = VideoFile(this, first.width, first.height).use { video ->
                video.write(first, firstMs)
                for ((frame, timestampMs) in frames) video.write(frame, timestampMs)
                video.finish()
                video.uri
            }
            screen.post { say(R.string.saved) }
        }
    }

    private fun share() {
        val video = saved ?: return say(R.string.save_first)
        val send = Intent(Intent.ACTION_SEND).apply {
            type = "video/mp4"
            putExtra(Intent.EXTRA_STREAM, video)
            addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
        }
        startActivity(Intent.createChooser(send, getString(R.string.share)))
    }

    private fun stopAll() {
        playing++
        camera?.unbindAll()
        camera = null
    }

    /** Runs in the work thread; what goes wrong is said on the screen, and the app goes on. */
    private fun inStudio(task: () -> Unit) = work.execute {
        try {
            task()
        } catch (error: Exception) {
            screen.post { message.text = error.message ?: getString(R.string.failed) }
        }
    }

    private fun show(image: RgbImage) = picture.setImageBitmap(image.toBitmap())

    private fun say(text: Int) {
        message.text = getString(text)
    }

    private fun button(text: Int, action: () -> Unit) = Button(this).apply {
        this.text = getString(text)
        setOnClickListener { action() }
    }

    private companion object {
        const val MOST_PIXELS = 1280 // of the photo's longer side
    }
}
