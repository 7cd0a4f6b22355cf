package monalive

import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.zip.CRC32
import java.util.zip.DataFormatException
import java.util.zip.Inflater

/** What is wrong with a zip archive. */
internal class DamagedZipException(message: String) : Exception(message)

/** A member of an archive: where its bytes lie and how they are packed. */
internal class ZipMember(val name: String, val method: Int, val crc: Long, val packed: Int, val size: Int, val header: Int)

/**
 * The members of a zip archive that lies in memory, or is mapped into it: stored members come as views of it, not copies.
 *
 * Java's own reader copies. Archives of several disks, encrypted ones and those above 2 GiB are refused.
 */
internal class ZipMembers(content: ByteBuffer) {
    private val bytes: ByteBuffer = content.duplicate().order(ByteOrder.LITTLE_ENDIAN)
    private val members: Map<String, ZipMember>

    init {
        members = try {
            directory()
        } catch (error: IndexOutOfBoundsException) {
            throw DamagedZipException("its directory is cut off")
        } catch (error: IllegalArgumentException) {
            throw DamagedZipException("its directory makes no sense")
        }
    }

    /** @throws DamagedZipException there is no such member. */
    fun member(name: String): ZipMember = members[name] ?: throw DamagedZipException("there is no $name in it")

    /**
     * A member's bytes, read-only; of a stored member a view.
     *
     * @param most the member may have no more bytes.
     * @throws DamagedZipException there is no such member, it is damaged, or larger than [most].
     */
    fun read(name: String, most: Int): ByteBuffer {
        val member = member(name)
        if (member.size < 0 || member.size > most) throw DamagedZipException("$name has ${member.size} bytes, more than $most")
        val packed = try {
            if (bytes.getInt(member.header) != LOCAL) throw DamagedZipException("$name is not where the directory says")
            val start = member.header + 30 + short(member.header + 26) + short(member.header + 28)
            slice(start, member.packed)
        } catch (error: IndexOutOfBoundsException) {
            throw DamagedZipException("$name is cut off")
        } catch (error: IllegalArgumentException) {
            throw DamagedZipException("$name is cut off")
        }
        return when (member.method) {
            STORED -> packed
            DEFLATED -> inflated(packed, member)
            else -> throw DamagedZipException("$name is packed in an unknown way")
        }
    }

    /** The same, its checksum verified. */
    fun readChecked(name: String, most: Int): ByteBuffer {
        val content = read(name, most)
        val crc = CRC32().apply { update(content.duplicate()) }
        if (crc.value != member(name).crc) throw DamagedZipException("$name is damaged")
        return content
    }

    private fun directory(): Map<String, ZipMember> {
        val end = (bytes.limit() - 22 downTo maxOf(0, bytes.limit() - 22 - 0xFFFF)).firstOrNull { bytes.getInt(it) == END }
            ?: throw DamagedZipException("it is no zip archive, or cut off")
        val count = short(end + 10)
        var at = bytes.getInt(end + 16)
        val found = LinkedHashMap<String, ZipMember>()
        repeat(count) {
            if (bytes.getInt(at) != CENTRAL) throw DamagedZipException("its directory makes no sense")
            if (short(at + 8) and 1 != 0) throw DamagedZipException("it is encrypted")
            val name = ByteArray(short(at + 28)).also { for (i in it.indices) it[i] = bytes.get(at + 46 + i) }
            val member = ZipMember(
                String(name, Charsets.UTF_8), short(at + 10), bytes.getInt(at + 16).toLong() and 0xFFFFFFFFL,
                bytes.getInt(at + 20), bytes.getInt(at + 24), bytes.getInt(at + 42),
            )
            found[member.name] = member
            at += 46 + short(at + 28) + short(at + 30) + short(at + 32)
        }
        return found
    }

    private fun inflated(packed: ByteBuffer, member: ZipMember): ByteBuffer {
        val inflater = Inflater(true)
        try {
            val raw = ByteArray(packed.remaining()).also { packed.duplicate().get(it) }
            inflater.setInput(raw)
            val content = ByteArray(member.size)
            var done = 0
            while (done < content.size) {
                val read = inflater.inflate(content, done, content.size - done)
                if (read == 0) break
                done += read
            }
            if (done != content.size) throw DamagedZipException("${member.name} has $done bytes, not the ${member.size} it announces")
            return ByteBuffer.wrap(content).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN)
        } catch (error: DataFormatException) {
            throw DamagedZipException("${member.name} is damaged")
        } finally {
            inflater.end()
        }
    }

    private fun slice(start: Int, length: Int): ByteBuffer {
        if (start < 0 || length < 0 || start > bytes.limit() - length) throw DamagedZipException("a member is cut off")
        val view = bytes.duplicate()
        view.position(start)
        view.limit(start + length)
        return view.slice().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN)
    }

    private fun short(at: Int): Int = bytes.getShort(at).toInt() and 0xFFFF

    companion object {
        const val STORED = 0
        const val DEFLATED = 8
        private const val LOCAL = 0x04034b50
        private const val CENTRAL = 0x02014b50
        private const val END = 0x06054b50
    }
}
