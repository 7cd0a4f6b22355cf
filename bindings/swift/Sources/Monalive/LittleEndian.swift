/// A whole number from its bytes, the lowest first.
func littleEndian(_ bytes: some BidirectionalCollection<UInt8>) -> UInt64 {
    var value: UInt64 = 0
    for byte in bytes.reversed() { value = value << 8 | UInt64(byte) }
    return value
}

/// A whole number from its bytes, the highest first.
func bigEndian(_ bytes: some Sequence<UInt8>) -> UInt64 {
    var value: UInt64 = 0
    for byte in bytes { value = value << 8 | UInt64(byte) }
    return value
}
