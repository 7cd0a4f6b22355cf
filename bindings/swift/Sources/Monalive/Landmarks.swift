/// Landmarks of a face: MediaPipe's 468 mesh points, then two irises of five.
public let landmarkCount = 478

/// Points of the mesh without the irises.
let meshCount = 468

/// Numbers of one frame of surroundings: 16 x 16 cells of flow (x, y) and how much is known.
let surroundingsCount = 16 * 16 * 3

/// - Throws: `valueError`: they are not 478 x 3 finite numbers.
func requireLandmarks(_ landmarks: [Float], _ whose: String) throws {
    try require(
        landmarks.count == landmarkCount * 3, "the \(whose)'s landmarks must be \(landmarkCount) x 3 numbers, got \(landmarks.count)"
    )
    try require(landmarks.allSatisfy(\.isFinite), "the \(whose)'s landmarks hold NaN or infinite values")
}

/// Their x and y alone: 478 x 2.
func inPlane(_ landmarks: [Float]) -> [Float] {
    (0..<landmarkCount).flatMap { (point: Int) -> [Float] in Array(landmarks[(point * 3)..<(point * 3 + 2)]) }
}
