package monalive

/** IEEE 754 half precision to single. */
internal fun floatFromHalf(half: Short): Float {
    val bits = half.toInt() and 0xFFFF
    val sign = (bits and 0x8000) shl 16
    val exponent = (bits shr 10) and 0x1F
    val fraction = bits and 0x3FF
    return when (exponent) {
        0 -> (if (sign == 0) 1f else -1f) * fraction / (1 shl 24)
        31 -> Float.fromBits(sign or 0x7F800000 or (fraction shl 13))
        else -> Float.fromBits(sign or ((exponent + 112) shl 23) or (fraction shl 13))
    }
}

/** Single precision to half, of a finite number, rounded to the nearest (to even at a tie); too large becomes infinite. */
internal fun halfFromFloat(value: Float): Short {
    val bits = value.toRawBits()
    val sign = (bits ushr 16) and 0x8000
    val size = bits and 0x7FFFFFFF
    val half = when {
        size >= 0x47800000 -> 0x7C00 // 65536 and more
        size >= 0x38800000 -> { // normal: drop 13 bits of the fraction
            val rounded = size + 0xFFF + ((size ushr 13) and 1)
            (rounded - 0x38000000) ushr 13
        }
        else -> { // in steps of 2^-24
            val steps = Math.rint(Float.fromBits(size).toDouble() * (1 shl 24)).toInt()
            steps
        }
    }
    return (sign or half).toShort()
}
