/// A face found in a picture.
public struct Face: Sendable {
    /// 478 x 3: x, y in picture pixels, z in the scale of x, smaller is nearer.
    public let landmarks: [Float]
    /// 52 scores in [0, 1] in MediaPipe's order (`Blendshapes.names`), or nil if not asked for.
    public let blendshapes: [Float]?

    /// - Throws: `valueError`: the landmarks are not 478 x 3 finite numbers.
    public init(landmarks: [Float], blendshapes: [Float]? = nil) throws {
        try requireLandmarks(landmarks, "face")
        (self.landmarks, self.blendshapes) = (landmarks, blendshapes)
    }

    /// Around the landmarks, in picture pixels.
    var box: Box {
        func extent(_ axis: Int) -> (low: Double, high: Double) {
            let values = stride(from: axis, to: landmarks.count, by: 3).map { landmarks[$0] }
            return (Double(values.min()!), Double(values.max()!))
        }
        let (x, y) = (extent(0), extent(1))
        return Box(left: x.low, top: y.low, right: x.high, bottom: y.high)
    }

    var centre: Double { (box.left + box.right) / 2 }

    var area: Double { box.area }
}

/// Finds faces: the bundle's own networks (`BundleTrackers`), or what an app brings. Not to be called from two threads at once.
public protocol FaceTracker: AnyObject {
    /// All faces of a still, in any order.
    func detect(_ image: RgbImage) throws -> [Face]

    /// The same, but looks that could only show faces smaller than one that is found already may be spared (`largestOnly`).
    func detect(_ image: RgbImage, largestOnly: Bool) throws -> [Face]

    /// The face followed through the frames of a video, or none.
    func track(_ image: RgbImage, timestampMs: Double) throws -> Face?

    /// How often, since the video began, `track` went over to another face, so that motion has to be counted from it anew.
    var driverChanges: Int { get }

    /// Forgets the video, so that another may begin.
    func reset()
}

extension FaceTracker {
    /// All faces: for trackers that cannot spare anything.
    public func detect(_ image: RgbImage, largestOnly: Bool) throws -> [Face] { try detect(image) }

    /// None: for trackers that stay with one face.
    public var driverChanges: Int { 0 }
}

/// Makes the trackers of an animator: one for photos, one for the driver.
public protocol FaceTrackerFactory {
    /// - Parameters:
    ///   - maxFaces: the most faces looked for.
    ///   - blendshapes: give expression scores with the faces.
    func create(maxFaces: Int, blendshapes: Bool) throws -> FaceTracker
}

/// Which face of a photo.
public enum FaceChoice: Equatable, Sendable {
    /// The largest one.
    case largest
    /// Counted from the left, from 0.
    case fromLeft(Int)

    /// - Throws: `valueError`: there are not so many faces.
    func choose(_ faces: [Face]) throws -> Face {
        switch self {
        case .largest:
            if let face = faces.max(by: { $0.area < $1.area }) { return face }
        case .fromLeft(let index):
            let sorted = faces.sorted { $0.centre < $1.centre }
            if sorted.indices.contains(index) { return sorted[index] }
        }
        throw MonaliveError.valueError("there is no such face; \(faces.count) were found, counted from 0 at the left")
    }
}
