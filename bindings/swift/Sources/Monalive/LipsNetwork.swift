import Foundation

/// The network that tells from sound what a mouth does: one window of sound, one set of coefficients. It keeps nothing from call to
/// call. Not to be called from two threads at once.
public final class LipsNetwork {
    /// Of the coefficients, some of `Blendshapes`; 0 is the face at rest.
    public let names: [String]
    /// Samples of the window before and after the moment that is asked for.
    public let before: Int, after: Int
    private let run: ([Float]) throws -> [Float]

    /// Of the sound that it takes: mono, so many samples a second, in -1...1.
    public static let sampleRate = 16000
    private static let part = "speech"

    /// From a bundle with the part `speech`.
    ///
    /// - Throws: `valueError`: it has no such part, or one that cannot be used.
    public static func load(_ bundle: ModelBundle, _ runtime: NetworkRuntime) throws -> LipsNetwork {
        let network = try NamedNetwork(bundle, part, runtime)
        return try LipsNetwork(manifest: try Fields(bundle.manifest["parts"]).any(part)) { sound in
            try network.output(try network(["sound": sound]), "coefficients")
        }
    }

    /// - Parameters:
    ///   - manifest: the part's entry: `coefficients` (names), `sample_rate`, `before_ms`, `after_ms`.
    ///   - run: the network.
    /// - Throws: `valueError`: the manifest lacks one of these, or asks for another rate.
    init(manifest: Any, run: @escaping ([Float]) throws -> [Float]) throws {
        let rate: Double
        do {
            let fields = try Fields(manifest)
            names = try fields.list("coefficients").map { "\($0)" }
            rate = try fields.number("sample_rate")
            let samplesPerMs = Double(LipsNetwork.sampleRate) / 1000
            before = Int((try fields.number("before_ms") * samplesPerMs).rounded())
            after = Int((try fields.number("after_ms") * samplesPerMs).rounded())
        } catch {
            throw MonaliveError.valueError(
                "the bundle's part '\(LipsNetwork.part)' does not say what it takes and gives (\(error.localizedDescription))"
            )
        }
        self.run = run
        try require(
            rate == Double(LipsNetwork.sampleRate) && before >= 0 && after >= 0 && window > 0,
            "the bundle's part '\(LipsNetwork.part)' takes sound in a form that this version does not know; update monalive"
        )
    }

    /// Samples that it takes.
    public var window: Int { before + after }

    /// The coefficients of one window of sound.
    ///
    /// - Throws: `valueError`: a window of another length.
    public func shape(_ sound: [Float]) throws -> [Float] {
        try require(sound.count == window, "a window of sound has \(window) samples, not \(sound.count)")
        return try run(sound)
    }

    /// The coefficients at moments of a sound, in seconds from its beginning; before and after it there is silence.
    public func shapes(_ samples: [Float], at seconds: [Double]) throws -> [[Float]] {
        try seconds.map { (moment: Double) -> [Float] in
            let first = Int((moment * Double(LipsNetwork.sampleRate)).rounded()) - before // of the window, in the sound
            return try shape((first..<(first + window)).map { samples.indices.contains($0) ? samples[$0] : 0 })
        }
    }
}
