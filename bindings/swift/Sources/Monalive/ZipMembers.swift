import Foundation
#if canImport(Compression)
import Compression
#else
import CZlib
#endif

/// What is wrong with a zip archive.
struct DamagedZip: Error {
    let message: String
}

/// The members of a zip archive that lies in memory, or is mapped into it: stored members come as views of it, not copies.
///
/// Archives of several disks, encrypted ones and those above 2 GiB are refused.
struct ZipMembers {
    struct Member {
        let name: String, method: Int, crc: UInt32, packed: Int, size: Int, header: Int
        var isStored: Bool { method == 0 }
    }

    private let content: Data
    private var members: [String: Member] = [:]

    init(_ content: Data) throws {
        self.content = content
        let first = content.count - 22
        guard first >= 0, let end = stride(from: first, through: max(0, first - 0xFFFF), by: -1).first(where: { word($0) == 0x0605_4b50 })
        else { throw DamagedZip(message: "it is no zip archive, or cut off") }
        var at = try int(end + 16)
        for _ in 0..<(try short(end + 10)) {
            guard word(at) == 0x0201_4b50 else { throw DamagedZip(message: "its directory makes no sense") }
            if try short(at + 8) & 1 != 0 { throw DamagedZip(message: "it is encrypted") }
            let length = try short(at + 28)
            let name = String(decoding: try slice(at + 46, length), as: UTF8.self)
            members[name] = Member(
                name: name, method: try short(at + 10), crc: word(at + 16) ?? 0, packed: try int(at + 20), size: try int(at + 24),
                header: try int(at + 42)
            )
            at += 46 + length + (try short(at + 30)) + (try short(at + 32))
        }
    }

    var names: [String] { Array(members.keys) }

    /// - Throws: `DamagedZip`: there is no such member.
    func member(_ name: String) throws -> Member {
        guard let member = members[name] else { throw DamagedZip(message: "there is no \(name) in it") }
        return member
    }

    /// A member's bytes; of a stored member a view.
    ///
    /// - Parameter most: the member may have no more bytes.
    /// - Throws: `DamagedZip`: there is no such member, it is damaged, or larger than `most`.
    func read(_ name: String, most: Int) throws -> Data {
        let member = try member(name)
        guard member.size <= most else { throw DamagedZip(message: "\(name) has \(member.size) bytes, more than \(most)") }
        guard word(member.header) == 0x0403_4b50 else { throw DamagedZip(message: "\(name) is not where the directory says") }
        let start = member.header + 30 + (try short(member.header + 26)) + (try short(member.header + 28))
        let packed = try slice(start, member.packed)
        switch member.method {
        case 0: return packed
        case 8: return try inflated(packed, member)
        default: throw DamagedZip(message: "\(name) is packed in an unknown way")
        }
    }

    /// The same, its checksum verified.
    func readChecked(_ name: String, most: Int) throws -> Data {
        let content = try read(name, most: most)
        if checksum(content) != (try member(name)).crc { throw DamagedZip(message: "\(name) is damaged") }
        return content
    }

    private func word(_ at: Int) -> UInt32? {
        guard at >= 0, at + 4 <= content.count else { return nil }
        let first = content.startIndex + at
        return UInt32(littleEndian(content[first..<(first + 4)]))
    }

    private func int(_ at: Int) throws -> Int {
        guard let word = word(at), word < 1 << 31 else { throw DamagedZip(message: "its directory makes no sense") }
        return Int(word)
    }

    private func short(_ at: Int) throws -> Int {
        guard at >= 0, at + 2 <= content.count else { throw DamagedZip(message: "its directory is cut off") }
        let first = content.startIndex + at
        return Int(littleEndian(content[first..<(first + 2)]))
    }

    private func slice(_ start: Int, _ length: Int) throws -> Data {
        guard start >= 0, length >= 0, start <= content.count - length else { throw DamagedZip(message: "a member is cut off") }
        return content[(content.startIndex + start)..<(content.startIndex + start + length)]
    }

    private func inflated(_ packed: Data, _ member: Member) throws -> Data {
        var result = Data(count: member.size)
        let done = result.withUnsafeMutableBytes { target in packed.withUnsafeBytes { source in inflate(source, into: target) } }
        if done != member.size { throw DamagedZip(message: "\(member.name) does not have the \(member.size) bytes it announces") }
        return result
    }

    /// How many bytes a raw deflate stream gave.
    private func inflate(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int {
        guard let from = source.bindMemory(to: UInt8.self).baseAddress, let to = target.bindMemory(to: UInt8.self).baseAddress else { return 0 }
        #if canImport(Compression)
        return compression_decode_buffer(to, target.count, from, source.count, nil, COMPRESSION_ZLIB)
        #else
        var stream = z_stream()
        guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return 0 }
        defer { inflateEnd(&stream) }
        stream.next_in = UnsafeMutablePointer(mutating: from)
        stream.avail_in = UInt32(source.count)
        stream.next_out = to
        stream.avail_out = UInt32(target.count)
        let state = CZlib.inflate(&stream, Z_FINISH)
        return state == Z_STREAM_END || state == Z_BUF_ERROR ? target.count - Int(stream.avail_out) : -1
        #endif
    }
}

/// CRC-32 as zip archives have it.
func checksum(_ content: Data) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    content.withUnsafeBytes { bytes in
        for byte in bytes { crc = crcTable[Int((crc ^ UInt32(byte)) & 0xFF)] ^ (crc >> 8) }
    }
    return ~crc
}

private let crcTable: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
}

/// Writes the members of an archive below a new folder: a Core ML package is a folder, and a bundle holds it as a zip.
///
/// - Throws: `valueError`: it is no such archive, or a member's name leads out of the folder.
public func unpackFolder(_ content: Data, to folder: URL) throws {
    do {
        let archive = try ZipMembers(content)
        for name in archive.names.sorted() where !name.hasSuffix("/") {
            let parts = name.split(separator: "/", omittingEmptySubsequences: false)
            if name.hasPrefix("/") || parts.contains("..") || name.contains("\\") {
                throw DamagedZip(message: "the name \(name) leads out of the folder")
            }
            let file = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try archive.readChecked(name, most: 512 << 20).write(to: file)
        }
    } catch let error as DamagedZip {
        throw MonaliveError.valueError("the network's package is damaged: \(error.message)")
    }
}
