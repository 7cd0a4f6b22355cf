package com.google.mediapipe.tasks.vision.facelandmarker

import android.content.Context
import com.google.mediapipe.framework.image.MPImage
import com.google.mediapipe.tasks.components.containers.Category
import com.google.mediapipe.tasks.components.containers.NormalizedLandmark
import com.google.mediapipe.tasks.core.BaseOptions
import com.google.mediapipe.tasks.vision.core.RunningMode
import java.util.Optional

abstract class FaceLandmarkerResult {
    abstract fun faceLandmarks(): List<List<NormalizedLandmark>>
    abstract fun faceBlendshapes(): Optional<List<List<Category>>>
}

class FaceLandmarker private constructor() : AutoCloseable {
    fun detect(image: MPImage): FaceLandmarkerResult = TODO()
    fun detectForVideo(image: MPImage, timestampMs: Long): FaceLandmarkerResult = TODO()
    override fun close(): Unit = TODO()

    class FaceLandmarkerOptions private constructor() {
        class Builder {
            fun setBaseOptions(value: BaseOptions): Builder = TODO()
            fun setRunningMode(value: RunningMode): Builder = TODO()
            fun setNumFaces(value: Int): Builder = TODO()
            fun setOutputFaceBlendshapes(value: Boolean): Builder = TODO()
            fun build(): FaceLandmarkerOptions = TODO()
        }

        companion object {
            fun builder(): Builder = TODO()
        }
    }

    companion object {
        fun createFromOptions(context: Context, options: FaceLandmarkerOptions): FaceLandmarker = TODO()
    }
}
