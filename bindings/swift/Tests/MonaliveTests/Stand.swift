import Foundation

@testable import Monalive

/// A tracker that sees the golden face in every photo, and `driver` in every frame.
final class Sight: FaceTrackerFactory {
    var driver: [Float]?
    let portrait: [Float], scores: [Float], alsoShiftedBy: Float?

    init(alsoShiftedBy: Float? = nil) throws {
        let faces = try Golden.fields("faces.json")
        portrait = Golden.floats(try faces.any("portrait"))
        driver = Golden.floats(try faces.list("driver")[0])
        scores = Golden.floats(try Golden.cases("image_mode.json")[0].any("blendshapes"))
        self.alsoShiftedBy = alsoShiftedBy
    }

    func create(maxFaces: Int, blendshapes: Bool) -> FaceTracker { Tracker(sight: self, maxFaces: maxFaces, blendshapes: blendshapes) }

    private final class Tracker: FaceTracker {
        let sight: Sight, maxFaces: Int, blendshapes: Bool

        init(sight: Sight, maxFaces: Int, blendshapes: Bool) {
            (self.sight, self.maxFaces, self.blendshapes) = (sight, maxFaces, blendshapes)
        }

        func detect(_ image: RgbImage) throws -> [Face] {
            if maxFaces == 16 {
                return try sight.driver.map { [try Face(landmarks: $0, blendshapes: blendshapes ? sight.scores : nil)] } ?? []
            }
            let own = sight.portrait
            let other = sight.alsoShiftedBy.map { by in own.indices.map { own[$0] + ($0 % 3 == 0 ? by : 0) } }
            return try ([other].compactMap { $0 } + [own]).map { try Face(landmarks: $0) }
        }

        func track(_ image: RgbImage, timestampMs: Double) throws -> Face? { try sight.driver.map { try Face(landmarks: $0) } }

        func reset() {}
    }
}

/// The bundle's networks, run by a Python process beside this one; Linux has no Core ML.
///
/// It starts the Python in the environment variable MONALIVE_PYTHON, which must have the SDK.
final class PythonNetworks: NetworkRuntime {
    static let shared: PythonNetworks? = ProcessInfo.processInfo.environment["MONALIVE_PYTHON"].flatMap { try? PythonNetworks($0) }
    private let process = Process(), requests = Pipe(), answers = Pipe()

    private init(_ python: String) throws {
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = [Golden.root.appendingPathComponent("tests/support/network_server.py").path]
        process.standardInput = requests
        process.standardOutput = answers
        try process.run()
    }

    func load(_ content: Data, part: PartManifest) -> Network { Remote(self, Golden.bundle, part.name) }

    /// The networks of another bundle.
    func of(_ bundle: URL) -> NetworkRuntime { Other(owner: self, bundle: bundle) }

    private struct Other: NetworkRuntime {
        let owner: PythonNetworks, bundle: URL

        func load(_ content: Data, part: PartManifest) -> Network { Remote(owner, bundle, part.name) }
    }

    private final class Remote: Network {
        let owner: PythonNetworks, bundle: URL, part: String

        init(_ owner: PythonNetworks, _ bundle: URL, _ part: String) { (self.owner, self.bundle, self.part) = (owner, bundle, part) }

        func run(_ inputs: [String: [Float]]) throws -> [String: [Float]] { try owner.ask(bundle, part, inputs) }
    }

    private func ask(_ bundle: URL, _ part: String, _ inputs: [String: [Float]]) throws -> [String: [Float]] {
        let names = inputs.keys.sorted()
        let counts = names.map { "\"\($0)\": \(inputs[$0]!.count)" }.joined(separator: ", ")
        var request = Data("{\"bundle\": \"\(bundle.path)\", \"part\": \"\(part)\", \"inputs\": {\(counts)}}\n".utf8)
        for name in names { inputs[name]!.withUnsafeBytes { request.append(contentsOf: $0) } }
        try requests.fileHandleForWriting.write(contentsOf: request)
        var head = Data()
        while head.last != 10 { head.append(try exactly(1)) }
        // In the order in which they follow, which JSONSerialization does not keep.
        let text = String(decoding: head, as: UTF8.self)
        let pattern = try NSRegularExpression(pattern: "\"(\\w+)\": (\\d+)")
        var outputs: [String: [Float]] = [:]
        for match in pattern.matches(in: text, range: NSRange(text.startIndex..., in: text)) {
            let name = String(text[Range(match.range(at: 1), in: text)!]), count = Int(text[Range(match.range(at: 2), in: text)!])!
            let raw = try exactly(count * 4)
            outputs[name] = raw.withUnsafeBytes { bytes in (0..<count).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) } }
        }
        return outputs
    }

    private func exactly(_ count: Int) throws -> Data {
        var data = Data()
        while data.count < count {
            guard let more = try answers.fileHandleForReading.read(upToCount: count - data.count), !more.isEmpty else {
                throw MonaliveError.runtimeError("the Python process that runs the networks ended")
            }
            data.append(more)
        }
        return data
    }
}
