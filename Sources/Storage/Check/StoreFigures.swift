import Glibc
import Vitals

/// How much a store holds and what room it takes.
public struct StoreFigures: Hashable, Sendable {
    public var sequence: UInt64
    public var series: Int
    /// Samples, each counted once.
    public var samples: Int
    /// Chunks, the samples in them, and the bytes of their blocks.
    public var chunks: Int
    public var restingSamples: Int
    public var chunkBytes: Int
    /// Days of series whose sums are kept, and the bytes of those.
    public var rollups: Int
    public var rollupBytes: Int
    /// Commits whose samples wait in the journal for the next seal, and their bytes.
    public var journalRows: Int
    public var journalBytes: Int
    /// Those for whom commits are kept, the commits that are kept, and their bytes.
    public var followers: Int
    public var keptCommits: Int
    public var keptBytes: Int
    /// Chunks and rows that were found damaged, and wait for a repair.
    public var damaged: Int
    /// Of the file, without what the log beside it has yet to bring; and of it what is free for later use.
    public var fileBytes: Int
    public var freeBytes: Int
}

extension SQLiteStore {
    /// Bytes of the log beside the store. It is moved into the file every thousand pages and begun anew, unless another
    /// program has been reading since before that: then it grows, until that one ends.
    public var logBytes: Int {
        var status = stat()
        return stat(connection.path + "-wal", &status) == 0 ? Int(status.st_size) : 0
    }

    /// Counts without decoding; costs a look at each chunk's row.
    public func figures() throws(StoreError) -> StoreFigures {
        try connection.read { () throws(StoreError) in
            func integer(_ sql: String) throws(StoreError) -> Int { Int(try connection.integer(sql) ?? 0) }
            let hasChunks = version >= 3
            let hasFeed = version >= Migrations.withFeed
            let page = try integer("PRAGMA page_size")
            return StoreFigures(
                sequence: sequence, series: try integer("SELECT count(*) FROM series WHERE count > 0"),
                samples: try series(of: nil).reduce(0) { $0 + $1.count },
                chunks: hasChunks ? try integer("SELECT count(*) FROM chunk") : 0,
                restingSamples: hasChunks ? try integer("SELECT coalesce(sum(count), 0) FROM chunk") : 0,
                chunkBytes: hasChunks ? try integer("SELECT coalesce(sum(length(bytes)), 0) FROM chunk") : 0,
                rollups: hasRollups ? try integer("SELECT count(*) FROM rollup") : 0,
                rollupBytes: hasRollups ? try integer("SELECT coalesce(sum(length(bytes)), 0) FROM rollup") : 0,
                journalRows: hasChunks ? try integer("SELECT count(*) FROM journal") : 0,
                journalBytes: hasChunks ? try integer("SELECT coalesce(sum(length(bytes)), 0) FROM journal") : 0,
                followers: try followers().count,
                keptCommits: hasFeed ? try integer("SELECT count(*) FROM feed") : 0,
                keptBytes: hasFeed ? try integer("SELECT coalesce(sum(length(bytes)), 0) FROM feed") : 0,
                damaged: (hasChunks ? try integer("SELECT count(*) FROM damaged_chunk") : 0)
                    + (version >= Migrations.summed ? try integer("SELECT count(*) FROM damaged_row") : 0),
                fileBytes: try integer("PRAGMA page_count") * page,
                freeBytes: try integer("PRAGMA freelist_count") * page)
        }
    }
}
