import Vitals

/// What a recording begins with: everything that was in force before its first input.
public struct RecordingHeader: Hashable, Sendable {
    /// Version of the file format, see `Recording.version`.
    public var version: UInt8
    public var hub: HubID
    /// Epoch of the store the recorded hub wrote to.
    public var epoch: UInt64
    public var configured: Configured
    /// State of every component.
    public var states: [ComponentState]
    /// Samples that windows still reached back to.
    public var recent: [PersonSamples]
    public var startedAt: Timestamp

    public init(
        hub: HubID, epoch: UInt64, configured: Configured, states: [ComponentState] = [], recent: [PersonSamples] = [],
        startedAt: Timestamp
    ) {
        version = Recording.version
        self.hub = hub
        self.epoch = epoch
        self.configured = configured
        self.states = states
        self.recent = recent
        self.startedAt = startedAt
    }
}

extension RecordingHeader: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.byte(version)
        writer.id(hub)
        writer.integer(epoch)
        writer.wire(configured)
        writer.list(states) { $0.wire($1) }
        writer.list(recent) { $0.wire($1) }
        writer.time(startedAt)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        version = try reader.byte()
        hub = try reader.id()
        epoch = try reader.integer()
        configured = try reader.wire()
        states = try reader.list { (reader: inout ByteReader) throws(WireError) in try reader.wire() }
        recent = try reader.list { (reader: inout ByteReader) throws(WireError) in try reader.wire() }
        startedAt = try reader.time()
    }
}

/// The file format of recordings (`.vrec`).
///
///     "VITALREC" version:u8
///     block*        length:u32le crc32:u32le record*       (lengths and checksum of the records, zlib's CRC-32)
///     record        kind:u8 version:u8 length:leb128 content
///
/// The first block holds the header record alone. A block is written with one call, so a crash tears at most the last
/// one; what a tear leaves behind fails its length or its checksum. Records of unknown kinds are stepped over.
enum Recording {
    static let magic: [UInt8] = Array("VITALREC".utf8)
    /// Raised when an older reader could not make sense of the file; new record kinds do not need it.
    static let version: UInt8 = 1

    static let prefixSize = 8
    /// Inputs gather up to this size before they are written unasked.
    static let blockSize = 1 << 16

    enum Kind {
        static let header: UInt8 = 1
        static let input: UInt8 = 2
    }
}

/// Why a recording cannot be written or read, and what to do about it.
public struct RecordingError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// No such file, or one that may not be read.
        case unreadable
        /// It cannot be created or written.
        case unwritable
        /// Not a recording.
        case foreign
        /// Written by a newer vitald.
        case newer
        /// Its beginning, or a record inside an intact block, makes no sense.
        case damaged
    }

    public var code: Code
    public var path: String
    /// Byte offset in the file; 0 when the error is about the whole.
    public var offset: Int
    public var message: String

    public init(_ code: Code, path: String, offset: Int = 0, _ message: String) {
        self.code = code
        self.path = path
        self.offset = offset
        self.message = message
    }

    public var description: String { offset == 0 ? "\(path): \(message)" : "\(path), byte \(offset): \(message)" }
}
