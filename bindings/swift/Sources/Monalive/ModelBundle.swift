import Foundation

/// A named input or output of a network: `tensor` is its name in the network's file.
public struct Port: Equatable, Sendable {
    public let name: String
    public let tensor: String
    public let shape: [Int]

    /// How many numbers it holds.
    public var count: Int { shape.reduce(1, *) }
}

/// The manifest's entry of one network; `sha256` is that of its file.
public struct PartManifest: Equatable, Sendable {
    public let name: String
    public let sha256: String
    public let format: String
    public let precision: String
    public let inputs: [Port]
    public let outputs: [Port]
}

/// The models: one file that holds the networks and a manifest. It is mapped into memory, and the parts are views of it.
public struct ModelBundle {
    /// The parsed manifest.
    public let manifest: [String: Any]
    /// The networks' files by part name ("tracker_detector", "enroll", "animate", "retarget").
    public let parts: [String: Data]
    /// Of the whole file, hexadecimal.
    public let sha256: String
    private let entries: [String: PartManifest]

    /// The newest schema this version reads.
    public static let schema = 2
    private static let maxBytes = 512 << 20
    private static let maxManifestBytes = 1 << 20

    /// Version of the weights.
    public var modelVersion: String { "\(manifest["model_version"] ?? "")" }

    /// Name, version and sha256: what outputs say they were made with.
    public var about: [String: String] { ["name": "\(manifest["name"] ?? "")", "version": modelVersion, "sha256": sha256] }

    /// The manifest's entry of one part.
    ///
    /// - Throws: `valueError`: the bundle has no such part.
    public func partManifest(_ name: String) throws -> PartManifest {
        guard let entry = entries[name] else {
            let known = entries.keys.sorted().joined(separator: ", ")
            throw MonaliveError.valueError("the bundle has no part '\(name)', only \(known); use a complete bundle")
        }
        return entry
    }

    /// Opens and checks a bundle.
    ///
    /// - Throws: `fileNotFoundError`: there is no such file. `valueError`: not a bundle, a damaged one (sha256), or one of a
    ///   newer schema.
    public static func load(_ path: URL) throws -> ModelBundle {
        guard isFile(path) else { throw MonaliveError.fileNotFoundError("there is no bundle at \(path.path)") }
        let notOne = "\(path.path) is not a monalive bundle, or a damaged one"
        do {
            let content = try Data(contentsOf: path, options: .alwaysMapped)
            try require(content.count <= maxBytes, "it is larger than any bundle (\(maxBytes >> 20) MiB)")
            return try read(content)
        } catch let error as Unusable {
            throw MonaliveError.valueError("\(path.path): \(error.message)")
        } catch let error as DamagedZip {
            throw MonaliveError.valueError("\(notOne): \(error.message)")
        } catch {
            throw MonaliveError.valueError("\(notOne): \(error.localizedDescription)")
        }
    }

    private struct Unusable: Error {
        let message: String
    }

    private static func read(_ content: Data) throws -> ModelBundle {
        let archive = try ZipMembers(content)
        let manifest = try Fields(json: try archive.readChecked("manifest.json", most: maxManifestBytes))
        let stated = try manifest.any("schema")
        guard let schema = stated as? Int, !(stated is String), schema <= ModelBundle.schema else {
            throw Unusable(message: "its schema is \(stated), this version reads up to \(ModelBundle.schema); update monalive")
        }
        _ = try manifest.any("model_version")
        var parts: [String: Data] = [:], entries: [String: PartManifest] = [:]
        for (name, value) in try manifest.fields("parts").all {
            let entry = try Fields(value)
            entries[name] = try partManifest(name, entry)
            parts[name] = try part(archive, name, entry)
        }
        return ModelBundle(manifest: manifest.all, parts: parts, sha256: Monalive.sha256(content), entries: entries)
    }

    private static func part(_ archive: ZipMembers, _ name: String, _ entry: Fields) throws -> Data {
        let file = try entry.text("file")
        guard try archive.member(file).isStored else {
            throw Unusable(message: "the part '\(name)' is compressed; bundles are stored uncompressed")
        }
        let content = try archive.read(file, most: maxBytes)
        guard Monalive.sha256(content) == (try entry.text("sha256")) else {
            throw Unusable(message: "the part '\(name)' is damaged (its sha256 is not the manifest's); get the file again")
        }
        return content
    }

    private static func partManifest(_ name: String, _ entry: Fields) throws -> PartManifest {
        PartManifest(
            name: name, sha256: try entry.text("sha256"), format: entry.all["format"] as? String ?? "tflite",
            precision: entry.all["precision"] as? String ?? "", inputs: try ports(try entry.list("inputs")),
            outputs: try ports(try entry.list("outputs"))
        )
    }

    private static func ports(_ entries: [Any]) throws -> [Port] {
        try entries.map { value in
            let port = try Fields(value)
            let shape = port.all["shape"] as? [Int] ?? []
            try require(shape.allSatisfy { $0 >= 1 }, "a shape is not made of whole numbers")
            return Port(name: try port.text("name"), tensor: try port.text("tensor"), shape: shape)
        }
    }
}

func isFile(_ path: URL) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path.path, isDirectory: &isFolder) && !isFolder.boolValue
}

/// A JSON object, read with errors that name the field.
struct Fields {
    let all: [String: Any]

    init(_ value: Any?) throws {
        guard let all = value as? [String: Any] else { throw MonaliveError.valueError("an object is expected") }
        self.all = all
    }

    init(json: Data) throws {
        let parsed: Any
        do { parsed = try JSONSerialization.jsonObject(with: json) } catch { throw MonaliveError.valueError("it is not JSON") }
        try self.init(parsed)
    }

    func any(_ name: String) throws -> Any {
        guard let value = all[name], !(value is NSNull) else { throw MonaliveError.valueError("there is no \"\(name)\"") }
        return value
    }

    func text(_ name: String) throws -> String {
        guard let value = try any(name) as? String else { throw MonaliveError.valueError("\"\(name)\" is not a text") }
        return value
    }

    func number(_ name: String) throws -> Double {
        guard let value = try any(name) as? NSNumber else { throw MonaliveError.valueError("\"\(name)\" is not a number") }
        return value.doubleValue
    }

    func list(_ name: String) throws -> [Any] {
        guard let value = try any(name) as? [Any] else { throw MonaliveError.valueError("\"\(name)\" is not a list") }
        return value
    }

    func numbers(_ name: String, _ count: Int) throws -> [Double] {
        let values = try list(name).compactMap { ($0 as? NSNumber)?.doubleValue }
        try require(try values.count == count && list(name).count == count, "\"\(name)\" is not \(count) numbers")
        return values
    }

    func fields(_ name: String) throws -> Fields { try Fields(try any(name)) }
}
