/// The face tracker whose networks are in a bundle: what an animator uses unless its options name another.
public struct BundleTrackers: FaceTrackerFactory {
    private let bundle: ModelBundle
    private let runtime: NetworkRuntime
    private let driverFace: DriverFace

    /// - Parameters:
    ///   - bundle: holds the parts "tracker_detector" and "tracker_landmarks"; "tracker_blendshapes" for single pictures that drive.
    ///   - runtime: what runs them.
    ///   - driverFace: which of several faces its trackers follow.
    public init(bundle: ModelBundle, runtime: NetworkRuntime, driverFace: DriverFace = .auto) {
        (self.bundle, self.runtime, self.driverFace) = (bundle, runtime, driverFace)
    }

    /// - Throws: `valueError`: the bundle holds no tracker. One that cannot tell blendshapes finds faces without.
    public func create(maxFaces: Int, blendshapes: Bool) throws -> FaceTracker {
        let detector = LevelFaceDetector(try PictureNetwork(bundle, "tracker_detector", runtime))
        let landmarks = try PictureNetwork(bundle, "tracker_landmarks", runtime)
        let expressions = blendshapes && bundle.parts["tracker_blendshapes"] != nil
            ? try NamedNetwork(bundle, "tracker_blendshapes", runtime) : nil
        return LevelFaceTracker(detector, landmarks, expressions, maxFaces: maxFaces, driverFace: driverFace)
    }
}

/// A network of a bundle that looks at one square picture.
final class PictureNetwork {
    /// Pixels per side of what it looks at.
    let side: Int
    private let network: NamedNetwork
    private let input: String

    init(_ bundle: ModelBundle, _ part: String, _ runtime: NetworkRuntime) throws {
        let ports = try bundle.partManifest(part).inputs
        guard ports.count == 1, ports[0].shape.count == 4, ports[0].shape[1] == ports[0].shape[2] else {
            throw MonaliveError.valueError("the bundle's part '\(part)' does not take one square picture; get the file again")
        }
        (side, input) = (ports[0].shape[1], ports[0].name)
        network = try NamedNetwork(bundle, part, runtime)
    }

    /// - Parameter picture: `side` x `side`.
    func run(_ picture: RgbImage) throws -> [String: [Float]] { try network([input: picture.rgb.map { Float($0) / 255 }]) }

    func output(_ made: [String: [Float]], _ name: String) throws -> [Float] { try network.output(made, name) }
}
