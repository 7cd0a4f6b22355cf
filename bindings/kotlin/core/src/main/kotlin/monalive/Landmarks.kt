package monalive

/** Landmarks of a face: MediaPipe's 468 mesh points, then two irises of five. */
const val LANDMARK_COUNT = 478

/** Points of the mesh without the irises. */
internal const val MESH_COUNT = 468

/** Numbers of one frame of surroundings: 16 x 16 cells of flow (x, y) and how much is known. */
internal const val SURROUNDINGS_COUNT = 16 * 16 * 3

/** @throws IllegalArgumentException they are not 478 x 3 finite numbers. */
internal fun requireLandmarks(landmarks: FloatArray, whose: String) {
    require(landmarks.size == LANDMARK_COUNT * 3) {
        "the $whose's landmarks must be $LANDMARK_COUNT x 3 numbers, got ${landmarks.size}"
    }
    require(landmarks.all(Float::isFinite)) { "the $whose's landmarks hold NaN or infinite values" }
}

/** Their x and y alone: 478 x 2. */
internal fun inPlane(landmarks: FloatArray) = FloatArray(LANDMARK_COUNT * 2) { landmarks[it / 2 * 3 + it % 2] }
