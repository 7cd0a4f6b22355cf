package android.provider

import android.net.Uri

class MediaStore {
    class Video {
        class Media {
            companion object {
                const val DISPLAY_NAME = ""
                const val MIME_TYPE = ""
                const val RELATIVE_PATH = ""
                const val DESCRIPTION = ""
                const val IS_PENDING = ""
                val EXTERNAL_CONTENT_URI: Uri get() = TODO()
            }
        }
    }
}
