package monalive

import java.security.SecureRandom

/**
 * What the pixel mark says, and the code word that carries it (`monalive.trust.mark_code` reads it).
 *
 * @property fileId random for every file, 16 bits.
 * @throws IllegalArgumentException a number out of range.
 */
class MarkMessage(val fileId: Int) {
    init {
        require(fileId in 0 until (1 shl ID_BITS)) { "a mark says an id of $ID_BITS bits, not $fileId" }
    }

    /**
     * 256 values of -1 and 1: a tail-biting convolutional code of rate 1/4 and constraint length 9.
     *
     * @param picture what the marked square shows, see [pictureBits].
     */
    internal fun codeWord(picture: Int): IntArray {
        val data = (VERSION shl PICTURE_BITS or picture.toLong()) shl ID_BITS or fileId.toLong()
        val message = (data shl CHECK_BITS or checksum(data).toLong()) xor SCRAMBLE
        val bits = IntArray(Long.SIZE_BITS) { (message ushr (Long.SIZE_BITS - 1 - it) and 1).toInt() }
        // Tail-biting: the register starts with the last bits, so it ends as it began.
        var register = (0 until MEMORY).sumOf { bits[bits.size - MEMORY + it] shl it }
        return IntArray(bits.size * GENERATORS.size) { at ->
            val (index, generator) = at / GENERATORS.size to at % GENERATORS.size
            if (generator == 0) register = (if (index == 0) register else register shr 1) or (bits[index] shl MEMORY)
            1 - 2 * ((register and GENERATORS[generator]).countOneBits() and 1)
        }
    }

    private fun checksum(data: Long): Int {
        var check = CHECK_START
        for (byte in DATA_BYTES - 1 downTo 0) {
            check = check xor ((data ushr 8 * byte and 0xFF).toInt() shl 16)
            repeat(8) { check = check shl 1 xor (if (check and 0x800000 != 0) CHECK_POLYNOMIAL else 0) }
        }
        return check
    }

    companion object {
        private const val VERSION = 2L
        private const val ID_BITS = 16
        private const val DATA_BYTES = 5
        private const val CHECK_BITS = 24
        private const val CHECK_POLYNOMIAL = 0x1864CFB // CRC-24 of OpenPGP (RFC 9580)
        private const val CHECK_START = 0xB704CE
        private const val MEMORY = 8
        private val GENERATORS = intArrayOf(307, 349, 475, 485) // 463, 535, 733, 745 octal
        private const val SCRAMBLE = -0x62C35E81AD0794FCL // 0x9D3CA17E52F86B04

        /** A message with a new random id. */
        fun random(): MarkMessage = MarkMessage(SecureRandom().nextInt(1 shl ID_BITS))
    }
}
