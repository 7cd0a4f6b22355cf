/// What the pixel mark says, and the code word that carries it (`monalive.trust.mark_code` reads it).
public struct MarkMessage: Equatable, Sendable {
    public let fileId: Int
    public let major: Int
    public let minor: Int

    /// - Parameters:
    ///   - fileId: random for every file, 28 bits.
    ///   - major: of the release that writes it, modulo 16; `minor` likewise.
    /// - Throws: `valueError`: a number out of range.
    public init(fileId: Int, major: Int, minor: Int) throws {
        try require(
            (0..<(1 << 28)).contains(fileId) && (0...15).contains(major) && (0...15).contains(minor),
            "a mark says an id of 28 bits and two numbers of 4 bits, not \(fileId), \(major), \(minor)"
        )
        (self.fileId, self.major, self.minor) = (fileId, major, minor)
    }

    /// This release of monalive.
    public static let release = "0.1.0"

    /// A message with a new random id; `release` is like "0.1.0", this one when left out.
    ///
    /// - Throws: `valueError`: it is not.
    public static func forRelease(_ release: String = release) throws -> MarkMessage {
        let numbers = release.split(separator: ".").compactMap { Int($0) }
        try require(numbers.count >= 2, "a release is like 0.1.0, not \(release)")
        return try MarkMessage(fileId: Int.random(in: 0..<(1 << 28)), major: numbers[0] % 16, minor: numbers[1] % 16)
    }

    /// 256 values of -1 and 1: a tail-biting convolutional code of rate 1/4 and constraint length 9.
    func codeWord() -> [Int] {
        let generators = [0o463, 0o535, 0o733, 0o745], memory = 8, version = 1
        let data = ((version << 4 | major) << 4 | minor) << 28 | fileId
        let message = (UInt64(data) << 24 | UInt64(checksum(data))) ^ 0x9D3C_A17E_52F8_6B04
        let bits: [Int] = (0..<64).map { Int(message >> UInt64(63 - $0) & 1) }
        // Tail-biting: the register starts with the last bits, so it ends as it began.
        var register = (0..<memory).reduce(0) { $0 | bits[64 - memory + $1] << $1 }
        var word: [Int] = []
        for bit in bits {
            register |= bit << memory
            for generator in generators { word.append((register & generator).nonzeroBitCount % 2 == 1 ? -1 : 1) }
            register >>= 1
        }
        return word
    }

    /// CRC-24 of OpenPGP (RFC 9580).
    private func checksum(_ data: Int) -> Int {
        var check = 0xB704CE
        for byte in (0..<5).reversed() {
            check ^= (data >> (8 * byte) & 0xFF) << 16
            for _ in 0..<8 { check = check << 1 ^ (check & 0x800000 != 0 ? 0x1864CFB : 0) }
        }
        return check & 0xFFFFFF
    }
}
