import Vitals

extension Decoder {
    private static let kind: UInt8 = 1
    private static let version: UInt8 = 1

    /// The state, to go on from in another process.
    public func checkpoint() -> [UInt8] {
        var writer = ByteWriter()
        writer.record(kind: Self.kind, version: Self.version) { writer in
            writer.integer(fingerprint)
            writer.bool(isTimed)
            writer.list(streams) { writer, stream in
                writer.blob(stream.rest)
                writer.bool(stream.isLost)
                writer.bool(stream.isSkipping)
                writer.blob(stream.group)
            }
            writer.list(memory.thinned) { $0.integer($1) }
            writer.list(memory.changes) { $0.double($1) }
            writer.list(memory.told) { writer, told in
                writer.double(told.value)
                writer.integer(told.at)
            }
        }
        return writer.bytes
    }

    /// Goes on from a checkpoint.
    ///
    /// - Throws: `WireError` when the bytes are no checkpoint of this very profile text: then begin anew.
    public init(_ profile: Profile, restoring bytes: [UInt8]) throws(WireError) {
        self.init(profile)
        var outer = ByteReader(bytes)
        var (kind, version, reader) = try outer.record()
        guard kind == Self.kind, version == Self.version else {
            throw WireError(.malformed("not a decoder's state of version \(Self.version)"), at: 0)
        }
        guard try reader.integer(UInt64.self) == profile.fingerprint else {
            throw WireError(.malformed("the state belongs to another text of profile \(profile.id)"), at: 0)
        }
        if try !reader.bool() { self = Decoder(profile, timed: false) }
        let streams = try reader.list { (reader) throws(WireError) in
            Stream(
                rest: try reader.blob(), isLost: try reader.bool(), isSkipping: try reader.bool(),
                group: try reader.blob())
        }
        let thinned = try reader.list { (reader) throws(WireError) in try reader.integer(Int64.self) }
        let changes = try reader.list { (reader) throws(WireError) in try reader.double() }
        let told = try reader.list { (reader) throws(WireError) in
            Memory.Told(value: try reader.double(), at: try reader.integer())
        }
        guard
            streams.count == self.streams.count, thinned.count == memory.thinned.count,
            changes.count == memory.changes.count, told.count == memory.told.count,
            streams.allSatisfy({ $0.rest.count <= 2 * Program.longestFrame && $0.group.count <= Program.longestFrame })
        else {
            throw WireError(.malformed("the state does not fit profile \(profile.id)"), at: 0)
        }
        self.streams = streams
        memory = Memory(thinned: thinned, changes: changes, told: told)
    }
}
