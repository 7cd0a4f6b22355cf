package android.content

import android.net.Uri
import android.os.ParcelFileDescriptor
import java.io.File
import java.io.InputStream

open class Context {
    val applicationContext: Context get() = TODO()
    val assets: android.content.res.AssetManager get() = TODO()
    val codeCacheDir: File get() = TODO()
    val noBackupFilesDir: File get() = TODO()
    val contentResolver: ContentResolver get() = TODO()
    fun getString(id: Int): String = TODO()
}

open class ContentResolver {
    fun insert(url: Uri, values: ContentValues): Uri? = TODO()
    fun update(uri: Uri, values: ContentValues, where: String?, arguments: Array<String>?): Int = TODO()
    fun delete(uri: Uri, where: String?, arguments: Array<String>?): Int = TODO()
    fun openFileDescriptor(uri: Uri, mode: String): ParcelFileDescriptor? = TODO()
}

class ContentValues {
    fun put(key: String, value: String): Unit = TODO()
    fun put(key: String, value: Int): Unit = TODO()
}

class Intent(action: String) {
    var type: String? = null
    fun putExtra(name: String, value: Uri): Intent = TODO()
    fun addFlags(flags: Int): Intent = TODO()

    companion object {
        const val ACTION_SEND = ""
        const val EXTRA_STREAM = ""
        const val FLAG_GRANT_READ_URI_PERMISSION = 1
        fun createChooser(target: Intent, title: CharSequence): Intent = TODO()
    }
}

fun interface DialogClick { fun onClick(dialog: Any, which: Int) }
