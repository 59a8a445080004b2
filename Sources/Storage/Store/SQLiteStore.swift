import CSQLite
import Vitals

/// A store in one SQLite file (WAL, `synchronous=FULL`): what `commit` returned for survives a power cut.
///
/// That holds on a disk that keeps what it says it has written, whatever it does with the rest. One that lies may lose the
/// last commits in silence, and more where it is told (decision 22).
///
/// Not `Sendable`. One owner opens it, uses it from one thread at a time, and closes it. Any number of processes may
/// read while one writes; each call of a reader sees one snapshot. Beside the file lie `-wal` and `-shm` while it is
/// open, and `.lock`, which stays.
public final class SQLiteStore: Store {
    /// How to open a store.
    public enum Mode: Sendable {
        /// As its one writer. `hub` names the hub of a store that is made; an existing store keeps its own.
        case write(hub: HubID, createIfMissing: Bool)
        /// As one of many readers. Works while a writer runs. Where the folder cannot be written (a read-only disk, a full one)
        /// it works without a writer only, whether the store was closed or not, and may keep writers away for as long.
        case read
    }

    public let identity: StoreIdentity
    let connection: Connection
    /// Whether it was opened for writing.
    public let isWriter: Bool
    /// Held by writers, and by readers of a store in a folder they cannot write.
    private var lock: WriterLock?
    var lastSequence: UInt64
    /// The schema's version, which readers take as it is.
    let version: Int
    let chunks: ChunkTable
    let damage = DamageLog()
    /// What is known of series and of samples in the journal. A reader's knows the latter only, as it read them last.
    var intake: SampleIntake
    /// What a reader's was made of.
    var freshRows: ClosedRange<Int64>?
    /// Who follows, and what is kept for them.
    var feed: FeedTable
    /// The seal under way.
    var seal: SealPass?
    /// How long samples and sums are kept; later rules win. For ever, unless whoever opens the store says otherwise.
    public var retention: [RetentionRule] = []
    /// What ages are counted from: no clock is trusted with what cannot be brought back, unless whoever writes the store
    /// vouches for it. Until then nothing is old.
    public var retentionTime = Timestamp.distantPast
    /// The round of retention under way, and the day of the last one.
    var retentionPass: RetentionPass?
    var retiredDay: Timestamp?
    /// The hour of the hub clock in which journal rows were last marked to be sealed.
    var sealedHour: Int64?
    /// Why the last attempt to seal failed, and after how many commits it is tried again.
    var sealFailure: StoreError?
    var sealPause = 0

    init(
        connection: Connection, isWriter: Bool, lock: consuming WriterLock?, identity: StoreIdentity, sequence: UInt64,
        version: Int
    ) {
        self.connection = connection
        self.isWriter = isWriter
        self.lock = lock
        self.identity = identity
        lastSequence = sequence
        self.version = version
        chunks = ChunkTable(connection: connection, damage: damage)
        intake = SampleIntake(chunks)
        feed = FeedTable(connection, epoch: identity.epoch)
    }

    deinit { close() }

    /// Number of the last commit; 0 for an empty store. A reader asks the file, and answers with what it last knew when
    /// the file does not answer.
    public var sequence: UInt64 {
        if !isWriter, let stored = try? connection.integer("SELECT sequence FROM head") {
            lastSequence = UInt64(bitPattern: stored)
        }
        return lastSequence
    }

    /// Moves everything into the one file and gives up the lock. Idempotent; later calls of other members throw.
    ///
    /// Nothing depends on it but tidiness: a store that was not closed is whole when it is opened next.
    public func close() {
        guard connection.isOpen else { return }
        keepFollowers()
        if isWriter {
            // Readers may keep a checkpoint waiting; whoever shuts down does not wait for them.
            try? connection.execute("PRAGMA busy_timeout = 200")
            try? connection.execute("PRAGMA analysis_limit = 400; PRAGMA optimize")
            try? connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        }
        connection.close()
        lock = nil
    }
}
