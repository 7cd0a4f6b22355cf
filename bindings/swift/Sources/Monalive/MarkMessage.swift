/// What the pixel mark says, and the code word that carries it (`monalive.trust.mark_code` reads it).
public struct MarkMessage: Equatable, Sendable {
    public let fileId: Int

    /// - Parameter fileId: random for every file, 16 bits.
    /// - Throws: `valueError`: a number out of range.
    public init(fileId: Int) throws {
        try require((0..<(1 << 16)).contains(fileId), "a mark says an id of 16 bits, not \(fileId)")
        self.fileId = fileId
    }

    private init(random: UInt16) { fileId = Int(random) }

    /// A message with a new random id.
    public static func random() -> MarkMessage { MarkMessage(random: .random(in: 0...UInt16.max)) }

    /// 256 values of -1 and 1: a tail-biting convolutional code of rate 1/4 and constraint length 9.
    ///
    /// - Parameter picture: what the marked square shows, see `pictureBits`.
    func codeWord(picture: Int) -> [Int] {
        let generators = [0o463, 0o535, 0o733, 0o745], memory = 8, version = 2
        let data = (version << pictureBitCount | picture) << 16 | fileId
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
