/// One record each; its kind says what the item is. Unknown kinds cannot be stepped over: one may say that something is missing.
extension FeedItem: WireValue {
    static let wireVersion: UInt8 = 1

    /// Never reused or renumbered: followers hold it.
    private var wireKind: UInt8 {
        switch self {
        case .beginning: 1
        case .part: 2
        case .copied: 3
        case .commit: 4
        case .missing: 5
        }
    }

    public func write(to writer: inout ByteWriter) {
        writer.record(kind: wireKind, version: FeedItem.wireVersion) { writer in
            switch self {
            case .beginning(let identity, let sequence):
                writer.wire(identity)
                writer.integer(sequence)
            case .part(let commit): writer.wire(commit)
            case .copied(let sequence): writer.integer(sequence)
            case .commit(let commit):
                writer.integer(commit.sequence)
                writer.blob(commit.bytes)
            case .missing(let range):
                writer.integer(range.lowerBound)
                writer.integer(range.upperBound)
            }
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let offset = reader.offset
        let record = try reader.record()
        var content = record.content
        switch record.kind {
        case 1: self = .beginning(try content.wire(), after: try content.integer())
        case 2: self = .part(try content.wire())
        case 3: self = .copied(try content.integer())
        case 4: self = .commit(FeedCommit(sequence: try content.integer(), bytes: try content.blob()))
        case 5:
            let (first, last): (UInt64, UInt64) = (try content.integer(), try content.integer())
            guard first <= last else {
                throw WireError(.malformed("missing commits from \(first) to \(last)"), at: offset)
            }
            self = .missing(first...last)
        default:
            throw WireError(.malformed("a feed item of unknown kind \(record.kind), from a newer vitald"), at: offset)
        }
    }
}
