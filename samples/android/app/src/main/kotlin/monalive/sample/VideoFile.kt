package monalive.sample

import android.content.ContentValues
import android.content.Context
import android.media.Image
import android.media.MediaCodec
import android.media.MediaCodecInfo
import android.media.MediaFormat
import android.media.MediaMuxer
import android.net.Uri
import android.provider.MediaStore
import monalive.RgbImage
import java.io.Closeable
import java.io.IOException

/**
 * An mp4 in the phone's gallery, written frame by frame; it appears there when it is complete.
 *
 * Width and height are made even, as H.264 wants them.
 */
class VideoFile(private val context: Context, width: Int, height: Int, fps: Int = 25) : Closeable {
    private val width = width / 2 * 2
    private val height = height / 2 * 2
    private val about = ContentValues().apply {
        put(MediaStore.Video.Media.DISPLAY_NAME, "monalive-${System.currentTimeMillis()}.mp4")
        put(MediaStore.Video.Media.MIME_TYPE, "video/mp4")
        put(MediaStore.Video.Media.RELATIVE_PATH, "Movies/monalive")
        put(MediaStore.Video.Media.DESCRIPTION, "Made with AI from a photo")
        put(MediaStore.Video.Media.IS_PENDING, 1)
    }

    /** Where it is, to be shared. */
    val uri: Uri = context.contentResolver.insert(MediaStore.Video.Media.EXTERNAL_CONTENT_URI, about)
        ?: throw IOException("the gallery takes no new video; is the storage full?")
    private val file = context.contentResolver.openFileDescriptor(uri, "rw") ?: throw IOException("the video cannot be written")
    private val muxer = MediaMuxer(file.fileDescriptor, MediaMuxer.OutputFormat.MUXER_OUTPUT_MPEG_4)
    private val codec = MediaCodec.createEncoderByType(MediaFormat.MIMETYPE_VIDEO_AVC)
    private var track = -1
    private var lastUs = 0L
    private var finished = false

    init {
        val format = MediaFormat.createVideoFormat(MediaFormat.MIMETYPE_VIDEO_AVC, this.width, this.height).apply {
            setInteger(MediaFormat.KEY_COLOR_FORMAT, MediaCodecInfo.CodecCapabilities.COLOR_FormatYUV420Flexible)
            setInteger(MediaFormat.KEY_BIT_RATE, maxOf(2_000_000, this@VideoFile.width * this@VideoFile.height * 6))
            setInteger(MediaFormat.KEY_FRAME_RATE, fps)
            setInteger(MediaFormat.KEY_I_FRAME_INTERVAL, 1)
        }
        try {
            codec.configure(format, null, null, MediaCodec.CONFIGURE_FLAG_ENCODE)
            codec.start()
        } catch (error: Exception) {
            close()
            throw error
        }
    }

    fun write(frame: RgbImage, timestampMs: Double) {
        lastUs = (timestampMs * 1000).toLong()
        val index = inputBuffer()
        fill(checkNotNull(codec.getInputImage(index)) { "this phone's encoder takes no pictures" }, frame)
        codec.queueInputBuffer(index, 0, width * height * 3 / 2, lastUs, 0)
        drain(toTheEnd = false)
    }

    /** Finishes the file and shows it in the gallery; call it when the last frame is written, then [close]. */
    fun finish() {
        codec.queueInputBuffer(inputBuffer(), 0, 0, lastUs, MediaCodec.BUFFER_FLAG_END_OF_STREAM)
        drain(toTheEnd = true)
        muxer.stop()
        context.contentResolver.update(uri, ContentValues().apply { put(MediaStore.Video.Media.IS_PENDING, 0) }, null, null)
        finished = true
    }

    /** Lets go of the encoder. A video that was not finished is taken away again, so that no error hides the first one. */
    override fun close() {
        codec.release()
        muxer.runCatching { release() } // it complains where no frame was written
        file.close()
        if (!finished) context.contentResolver.delete(uri, null, null)
    }

    private fun inputBuffer(): Int {
        while (true) {
            val index = codec.dequeueInputBuffer(WAIT_US)
            if (index >= 0) return index
            drain(toTheEnd = false)
        }
    }

    private fun drain(toTheEnd: Boolean) {
        val info = MediaCodec.BufferInfo()
        while (true) {
            val index = codec.dequeueOutputBuffer(info, if (toTheEnd) WAIT_US else 0)
            when {
                index == MediaCodec.INFO_OUTPUT_FORMAT_CHANGED -> {
                    track = muxer.addTrack(codec.outputFormat)
                    muxer.start()
                }
                index >= 0 -> {
                    val coded = info.flags and MediaCodec.BUFFER_FLAG_CODEC_CONFIG == 0 && info.size > 0
                    if (coded) codec.getOutputBuffer(index)?.let { muxer.writeSampleData(track, it, info) }
                    codec.releaseOutputBuffer(index, false)
                    if (info.flags and MediaCodec.BUFFER_FLAG_END_OF_STREAM != 0) return
                }
                !toTheEnd -> return
            }
        }
    }

    /** RGB to YUV, BT.601 in the studio's range, as encoders expect it. */
    private fun fill(image: Image, frame: RgbImage) {
        val (lumaPlane, bluePlane, redPlane) = image.planes
        for (y in 0 until height) for (x in 0 until width) {
            val (r, g, b) = colour(frame, x, y)
            val luma = 16 + (66 * r + 129 * g + 25 * b + 128 shr 8)
            lumaPlane.buffer.put(y * lumaPlane.rowStride + x * lumaPlane.pixelStride, luma.toByte())
            if (x % 2 == 0 && y % 2 == 0) {
                val blue = 128 + (-38 * r - 74 * g + 112 * b + 128 shr 8)
                val red = 128 + (112 * r - 94 * g - 18 * b + 128 shr 8)
                bluePlane.buffer.put(y / 2 * bluePlane.rowStride + x / 2 * bluePlane.pixelStride, blue.toByte())
                redPlane.buffer.put(y / 2 * redPlane.rowStride + x / 2 * redPlane.pixelStride, red.toByte())
            }
        }
    }

    private fun colour(frame: RgbImage, x: Int, y: Int): Triple<Int, Int, Int> {
        val at = (y * frame.width + x) * 3
        return Triple(frame.rgb[at].toInt() and 0xFF, frame.rgb[at + 1].toInt() and 0xFF, frame.rgb[at + 2].toInt() and 0xFF)
    }

    private companion object {
        const val WAIT_US = 10_000L
    }
}
