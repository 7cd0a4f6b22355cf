package com.google.mediapipe.tasks.components.containers

abstract class NormalizedLandmark {
    abstract fun x(): Float
    abstract fun y(): Float
    abstract fun z(): Float
}

abstract class Category {
    abstract fun score(): Float
    abstract fun categoryName(): String
}
