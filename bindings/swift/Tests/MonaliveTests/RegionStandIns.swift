import Foundation

@testable import Monalive

/// Stand-ins for the networks of eyes and mouth. `region_crops` lays upright crops at fixed places of the square crop; the animate
/// networks paint a region in `colour`, or keep the photo's pixels where they are. `others` runs the rest of the bundle.
final class RegionStandIns: NetworkRuntime {
    var colour: [Float]?
    var places = RegionStandIns.places
    var photos: [[Float]] = []
    private let others: NetworkRuntime

    init(_ others: NetworkRuntime) { self.others = others }

    func load(_ content: Data, part: PartManifest) throws -> Network {
        RegionStandIns.parts.contains(part.name) ? StandIn(self, part) : try others.load(content, part: part)
    }

    private final class StandIn: Network {
        let owner: RegionStandIns, part: PartManifest

        init(_ owner: RegionStandIns, _ part: PartManifest) { (self.owner, self.part) = (owner, part) }

        func run(_ inputs: [String: [Float]]) -> [String: [Float]] {
            if let photo = inputs.first(where: { $0.key.hasSuffix("photo") })?.value { owner.photos.append(photo) }
            return Dictionary(uniqueKeysWithValues: part.outputs.map { ($0.name, answer($0)) })
        }

        private func answer(_ port: Monalive.Port) -> [Float] {
            if port.name == "places" { return owner.places }
            if port.name.hasSuffix("mask") { return [Float](repeating: owner.colour == nil ? 1 : 0, count: port.count) }
            guard port.name.hasSuffix("painted"), let colour = owner.colour else { return [Float](repeating: 0, count: port.count) }
            return (0..<port.count).map { colour[$0 % 3] }
        }
    }

    /// Left and right eye 0.1 wide, the mouth 0.2 x 0.15, in units of the square crop.
    static let places: [Float] = [place(0.6, 0.4, 0.1 / 64), place(0.5, 0.4, -0.1 / 64), place(0.4, 0.6, 0.2 / 128)].flatMap { $0 }

    private static func place(_ x: Float, _ y: Float, _ step: Float) -> [Float] { [step, 0, x, 0, abs(step), y] }

    static let parts: Set<String> = Set(ports.keys)

    /// Inputs and outputs of the parts.
    private static let ports: [String: [[Monalive.Port]]] = {
        let points = [1, landmarkCount, 2]
        let located = ["left_eye", "right_eye", "mouth"].map { port("\($0)_landmarks", points) }
        var all = ["region_crops": [[port("face_landmarks", [1, landmarkCount, 3])], [port("places", [1, 3, 6])] + located]]
        for (kind, size) in [("eye", [64, 64]), ("mouth", [96, 128])] {
            let source = port("\(kind)_source_landmarks", points), features = port("\(kind)_features", [1, 2])
            let drawn = [("flow", 2), ("mask", 1), ("painted", 3)].map { port("\(kind)_\($0.0)", [1] + size + [$0.1]) }
            all["enroll_\(kind)"] = [[port("\(kind)_photo", [1] + size + [3]), source], [features]]
            all["animate_\(kind)"] = [[source, features, port("\(kind)_target_landmarks", points)], drawn]
        }
        return all
    }()

    private static func port(_ name: String, _ shape: [Int]) -> Monalive.Port { Monalive.Port(name: name, tensor: name, shape: shape) }

    /// A bundle with the other parts of `shipped` and, of those of eyes and mouth, `parts`; its networks are empty files.
    static func bundle(_ shipped: ModelBundle, _ parts: Set<String> = RegionStandIns.parts) throws -> URL {
        var all = ports.filter { parts.contains($0.key) }
        for name in shipped.parts.keys where !RegionStandIns.parts.contains(name) {
            let part = try shipped.partManifest(name)
            all[name] = [part.inputs, part.outputs]
        }
        let empty = sha256(Data())
        func listed(_ ports: [Monalive.Port]) -> [[String: Any]] { ports.map { ["name": $0.name, "tensor": $0.tensor, "shape": $0.shape] } }
        var entries: [String: Any] = [:]
        for (name, ports) in all {
            entries[name] = ["file": name, "sha256": empty, "inputs": listed(ports[0]), "outputs": listed(ports[1])]
        }
        let manifest: [String: Any] = ["schema": 2, "model_version": "0", "parts": entries]
        let members = all.keys.map { ($0, Data()) } + [("manifest.json", try JSONSerialization.data(withJSONObject: manifest))]
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).bundle")
        try storedZip(members).write(to: file)
        return file
    }
}
