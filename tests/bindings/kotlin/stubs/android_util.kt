package android.util

class Size(val width: Int, val height: Int)
