package android.os

import java.io.FileDescriptor

class Bundle

class Looper { companion object { fun getMainLooper(): Looper = TODO() } }

class Handler(looper: Looper) {
    fun post(task: Runnable): Boolean = TODO()
}

class ParcelFileDescriptor : AutoCloseable {
    val fileDescriptor: FileDescriptor get() = TODO()
    override fun close(): Unit = TODO()
}
