import Glibc
import Vitals

/// Reads a recording, block by block.
///
/// A file that was torn by a crash or damaged later ends at its last intact block: `next` answers `nil`, `lostBytes` how
/// much lay behind and `damage` why. Reading goes no further, because what follows a hole would be decided on other
/// inputs than those recorded.
public struct RecordingReader {
    public let header: RecordingHeader
    /// Bytes after the last intact block; known once `next` has answered `nil`.
    public private(set) var lostBytes = 0
    /// What is wrong at the end, in plain words; `nil` for an intact recording.
    public private(set) var damage: String?
    /// Records of kinds that this version does not know, stepped over.
    public private(set) var unknownRecords = 0

    private let file: RecordingFile
    private var block = ByteReader([])
    /// Where the current block's records begin in the file.
    private var blockStart = 0

    public init(path: String) throws(RecordingError) {
        file = try RecordingFile(path: path)
        guard let start = file.bytes(Recording.magic.count + 1), start.starts(with: Recording.magic) else {
            throw RecordingError(.foreign, path: path, "not a vitald recording")
        }
        guard let version = start.last, version >= 1, version <= Recording.version else {
            throw RecordingError(
                .newer, path: path,
                "recorded in format \(start.last ?? 0); this vitald reads up to format "
                    + "\(Recording.version), use a newer one")
        }
        switch file.block() {
        case .success(let bytes):
            var records = ByteReader(bytes)
            do throws(WireError) {
                var record = try records.record()
                guard record.kind == Recording.Kind.header else {
                    throw WireError(.malformed("a record of kind \(record.kind) in place of the header"), at: 0)
                }
                header = try record.content.wire()
            } catch {
                throw RecordingError(.damaged, path: path, offset: file.offset, "the header cannot be read: \(error)")
            }
        case .failure(let torn):
            throw RecordingError(.damaged, path: path, offset: file.offset, "the header cannot be read: \(torn.reason)")
        case nil:
            throw RecordingError(.damaged, path: path, offset: file.offset, "ends before its header")
        }
    }

    /// The next input; `nil` at the end of what is intact.
    ///
    /// - Throws: when a record of an intact block cannot be read: a fault of a program, not of a disk.
    public mutating func next() throws(RecordingError) -> Input? {
        while damage == nil {
            while !block.isAtEnd {
                let place = blockStart + block.offset
                do throws(WireError) {
                    var record = try block.record()
                    if record.kind == Recording.Kind.input { return try record.content.wire() }
                    unknownRecords += 1
                } catch {
                    throw RecordingError(.damaged, path: file.path, offset: place, "an input cannot be read: \(error)")
                }
            }
            switch file.block() {
            case .success(let bytes):
                block = ByteReader(bytes)
                blockStart = file.offset - bytes.count
            case .failure(let torn):
                damage = torn.reason
                lostBytes = file.size - file.offset
            case nil:
                return nil
            }
        }
        return nil
    }
}

/// A block that is not whole.
private struct Torn: Error {
    var reason: String
}

/// An open recording, read from front to back. Owned by one reader; copies of the reader share the position.
private final class RecordingFile {
    let path: String
    let size: Int
    /// End of the last intact part.
    private(set) var offset = 0
    private let descriptor: Int32

    init(path: String) throws(RecordingError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            let reason = errno
            if descriptor >= 0 { _ = close(descriptor) }
            throw RecordingError(.unreadable, path: path, LinkError.text(of: reason))
        }
        size = Int(status.st_size)
    }

    deinit { _ = close(descriptor) }

    /// The next `count` bytes; `nil` when there are fewer, and then the position stays.
    func bytes(_ count: Int) -> [UInt8]? {
        read(count, at: offset).map {
            offset += count; return $0
        }
    }

    /// The next block's records; `nil` at the very end.
    func block() -> Result<[UInt8], Torn>? {
        guard offset < size else { return nil }
        guard let prefix = read(Recording.prefixSize, at: offset) else {
            return .failure(Torn(reason: "cut off inside a block's head"))
        }
        var reader = ByteReader(prefix)
        guard let length = try? reader.integer(UInt32.self), let checksum = try? reader.integer(UInt32.self) else {
            return .failure(Torn(reason: "cut off inside a block's head"))
        }
        let start = offset + Recording.prefixSize
        guard length > 0, Int(length) <= size - start, let bytes = read(Int(length), at: start) else {
            return .failure(Torn(reason: "the last block is cut off"))
        }
        guard Recording.checksum(bytes[...]) == checksum else {
            return .failure(Torn(reason: "a block's checksum does not match"))
        }
        offset = start + bytes.count
        return .success(bytes)
    }

    private func read(_ count: Int, at place: Int) -> [UInt8]? {
        guard count >= 0, count <= size - place else { return nil }
        var filled = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while filled < count {
                let size = pread(
                    descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(place + filled))
                if size < 0 && errno == EINTR { continue }
                guard size > 0 else { break }
                filled += size
            }
            initialized = filled
        }
        return filled == count ? bytes : nil
    }
}
