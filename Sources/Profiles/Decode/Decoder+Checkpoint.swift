import Vitals

extension Decoder {
    private static let kind: UInt8 = 1
    private static let version: UInt8 = 2

    /// The state, to go on from in another process.
    public func checkpoint() -> [UInt8] {
        var writer = ByteWriter()
        let sizes = program.sizes
        writer.record(kind: Self.kind, version: Self.version) { writer in
            writer.integer(fingerprint)
            writer.bool(isTimed)
            writer.list(streams) { writer, stream in
                writer.blob(stream.rest)
                writer.byte(stream.flags)
                writer.bool(stream.isSkipping)
                writer.blob(stream.group)
            }
            writer.list(collections) { writer, collection in
                writer.blob(collection.bytes)
                writer.integer(collection.count)
                writer.bool(collection.isBroken)
            }
            writer.signed(Int64(lines.columns.input))
            writer.blob(lines.columns.header)
            writer.list(0..<sizes.metrics) { $0.integer(workspace.thinned[$1]) }
            writer.list(0..<sizes.changes) { $0.integer(workspace.changes[$1]) }
            writer.list(0..<sizes.statuses) { Self.write(workspace.told[$1], to: &$0) }
            writer.list(0..<sizes.dedupes) { Self.write(workspace.dedupes[$1], to: &$0) }
            writer.list(0..<sizes.kept) { $0.double(workspace.kept[$1]) }
            writer.list(0..<sizes.clocks) { $0.integer(workspace.clocks[$1]) }
        }
        return writer.bytes
    }

    private static func write(_ told: Workspace.Told, to writer: inout ByteWriter) {
        writer.double(told.value)
        writer.integer(told.at)
    }

    /// Goes on from a checkpoint.
    ///
    /// - Throws: `WireError` when the bytes are no checkpoint of this very profile text: then begin anew.
    public init(_ profile: Profile, zone: Zone = .utc, restoring bytes: [UInt8]) throws(WireError) {
        self.init(profile, zone: zone)
        var outer = ByteReader(bytes)
        var (kind, version, reader) = try outer.record()
        guard kind == Self.kind, version == Self.version else {
            throw WireError(.malformed("not a decoder's state of version \(Self.version)"), at: 0)
        }
        guard try reader.integer(UInt64.self) == profile.fingerprint else {
            throw WireError(.malformed("the state belongs to another text of profile \(profile.id)"), at: 0)
        }
        if try !reader.bool() { self = Decoder(profile, timed: false, zone: zone) }
        let streams = try reader.list { (reader) throws(WireError) in
            Stream(
                rest: try reader.blob(), flags: try reader.byte(), isSkipping: try reader.bool(),
                group: try reader.blob())
        }
        let collections = try reader.list { (reader) throws(WireError) in
            Collection(bytes: try reader.blob(), count: try reader.integer(), isBroken: try reader.bool())
        }
        let columnInput = try reader.signed()
        let header = try reader.blob()
        let longest = Program.longestFrame
        guard
            streams.count == self.streams.count, collections.count == self.collections.count,
            streams.allSatisfy({ $0.rest.count <= 2 * longest && $0.group.count <= longest }),
            collections.allSatisfy({ $0.bytes.count <= longest && $0.count >= 0 && $0.count <= longest }),
            header.count <= longest
        else { throw Self.misfit(profile) }
        self.streams = streams
        self.collections = collections
        if let index = Int(exactly: columnInput), program.inputs.indices.contains(index) {
            lines.columns = header.withUnsafeBufferPointer {
                ColumnNames($0, keys: program.inputs[index].keys, input: index)
            }
        }
        let sizes = program.sizes
        let workspace = self.workspace
        try Self.fill(workspace.thinned, sizes.metrics, &reader, profile) { (r) throws(WireError) in try r.integer() }
        try Self.fill(workspace.changes, sizes.changes, &reader, profile) { (r) throws(WireError) in try r.integer() }
        try Self.fill(workspace.told, sizes.statuses, &reader, profile, Self.told)
        try Self.fill(workspace.dedupes, sizes.dedupes, &reader, profile, Self.told)
        try Self.fill(workspace.kept, sizes.kept, &reader, profile) { (r) throws(WireError) in try r.double() }
        try Self.fill(workspace.clocks, sizes.clocks, &reader, profile) { (r) throws(WireError) in try r.integer() }
    }

    private static func told(_ reader: inout ByteReader) throws(WireError) -> Workspace.Told {
        Workspace.Told(value: try reader.double(), at: try reader.integer())
    }

    private static func fill<T>(
        _ memory: UnsafeMutablePointer<T>, _ count: Int, _ reader: inout ByteReader, _ profile: Profile,
        _ read: (inout ByteReader) throws(WireError) -> T
    ) throws(WireError) {
        let values = try reader.list(read)
        guard values.count == count else { throw misfit(profile) }
        for (index, value) in values.enumerated() { memory[index] = value }
    }

    private static func misfit(_ profile: Profile) -> WireError {
        WireError(.malformed("the state does not fit profile \(profile.id)"), at: 0)
    }
}

extension Decoder.Stream {
    /// What has been counted since the last frame, in one byte.
    fileprivate var flags: UInt8 { (isLost ? 1 : 0) | (hasToldEnd ? 2 : 0) | (hasToldSum ? 4 : 0) }

    fileprivate init(rest: [UInt8], flags: UInt8, isSkipping: Bool, group: [UInt8]) {
        self.init(
            rest: rest, isLost: flags & 1 != 0, hasToldEnd: flags & 2 != 0, hasToldSum: flags & 4 != 0,
            isSkipping: isSkipping, group: group)
    }
}
