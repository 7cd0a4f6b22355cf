package android.media

import java.io.FileDescriptor
import java.nio.ByteBuffer

class Image {
    class Plane { val buffer: ByteBuffer get() = TODO(); val rowStride: Int get() = TODO(); val pixelStride: Int get() = TODO() }

    val planes: Array<Plane> get() = TODO()
}

class MediaFormat {
    fun setInteger(name: String, value: Int): Unit = TODO()

    companion object {
        const val MIMETYPE_VIDEO_AVC = ""
        const val KEY_COLOR_FORMAT = ""
        const val KEY_BIT_RATE = ""
        const val KEY_FRAME_RATE = ""
        const val KEY_I_FRAME_INTERVAL = ""
        fun createVideoFormat(mime: String, width: Int, height: Int): MediaFormat = TODO()
    }
}

class MediaCodecInfo {
    class CodecCapabilities { companion object { const val COLOR_FormatYUV420Flexible = 1 } }
}

class MediaCodec private constructor() {
    class BufferInfo { var size = 0; var flags = 0 }

    val outputFormat: MediaFormat get() = TODO()
    fun configure(format: MediaFormat, surface: Any?, crypto: Any?, flags: Int): Unit = TODO()
    fun start(): Unit = TODO()
    fun stop(): Unit = TODO()
    fun release(): Unit = TODO()
    fun dequeueInputBuffer(timeoutUs: Long): Int = TODO()
    fun getInputImage(index: Int): Image? = TODO()
    fun queueInputBuffer(index: Int, offset: Int, size: Int, presentationTimeUs: Long, flags: Int): Unit = TODO()
    fun dequeueOutputBuffer(info: BufferInfo, timeoutUs: Long): Int = TODO()
    fun getOutputBuffer(index: Int): ByteBuffer? = TODO()
    fun releaseOutputBuffer(index: Int, render: Boolean): Unit = TODO()

    companion object {
        const val CONFIGURE_FLAG_ENCODE = 1
        const val BUFFER_FLAG_END_OF_STREAM = 4
        const val BUFFER_FLAG_CODEC_CONFIG = 2
        const val INFO_OUTPUT_FORMAT_CHANGED = -2
        fun createEncoderByType(type: String): MediaCodec = TODO()
    }
}

class MediaMuxer(file: FileDescriptor, format: Int) {
    class OutputFormat { companion object { const val MUXER_OUTPUT_MPEG_4 = 0 } }

    fun addTrack(format: MediaFormat): Int = TODO()
    fun start(): Unit = TODO()
    fun stop(): Unit = TODO()
    fun release(): Unit = TODO()
    fun writeSampleData(track: Int, buffer: ByteBuffer, info: MediaCodec.BufferInfo): Unit = TODO()
}
