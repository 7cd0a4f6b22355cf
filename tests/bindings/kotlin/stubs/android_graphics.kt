package android.graphics

import android.content.ContentResolver
import android.net.Uri
import android.util.Size

class Bitmap private constructor() {
    enum class Config { ARGB_8888 }

    val width: Int get() = TODO()
    val height: Int get() = TODO()
    val config: Config? get() = TODO()
    fun copy(config: Config, isMutable: Boolean): Bitmap = TODO()
    fun getPixels(pixels: IntArray, offset: Int, stride: Int, x: Int, y: Int, width: Int, height: Int): Unit = TODO()

    companion object {
        fun createBitmap(colors: IntArray, width: Int, height: Int, config: Config): Bitmap = TODO()
        fun createBitmap(source: Bitmap, x: Int, y: Int, width: Int, height: Int, m: Matrix, filter: Boolean): Bitmap = TODO()
    }
}

class Matrix {
    fun postRotate(degrees: Float): Boolean = TODO()
    fun postScale(sx: Float, sy: Float): Boolean = TODO()
}

class ImageDecoder private constructor() {
    class Source
    class ImageInfo { val size: Size get() = TODO() }
    fun interface OnHeaderDecodedListener { fun onHeaderDecoded(decoder: ImageDecoder, info: ImageInfo, source: Source) }

    var allocator: Int = 0
    fun setTargetSize(width: Int, height: Int): Unit = TODO()

    companion object {
        const val ALLOCATOR_SOFTWARE = 1
        fun createSource(resolver: ContentResolver, uri: Uri): Source = TODO()
        fun decodeBitmap(source: Source, listener: OnHeaderDecodedListener): Bitmap = TODO()
    }
}
