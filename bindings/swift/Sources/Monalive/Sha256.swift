import Foundation
#if canImport(CryptoKit)
import CryptoKit
#endif

/// SHA-256 in hexadecimal. Apple's systems have it; elsewhere it is computed here (FIPS 180-4).
func sha256(_ content: Data) -> String {
    #if canImport(CryptoKit)
    return SHA256.hash(data: content).map { String(format: "%02x", $0) }.joined()
    #else
    return PlainSha256.hash(content).map { String(format: "%02x", $0) }.joined()
    #endif
}

#if !canImport(CryptoKit)
private enum PlainSha256 {
    /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
    private static let constants: [UInt32] = primes(64).map { fraction(cbrt(Double($0))) }
    private static let start: [UInt32] = primes(8).map { fraction(Double($0).squareRoot()) }

    static func hash(_ content: Data) -> [UInt8] {
        var state = start
        var tail = Data(content.suffix(content.count % 64))
        tail.append(0x80)
        tail.append(Data(count: (120 - tail.count % 64) % 64))
        let bits = UInt64(content.count) * 8
        tail.append(contentsOf: (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * $0)) })
        let whole = content.prefix(content.count - content.count % 64)
        for part in [Data(whole), tail] {
            part.withUnsafeBytes { bytes in
                for block in stride(from: 0, to: bytes.count, by: 64) { mix(&state, bytes, block) }
            }
        }
        return state.flatMap { (word: UInt32) -> [UInt8] in
            stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
        }
    }

    private static func mix(_ state: inout [UInt32], _ bytes: UnsafeRawBufferPointer, _ at: Int) {
        var w = [UInt32](repeating: 0, count: 64)
        for i in 0..<16 { w[i] = UInt32(bigEndian(bytes[(at + 4 * i)..<(at + 4 * i + 4)])) }
        for i in 16..<64 {
            let a = w[i - 15], b = w[i - 2]
            let s0 = turn(a, 7) ^ turn(a, 18) ^ (a >> 3), s1 = turn(b, 17) ^ turn(b, 19) ^ (b >> 10)
            w[i] = w[i - 16] &+ s0 &+ w[i - 7] &+ s1
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for i in 0..<64 {
            let s1: UInt32 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25), chosen: UInt32 = (e & f) ^ (~e & g)
            let s0: UInt32 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22), most: UInt32 = (a & b) ^ (a & c) ^ (b & c)
            let t1: UInt32 = h &+ s1 &+ chosen &+ constants[i] &+ w[i], t2: UInt32 = s0 &+ most
            (h, g, f, e, d, c, b, a) = (g, f, e, d &+ t1, c, b, a, t1 &+ t2)
        }
        for (i, value) in [a, b, c, d, e, f, g, h].enumerated() { state[i] = state[i] &+ value }
    }

    private static func turn(_ value: UInt32, _ by: UInt32) -> UInt32 { value >> by | value << (32 - by) }

    private static func fraction(_ value: Double) -> UInt32 { UInt32((value - value.rounded(.down)) * 4_294_967_296) }

    private static func primes(_ count: Int) -> [Int] {
        Array((2...).lazy.filter { n in !(2..<n).contains { n % $0 == 0 } }.prefix(count))
    }
}
#endif
