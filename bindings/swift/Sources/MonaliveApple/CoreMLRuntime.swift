#if canImport(CoreML)
import CoreML
import Foundation
import Monalive

/// Runs a bundle's networks on Core ML. Make the bundle with `monalive-export ... --to coreml`.
///
/// Core ML compiles models from folders: each part is unpacked and compiled once into `cache`, under its hash.
public struct CoreMLRuntime: NetworkRuntime {
    private let cache: URL
    private let computeUnits: MLComputeUnits

    /// - Parameters:
    ///   - cache: a folder of the app's own; the system's caches folder by default.
    ///   - computeUnits: where the networks may run.
    public init(cache: URL? = nil, computeUnits: MLComputeUnits = .all) throws {
        let folder = try cache ?? FileManager.default.url(for: .cachesDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
        self.cache = folder.appendingPathComponent("monalive", isDirectory: true)
        self.computeUnits = computeUnits
        try FileManager.default.createDirectory(at: self.cache, withIntermediateDirectories: true)
    }

    public func load(_ content: Data, part: PartManifest) throws -> Network {
        guard part.format == "mlpackage" else {
            throw MonaliveError.valueError("Core ML runs mlpackage files; the part '\(part.name)' is \(part.format): use the Core ML bundle")
        }
        let compiled = cache.appendingPathComponent("\(part.name)-\(part.sha256).mlmodelc", isDirectory: true)
        if !FileManager.default.fileExists(atPath: compiled.path) { try compile(content, part, to: compiled) }
        let configuration = MLModelConfiguration()
        configuration.computeUnits = computeUnits
        do {
            return CoreMLNetwork(try MLModel(contentsOf: compiled, configuration: configuration), part)
        } catch {
            throw MonaliveError.valueError("the part '\(part.name)' cannot be loaded on Core ML: \(error.localizedDescription)")
        }
    }

    private func compile(_ content: Data, _ part: PartManifest, to place: URL) throws {
        let package = cache.appendingPathComponent("\(UUID().uuidString).mlpackage", isDirectory: true)
        defer { try? FileManager.default.removeItem(at: package) }
        try unpackFolder(content, to: package)
        let compiled: URL
        do { compiled = try MLModel.compileModel(at: package) } catch {
            throw MonaliveError.valueError("the part '\(part.name)' holds a network that Core ML cannot compile: \(error.localizedDescription)")
        }
        try? FileManager.default.removeItem(at: place)
        try FileManager.default.moveItem(at: compiled, to: place)
    }
}

private final class CoreMLNetwork: Network {
    private let model: MLModel
    private let part: PartManifest

    init(_ model: MLModel, _ part: PartManifest) {
        (self.model, self.part) = (model, part)
    }

    func run(_ inputs: [String: [Float]]) throws -> [String: [Float]] {
        var features: [String: MLFeatureValue] = [:]
        for port in part.inputs {
            guard let values = inputs[port.name] else { continue }
            let array = try MLMultiArray(shape: port.shape.map(NSNumber.init), dataType: .float32)
            array.withUnsafeMutableBytes { bytes, _ in values.withUnsafeBytes { bytes.copyMemory(from: $0) } }
            features[port.tensor] = MLFeatureValue(multiArray: array)
        }
        let result = try model.prediction(from: MLDictionaryFeatureProvider(dictionary: features))
        var outputs: [String: [Float]] = [:]
        for port in part.outputs {
            guard let array = result.featureValue(for: port.tensor)?.multiArrayValue else {
                throw MonaliveError.valueError("the network '\(part.name)' gives no '\(port.tensor)'")
            }
            outputs[port.name] = plain(array)
        }
        return outputs
    }

    /// In row-major order, whatever strides and precision Core ML chose.
    private func plain(_ array: MLMultiArray) -> [Float] {
        let shaped = MLShapedArray<Float>(converting: array)
        return shaped.scalars
    }
}
#endif
