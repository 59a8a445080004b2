import CZlib
import Glibc
import Vitals

/// Writes a recording while the hub runs.
///
/// Inputs gather in memory until `flush`, `close` or 64 KiB; what was flushed survives a crash of the process. Not
/// `Sendable`: it belongs to whoever feeds it.
public final class RecordingWriter {
    public let path: String
    private var descriptor: Int32
    private var pending = ByteWriter(capacity: Recording.blockSize + 4096)
    /// Where the file ends in good order: a block that could only be written in part is cut off again.
    private var end = 0

    /// Creates the file and writes the header.
    ///
    /// - Parameter replacing: overwrite an existing file; else that is an error, for it may be the only copy of a night.
    public init(path: String, header: RecordingHeader, replacing: Bool = false) throws(RecordingError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (replacing ? O_TRUNC : O_EXCL), 0o640)
        guard descriptor >= 0 else {
            throw RecordingError(
                .unwritable, path: path,
                errno == EEXIST ? "exists already; name another file" : LinkError.text(of: errno))
        }
        do throws(RecordingError) {
            try put(Recording.magic + [Recording.version])
            pending.record(kind: Recording.Kind.header, version: 1) { $0.wire(header) }
            try flush()
        } catch {
            _ = Glibc.close(descriptor)
            descriptor = -1
            throw error
        }
    }

    deinit { if descriptor >= 0 { _ = Glibc.close(descriptor) } }

    /// Adds an input. Writes only when 64 KiB have gathered.
    public func append(_ input: Input) throws(RecordingError) {
        pending.record(kind: Recording.Kind.input, version: 1) { $0.wire(input) }
        if pending.bytes.count >= Recording.blockSize { try flush() }
    }

    /// Writes what has gathered. After an error it is still there, and the file is as it was before.
    public func flush() throws(RecordingError) {
        guard !pending.bytes.isEmpty else { return }
        var block = ByteWriter(capacity: pending.bytes.count + Recording.prefixSize)
        block.integer(UInt32(clamping: pending.bytes.count))
        block.integer(Recording.checksum(pending.bytes[...]))
        try put(block.bytes + pending.bytes)
        pending = ByteWriter(capacity: Recording.blockSize + 4096)
    }

    /// Writes what has gathered, has the disk confirm it, and closes. Harmless when repeated.
    public func close() throws(RecordingError) {
        guard descriptor >= 0 else { return }
        defer {
            _ = Glibc.close(descriptor)
            descriptor = -1
        }
        try flush()
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw RecordingError(.unwritable, path: path, LinkError.text(of: errno))
        }
    }

    private func put(_ bytes: [UInt8]) throws(RecordingError) {
        guard descriptor >= 0 else { throw RecordingError(.unwritable, path: path, "closed already") }
        var sent = 0
        while sent < bytes.count {
            let size = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + sent }, $0.count - sent) }
            if size < 0 && errno == EINTR { continue }
            guard size > 0 else {
                let reason = errno
                _ = ftruncate(descriptor, off_t(end))
                _ = lseek(descriptor, off_t(end), SEEK_SET)
                throw RecordingError(.unwritable, path: path, offset: end, LinkError.text(of: reason))
            }
            sent += size
        }
        end += bytes.count
    }
}

extension Recording {
    /// CRC-32 of zlib (polynomial 0xEDB88320).
    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.withUnsafeBytes { bytes in
            UInt32(truncatingIfNeeded: crc32_z(0, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count))
        }
    }
}
