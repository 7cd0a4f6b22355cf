import Foundation
import XCTest

@testable import Monalive

/// The lips' network: what it sees for which moment, and what the packaged one gives.
final class LipsTests: XCTestCase {
    private var speech: Fields!

    override func setUpWithError() throws {
        speech = try Golden.fields("speech.json")
    }

    private struct Nothing: NetworkRuntime {
        func load(_ content: Data, part: PartManifest) throws -> Network { throw MonaliveError.runtimeError("it is loaded") }
    }

    private func echoing(_ manifest: [String: Any]) throws -> LipsNetwork {
        try LipsNetwork(manifest: manifest) { window in [window[0], window[8320], window[window.count - 1]] }
    }

    func testWindows() throws {
        let lips = try echoing(try speech.fields("manifest").all)
        XCTAssertEqual([lips.before, lips.after, lips.window], [8320, 1920, 10240])
        XCTAssertEqual(lips.names, ["first", "here", "last"])
        let windows = try speech.fields("windows")
        let samples = (0..<Int(try windows.number("samples"))).map { Float($0 + 1) }
        let found = try lips.shapes(samples, at: Golden.numbers(try windows.any("seconds")))
        near(found.flatMap { $0 }, Golden.numbers(try windows.any("shapes")), 0, "windows")
        XCTAssertEqual(errorOf { _ = try lips.shape([0]) }.name, "ValueError")
    }

    func testRefused() throws {
        let manifest = try speech.fields("manifest").all
        for change in try speech.list("refused") {
            let changed = manifest.merging(try Fields(change).all) { $1 }
            let error = errorOf { _ = try self.echoing(changed) }
            XCTAssertEqual(error.name, "ValueError", "\(change)")
            XCTAssert(error.message?.contains("part 'speech'") == true, "\(change)")
        }
        XCTAssertEqual(errorOf { _ = try self.echoing([:]) }.name, "ValueError")
        let bundle = try ModelBundle.load(Golden.bundle)
        XCTAssert(errorOf { _ = try LipsNetwork.load(bundle, Nothing()) }.message?.contains("no part 'speech'") == true)
    }

    func testNetwork() throws {
        let file = Golden.root.appendingPathComponent("sdk/monalive/assets/speech.bundle")
        try XCTSkipIf(PythonNetworks.shared == nil, "set MONALIVE_PYTHON to a Python that has the SDK")
        let networks = PythonNetworks.shared!
        let wanted = try speech.fields("network"), sound = try wanted.fields("sound")
        let pitch = try sound.number("pitch_hz"), syllables = try sound.number("syllables_hz"), level = try sound.number("level")
        let samples = (0..<Int(try sound.number("samples"))).map { (i: Int) -> Float in
            let time = Double(i) / Double(LipsNetwork.sampleRate)
            return Float(level * (0.5 - 0.5 * cos(2 * Double.pi * syllables * time)) * sin(2 * Double.pi * pitch * time))
        }
        let lips = try LipsNetwork.load(try ModelBundle.load(file), networks.of(file))
        XCTAssertEqual(lips.names, try wanted.list("names") as? [String])
        let found = try lips.shapes(samples, at: Golden.numbers(try wanted.any("seconds")))
        near(found.flatMap { $0 }, Golden.numbers(try wanted.any("shapes")), 1e-3, "coefficients")
    }
}
