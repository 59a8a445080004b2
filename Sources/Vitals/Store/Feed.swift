/// A commit as whoever follows a store reads it: its number, and bytes that are the same however often they are read.
public struct FeedCommit: Hashable, Sendable {
    public var sequence: UInt64
    /// A ``Commit`` in the byte format (``WireValue``).
    public var bytes: [UInt8]

    public init(sequence: UInt64, bytes: [UInt8]) {
        self.sequence = sequence
        self.bytes = bytes
    }

    /// What was committed.
    public func commit() throws(WireError) -> Commit {
        var reader = ByteReader(bytes)
        return try reader.wire()
    }
}

/// What came after a commit: the answer of ``Store/feed(after:atMost:)``.
public struct FeedPage: Hashable, Sendable {
    /// Without holes, oldest first; none while something is missing.
    public var commits: [FeedCommit]
    /// Commits that came and are kept no longer, or never were: whoever lacks them copies the store anew.
    public var missing: ClosedRange<UInt64>?
    /// The store's last commit.
    public var head: UInt64

    public init(commits: [FeedCommit], missing: ClosedRange<UInt64>?, head: UInt64) {
        self.commits = commits
        self.missing = missing
        self.head = head
    }
}

/// Somebody for whom commits are kept until they are acknowledged.
public struct Follower: Hashable, Sendable {
    /// Short and unique in the store.
    public var name: String
    /// The last commit that it has, with all before it.
    public var sequence: UInt64
    /// When it said so, by the hub's clock.
    public var at: Timestamp
    /// Commits that had to go before it had them, and how often that began.
    public var lost: Int
    public var gaps: Int

    public init(name: String, sequence: UInt64, at: Timestamp, lost: Int = 0, gaps: Int = 0) {
        self.name = name
        self.sequence = sequence
        self.at = at
        self.lost = lost
        self.gaps = gaps
    }
}

/// One piece of what a follower is sent, self-contained: a stream of them makes another store equal to the one followed.
public enum FeedItem: Hashable, Sendable {
    /// Which store is followed, from behind which commit on. The first item; again where another store took its place.
    case beginning(StoreIdentity, after: UInt64)
    /// A part of the store as it is. All parts of a copy are of one moment.
    case part(Commit)
    /// The copy is whole: it is the store after that commit.
    case copied(UInt64)
    case commit(FeedCommit)
    /// Commits that are kept no longer. A copy of the store follows.
    case missing(ClosedRange<UInt64>)
}
