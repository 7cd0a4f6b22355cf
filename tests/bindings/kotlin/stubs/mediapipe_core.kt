package com.google.mediapipe.tasks.core

class BaseOptions private constructor() {
    class Builder {
        fun setModelAssetPath(path: String): Builder = TODO()
        fun build(): BaseOptions = TODO()
    }

    companion object {
        fun builder(): Builder = TODO()
    }
}
