/// What the animate network computes for a frame: `flow` h x h x 2 in crop units (source position minus target position),
/// `mask` 256 x 256 in [0, 1], 1 keeping the photo's own pixels, `painted` 256 x 256 x 3 RGB in [0, 1].
struct NetworkFrame {
    let flow: [Float], mask: [Float], painted: [Float]
}

/// The networks of a bundle, loaded. Not to be called from two threads at once.
final class BundleNetworks {
    private let enrollNetwork: NamedNetwork, animateNetwork: NamedNetwork
    let retargeting: RetargetNetworks
    /// Those of eyes and mouth; nil where the bundle has none.
    let regions: RegionNetworks?

    /// - Throws: `valueError`: the bundle lacks one of them, or one cannot be loaded; it has networks of eyes and mouth, but not all
    ///   of them.
    init(_ bundle: ModelBundle, _ runtime: NetworkRuntime) throws {
        enrollNetwork = try NamedNetwork(bundle, "enroll", runtime)
        animateNetwork = try NamedNetwork(bundle, "animate", runtime)
        retargeting = try RetargetNetworks(bundle, runtime)
        regions = try RegionNetworks.of(bundle, runtime)
    }

    /// Computes what depends on the photo alone: the animate network's inputs that stay the same for every frame.
    func enroll(_ photo: RgbImage, _ landmarks: [Float], _ crop: SquareCrop) throws -> [String: [Float]] {
        let inputs = [
            "photo": crop.extract(photo, size: networkSize).rgb.map { Float($0) / 255 },
            "source_landmarks": inPlane(crop.toUnit(landmarks)),
        ]
        return try inputs.merging(enrollNetwork(inputs)) { $1 }
    }

    /// One frame.
    ///
    /// - Parameters:
    ///   - landmarks: 478 x 3 wanted, in units of the photo's crop.
    ///   - surroundings: 16 x 16 x 3, how what is around the face moved; nil for unknown, and the network guesses.
    func animate(_ portrait: Portrait, _ landmarks: [Float], _ surroundings: [Float]?) throws -> NetworkFrame {
        let moving = [
            "target_landmarks": inPlane(landmarks),
            "surroundings": surroundings ?? [Float](repeating: 0, count: surroundingsCount),
        ]
        let out = try animateNetwork(portrait.inputs.merging(moving) { $1 })
        func output(_ name: String) throws -> [Float] { try animateNetwork.output(out, name) }
        // What it paints into a black-and-white photo is black and white, too.
        let painted = try output("painted")
        return NetworkFrame(
            flow: try output("flow"), mask: try output("mask"), painted: portrait.isBlackAndWhite ? withoutColour(painted) : painted
        )
    }
}
