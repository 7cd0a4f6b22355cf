/// IEEE 754 half precision to single. (Swift's Float16 is missing on Macs with Intel processors.)
func floatFromHalf(_ half: UInt16) -> Float {
    let sign = UInt32(half & 0x8000) << 16
    let exponent = UInt32(half >> 10) & 0x1F
    let fraction = UInt32(half & 0x3FF)
    switch exponent {
    case 0: return (sign == 0 ? 1 : -1) * Float(fraction) / Float(1 << 24)
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
}

/// Single precision to half, of a finite number, rounded to the nearest (to even at a tie); too large becomes infinite.
func halfFromFloat(_ value: Float) -> UInt16 {
    let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
    let size = value.bitPattern & 0x7FFF_FFFF
    if size >= 0x4780_0000 { return sign | 0x7C00 }
    if size >= 0x3880_0000 { return sign | UInt16(truncatingIfNeeded: (size + 0xFFF + ((size >> 13) & 1) - 0x3800_0000) >> 13) }
    return sign | UInt16((Float(bitPattern: size) * Float(1 << 24)).rounded(.toNearestOrEven))
}
