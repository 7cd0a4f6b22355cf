package android

class Manifest {
    class permission { companion object { const val CAMERA = "" } }
}

class R {
    class string { companion object { const val cancel = 1 } }
}
