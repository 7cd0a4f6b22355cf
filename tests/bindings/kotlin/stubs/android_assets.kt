package android.content.res

import java.io.InputStream

class AssetManager {
    fun list(path: String): Array<String>? = TODO()
    fun open(name: String): InputStream = TODO()
}
