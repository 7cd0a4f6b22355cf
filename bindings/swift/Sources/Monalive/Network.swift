import Foundation

/// One loaded network of a bundle. Not to be called from two threads at once.
public protocol Network: AnyObject {
    /// Runs it: float arrays by the manifest's names in and out.
    func run(_ inputs: [String: [Float]]) throws -> [String: [Float]]
}

/// What runs networks: Core ML on Apple's systems (`CoreMLRuntime`), anything else in tests.
public protocol NetworkRuntime {
    /// - Parameters:
    ///   - content: the network's file, mapped into memory.
    ///   - part: its entry in the bundle's manifest: names, tensors and shapes.
    /// - Throws: `valueError`: the network cannot be loaded.
    func load(_ content: Data, part: PartManifest) throws -> Network
}

/// A network that checks what it is given by the manifest. Inputs it does not have are passed over.
final class NamedNetwork {
    let manifest: PartManifest
    private let network: Network

    init(_ bundle: ModelBundle, _ part: String, _ runtime: NetworkRuntime) throws {
        manifest = try bundle.partManifest(part)
        network = try runtime.load(bundle.parts[part] ?? Data(), part: manifest)
    }

    /// - Throws: `valueError`: an input is missing or of another size.
    func callAsFunction(_ inputs: [String: [Float]]) throws -> [String: [Float]] {
        var taken: [String: [Float]] = [:]
        for port in manifest.inputs {
            guard let values = inputs[port.name], port.shape.isEmpty || values.count == port.count else {
                let got = inputs[port.name].map { "\($0.count)" } ?? "no"
                throw MonaliveError.valueError(
                    "the bundle's part '\(manifest.name)' takes '\(port.name)' of shape \(port.shape), got \(got) numbers"
                )
            }
            taken[port.name] = values
        }
        return try network.run(taken)
    }

    /// One of the outputs that a run made.
    ///
    /// - Throws: `valueError`: the network's file gives none of that name.
    func output(_ made: [String: [Float]], _ name: String) throws -> [Float] {
        guard let values = made[name] else { throw MonaliveError.valueError("the network '\(manifest.name)' gives no '\(name)'") }
        return values
    }
}
