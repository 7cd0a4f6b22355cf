import Foundation
import XCTest

@testable import Monalive

/// The golden vectors of the Python SDK, and how near a result comes to them.
enum Golden {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../../..").standardized
    static let folder = root.appendingPathComponent("tests/golden/bindings")
    static let bundle = root.appendingPathComponent("sdk/monalive/assets/default.bundle")

    static func json(_ name: String) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(contentsOf: folder.appendingPathComponent(name)))
    }

    static func fields(_ name: String) throws -> Fields { try Fields(json(name)) }

    static func cases(_ name: String) throws -> [Fields] { try (json(name) as! [Any]).map(Fields.init) }

    static func file(_ name: String) -> URL { folder.appendingPathComponent("files/\(name)") }

    static func picture(_ name: String) throws -> RgbImage { try readPng(Data(contentsOf: folder.appendingPathComponent(name))) }

    /// A grey picture as numbers in [0, 1].
    static func mask(_ name: String) throws -> [Float] {
        let rgb = try picture(name).rgb
        return stride(from: 0, to: rgb.count, by: 3).map { Float(rgb[$0]) / 255 }
    }

    static func colours(_ name: String) throws -> [Float] { try picture(name).rgb.map { Float($0) / 255 } }

    /// Nested lists of numbers as one array.
    static func numbers(_ value: Any) -> [Double] {
        (value as? [Any])?.flatMap(numbers) ?? [(value as! NSNumber).doubleValue]
    }

    static func floats(_ value: Any) -> [Float] { numbers(value).map { Float($0) } }

    static func crop(_ fields: Fields) throws -> SquareCrop {
        let crop = try fields.fields("crop")
        return SquareCrop(x: try crop.number("x"), y: try crop.number("y"), side: try crop.number("side"))
    }

    static func flow(_ fields: Fields) throws -> [Float] {
        let flow = try fields.fields("flow")
        let step = try flow.number("step")
        return numbers(try flow.any("levels")).map { Float($0 * step) }
    }
}

func near(_ actual: [Float], _ wanted: [Double], _ tolerance: Double, _ what: String, line: UInt = #line) {
    near(actual.map(Double.init), wanted, tolerance, what, line: line)
}

func near(_ actual: [Double], _ wanted: [Double], _ tolerance: Double, _ what: String, line: UInt = #line) {
    XCTAssertEqual(actual.count, wanted.count, what, line: line)
    let worst = zip(actual, wanted).map { abs($0 - $1) }.max() ?? 0
    XCTAssert(worst <= tolerance, "\(what): off by \(worst)", line: line)
}

func alike(_ actual: RgbImage, _ wanted: RgbImage, _ decibels: Double, _ what: String, line: UInt = #line) {
    XCTAssertEqual(actual.rgb.count, wanted.rgb.count, what, line: line)
    let squared = zip(actual.rgb, wanted.rgb).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) } / Double(actual.rgb.count)
    let measured = squared == 0 ? 99 : 10 * log10(255 * 255 / squared)
    XCTAssert(measured >= decibels, "\(what): \(measured) dB", line: line)
}

/// The Python name of the error that `block` throws, or nil.
func errorOf(_ block: () throws -> Void) -> (name: String?, message: String?) {
    do {
        try block()
        return (nil, nil)
    } catch MonaliveError.valueError(let message) {
        return ("ValueError", message)
    } catch MonaliveError.runtimeError(let message) {
        return ("RuntimeError", message)
    } catch MonaliveError.fileNotFoundError(let message) {
        return ("FileNotFoundError", message)
    } catch {
        return ("\(error)", error.localizedDescription)
    }
}

/// 8-bit grey or RGB PNG without interlacing: what the golden vectors are, and what Linux has no reader for.
func readPng(_ data: Data) throws -> RgbImage {
    let bytes = [UInt8](data)
    func word(_ at: Int) -> Int { (0..<4).reduce(0) { $0 << 8 | Int(bytes[at + $1]) } }
    var at = 8, packed: [UInt8] = [], width = 0, height = 0, channels = 0
    while at + 8 <= bytes.count {
        let length = word(at), kind = String(decoding: bytes[(at + 4)..<(at + 8)], as: UTF8.self), body = at + 8
        if kind == "IHDR" { (width, height, channels) = (word(body), word(body + 4), bytes[body + 9] == 2 ? 3 : 1) }
        if kind == "IDAT" { packed += bytes[body..<(body + length)] }
        at += length + 12
    }
    let row = width * channels
    let raw = [UInt8](try inflateZlib(Data(packed), size: (row + 1) * height))
    var lines = [UInt8](repeating: 0, count: row * height)
    for y in 0..<height {
        let filter = raw[y * (row + 1)]
        for x in 0..<row {
            let value = raw[y * (row + 1) + 1 + x]
            let left = x >= channels ? lines[y * row + x - channels] : 0
            let up = y > 0 ? lines[(y - 1) * row + x] : 0
            let corner = x >= channels && y > 0 ? lines[(y - 1) * row + x - channels] : 0
            let guess: UInt8
            switch filter {
            case 1: guess = left
            case 2: guess = up
            case 3: guess = UInt8((Int(left) + Int(up)) / 2)
            case 4: guess = paeth(left, up, corner)
            default: guess = 0
            }
            lines[y * row + x] = value &+ guess
        }
    }
    let rgb = channels == 3 ? lines : lines.flatMap { [$0, $0, $0] }
    return try RgbImage(width: width, height: height, rgb: rgb)
}

private func paeth(_ left: UInt8, _ up: UInt8, _ corner: UInt8) -> UInt8 {
    let guess = Int(left) + Int(up) - Int(corner)
    let (a, b, c) = (abs(guess - Int(left)), abs(guess - Int(up)), abs(guess - Int(corner)))
    return a <= b && a <= c ? left : b <= c ? up : corner
}

/// A zlib stream by way of a zip archive in memory, whose reader is the one under test elsewhere.
private func inflateZlib(_ data: Data, size: Int) throws -> Data {
    func little(_ value: Int, _ width: Int) -> Data {
        Data((0..<width).map { (byte: Int) -> UInt8 in UInt8(truncatingIfNeeded: value >> (8 * byte)) })
    }
    func joined(_ parts: [Data]) -> Data { parts.reduce(Data(), +) }
    let name = Data([0x61]), version = little(20, 2)
    let deflated = Data(data.dropFirst(2).dropLast(4))
    let about = joined([little(8, 2), little(0, 4), little(0, 4), little(deflated.count, 4), little(size, 4)])
    let header = joined([Data([0x50, 0x4b, 3, 4]), version, little(0, 2), about, little(1, 2), little(0, 2), name])
    let entry = joined([Data([0x50, 0x4b, 1, 2]), version, version, little(0, 2), about, little(1, 2), little(0, 16), name])
    let start = header.count + deflated.count
    let end = joined([Data([0x50, 0x4b, 5, 6]), little(0, 4), little(1, 2), little(1, 2), little(entry.count, 4), little(start, 4)])
    let archive = joined([header, deflated, entry, end, little(0, 2)])
    return try ZipMembers(archive).read("a", most: size)
}
