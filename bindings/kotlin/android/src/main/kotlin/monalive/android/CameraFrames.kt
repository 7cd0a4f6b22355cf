package monalive.android

import android.graphics.Bitmap
import android.graphics.Matrix
import androidx.camera.core.ImageAnalysis
import androidx.camera.core.ImageProxy
import monalive.RgbImage

/**
 * CameraX's frames as the SDK's pictures: upright, and mirrored for the front camera. Give it to an `ImageAnalysis` with
 * `STRATEGY_KEEP_ONLY_LATEST`, so that frames are left out rather than queued.
 *
 * @param mirror move as in a mirror.
 * @param deliver called with each frame and its timestamp in ms, in the analyzer's thread.
 */
class CameraFrames(private val mirror: Boolean, private val deliver: (RgbImage, Double) -> Unit) : ImageAnalysis.Analyzer {
    override fun analyze(image: ImageProxy) {
        image.use { frame ->
            val upright = Matrix().apply {
                postRotate(frame.imageInfo.rotationDegrees.toFloat())
                if (mirror) postScale(-1f, 1f)
            }
            val bitmap = frame.toBitmap()
            val turned = Bitmap.createBitmap(bitmap, 0, 0, bitmap.width, bitmap.height, upright, true)
            deliver(turned.toRgbImage(), frame.imageInfo.timestamp / 1e6)
        }
    }
}
