/// The retargeting graphs of a bundle; those that few animators need are loaded when they first do. Not to be called from two
/// threads at once.
final class RetargetNetworks {
    /// Ties a portrait to a driver's reference frame.
    let start: NamedNetwork
    /// Relative motion, once per frame: see `RetargetStream`.
    let step: NamedNetwork
    private let bundle: ModelBundle, runtime: NetworkRuntime
    private var others: [String: NamedNetwork] = [:]

    private static let parts = ["retarget_start", "retarget", "retarget_absolute", "background_flow", "image_mode"]

    /// - Throws: `valueError`: the bundle lacks one of them.
    init(_ bundle: ModelBundle, _ runtime: NetworkRuntime) throws {
        for part in RetargetNetworks.parts { _ = try bundle.partManifest(part) }
        (self.bundle, self.runtime) = (bundle, runtime)
        start = try NamedNetwork(bundle, "retarget_start", runtime)
        step = try NamedNetwork(bundle, "retarget", runtime)
    }

    /// Absolute motion, once per frame: see `RetargetStream`.
    func absolute() throws -> NamedNetwork { try other("retarget_absolute") }

    /// Smooths the flow measured around the driver's face, once per frame: see `RetargetStream`.
    func background() throws -> NamedNetwork { try other("background_flow") }

    /// What stands for a driver of whom there is one picture only, 478 x 3 pixels each: a face of average shape in its place, at rest
    /// and looking at the camera (`reference`), and with the driver's expression and pose (`moved`).
    func asMeanFace(_ driver: Face) throws -> (reference: [Float], moved: [Float]) {
        guard let blendshapes = driver.blendshapes else {
            throw MonaliveError.valueError("the tracker gives no \(Blendshapes.names.count) blendshapes; animate() needs them")
        }
        let imageMode = try other("image_mode")
        let made = try imageMode(["driver_landmarks": driver.landmarks, "blendshapes": blendshapes])
        let moved = try imageMode.output(made, "mean_face_landmarks")
        try requirePose(moved)
        return (try imageMode.output(made, "mean_face_reference"), moved)
    }

    private func other(_ part: String) throws -> NamedNetwork {
        if let network = others[part] { return network }
        let network = try NamedNetwork(bundle, part, runtime)
        others[part] = network
        return network
    }
}

/// - Throws: `valueError`: a graph gave no numbers for a face.
func requirePose(_ values: [Float]) throws {
    try require(values.allSatisfy(\.isFinite), "the points of the face coincide or lie on a line; no pose can be fitted to them")
}
