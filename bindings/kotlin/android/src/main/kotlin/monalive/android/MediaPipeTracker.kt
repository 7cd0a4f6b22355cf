package monalive.android

import android.content.Context
import com.google.mediapipe.framework.image.BitmapImageBuilder
import com.google.mediapipe.tasks.core.BaseOptions
import com.google.mediapipe.tasks.vision.core.RunningMode
import com.google.mediapipe.tasks.vision.facelandmarker.FaceLandmarker
import com.google.mediapipe.tasks.vision.facelandmarker.FaceLandmarkerResult
import monalive.Blendshapes
import monalive.Face
import monalive.FaceTracker
import monalive.FaceTrackerFactory
import monalive.LANDMARK_COUNT
import monalive.RgbImage

/**
 * MediaPipe's face landmarker as the SDK's tracker.
 *
 * @param modelAsset `face_landmarker.task` among the app's assets.
 */
class MediaPipeTrackers(private val context: Context, private val modelAsset: String = "face_landmarker.task") : FaceTrackerFactory {
    override fun create(maxFaces: Int, blendshapes: Boolean): FaceTracker =
        MediaPipeTracker { mode -> landmarker(mode, if (mode == RunningMode.VIDEO) 1 else maxFaces, blendshapes) }

    private fun landmarker(mode: RunningMode, faces: Int, blendshapes: Boolean): FaceLandmarker {
        val options = FaceLandmarker.FaceLandmarkerOptions.builder()
            .setBaseOptions(BaseOptions.builder().setModelAssetPath(modelAsset).build())
            .setRunningMode(mode)
            .setNumFaces(faces)
            .setOutputFaceBlendshapes(blendshapes)
            .build()
        return FaceLandmarker.createFromOptions(context, options)
    }
}

/** One landmarker for stills and one for video, made when first asked for. */
internal class MediaPipeTracker(private val make: (RunningMode) -> FaceLandmarker) : FaceTracker {
    private var stills: FaceLandmarker? = null
    private var video: FaceLandmarker? = null

    override fun detect(image: RgbImage): List<Face> {
        val landmarker = stills ?: make(RunningMode.IMAGE).also { stills = it }
        return faces(landmarker.detect(wrapped(image)), image)
    }

    override fun track(image: RgbImage, timestampMs: Double): Face? {
        val landmarker = video ?: make(RunningMode.VIDEO).also { video = it }
        return faces(landmarker.detectForVideo(wrapped(image), timestampMs.toLong()), image).firstOrNull()
    }

    override fun reset() {
        video?.close()
        video = null
    }

    override fun close() {
        reset()
        stills?.close()
        stills = null
    }

    private fun wrapped(image: RgbImage) = BitmapImageBuilder(image.toBitmap()).build()

    private fun faces(result: FaceLandmarkerResult, image: RgbImage): List<Face> {
        val scores = result.faceBlendshapes().orElse(emptyList())
        return result.faceLandmarks().mapIndexed { index, points ->
            val landmarks = FloatArray(LANDMARK_COUNT * 3) { i ->
                val point = points[i / 3]
                when (i % 3) {
                    0 -> point.x() * image.width
                    1 -> point.y() * image.height
                    else -> point.z() * image.width
                }
            }
            val byName = scores.getOrNull(index)?.associate { it.categoryName() to it.score() }
            Face(landmarks, byName?.let { known -> FloatArray(Blendshapes.NAMES.size) { known[Blendshapes.NAMES[it]] ?: 0f } })
        }
    }
}
