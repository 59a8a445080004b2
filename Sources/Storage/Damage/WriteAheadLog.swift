import Glibc
import Vitals

/// SQLite's write-ahead log beside a store, as the bytes that it is (sqlite.org/fileformat.html, section 4).
///
/// Each frame's checksum goes on from that of the frame before it. SQLite ends at the first one that does not hold, and all
/// behind it is lost without a word; here every frame is measured by what the one before it says, so that one damaged frame
/// is one damaged page.
struct WriteAheadLog {
    let pageSize: Int
    /// Where the newest frame of each page has its page, by page number, up to the last commit that SQLite sees.
    private(set) var frames: [Int: Int] = [:]
    /// The same with those behind a damaged frame.
    private(set) var looseFrames: [Int: Int] = [:]
    /// Bytes up to the last commit that SQLite sees.
    private(set) var length = 0
    /// Behind the first frame that does not hold, the most commits whose frames follow each other.
    private(set) var commitsBehindDamage = 0

    private static let head = 32
    private static let frameHead = 24

    /// `nil` where there is no log, or none that SQLite would read.
    init?(path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let head = PageImage.read(descriptor, at: 0, count: Self.head)
        guard head.count == Self.head else { return nil }
        let magic = PageImage.big(head, 0, bytes: 4)
        let size = PageImage.big(head, 8, bytes: 4)
        guard magic | 1 == 0x377F_0683, size >= 512, size <= 65_536, size & (size - 1) == 0 else { return nil }
        pageSize = size
        let isBig = magic & 1 == 1
        var sum = Self.checksum(head[..<24], isBig, after: (0, 0))
        guard sum == Self.words(head, 24) else { return nil }
        let salt = Array(head[16..<24])
        var pending: [Int: Int] = [:]
        var isWhole = true
        var commitsInRow = 0
        var offset = Self.head
        while true {
            let frame = PageImage.read(descriptor, at: offset, count: Self.frameHead + size)
            guard frame.count == Self.frameHead + size, frame[8..<16].elementsEqual(salt) else { break }
            sum = Self.checksum(frame[..<8], isBig, after: sum)
            sum = Self.checksum(frame[Self.frameHead...], isBig, after: sum)
            let told = Self.words(frame, 16)
            let isCommit = PageImage.big(frame, 4, bytes: 4) > 0
            if sum == told {
                pending[PageImage.big(frame, 0, bytes: 4)] = offset + Self.frameHead
            } else {
                isWhole = false
                commitsInRow = 0
            }
            if isCommit {
                looseFrames.merge(pending) { _, newer in newer }
                pending = [:]
                commitsInRow += 1
                if isWhole {
                    frames = looseFrames
                } else {
                    commitsBehindDamage = max(commitsBehindDamage, commitsInRow)
                }
            }
            sum = told
            offset += Self.frameHead + size
            if isCommit, isWhole { length = offset }
        }
    }

    /// Whether SQLite would pass over commits that were acknowledged.
    ///
    /// A power cut may tear the commit that was being written, which nobody was told of; the next one begins only when it
    /// is on the disk. So a second commit behind a damaged frame means that one was acknowledged. It follows the first: commits
    /// that failed and were written over by shorter ones leave their ends in the log, each beginning anew.
    var hasLost: Bool { commitsBehindDamage > 1 }

    /// Writes what SQLite sees of it once more, the same bytes, and waits for the disk.
    ///
    /// After a synchronisation that failed, the system takes what waited for it as written (Rebello et al. 2020, "Can
    /// Applications Recover from fsync Failures?"): the next process reads from memory what no disk has, and a power cut
    /// would take it from under all commits that follow. Only while nobody writes the log.
    func settle(_ path: String, _ place: StorePlace) throws(StoreError) {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw place.systemError("open \(path)") }
        defer { close(descriptor) }
        var offset = 0
        while offset < length {
            let bytes = PageImage.read(descriptor, at: offset, count: min(1 << 20, length - offset))
            guard !bytes.isEmpty, pwrite(descriptor, bytes, bytes.count, off_t(offset)) == bytes.count else {
                throw place.systemError("write \(path)")
            }
            offset += bytes.count
        }
        guard fsync(descriptor) == 0 else { throw place.systemError("write \(path)") }
    }

    private static func words(_ bytes: [UInt8], _ offset: Int) -> (UInt32, UInt32) {
        (
            UInt32(truncatingIfNeeded: PageImage.big(bytes, offset, bytes: 4)),
            UInt32(truncatingIfNeeded: PageImage.big(bytes, offset + 4, bytes: 4))
        )
    }

    /// The log's own checksum: of pairs of words, in the byte order that its head names.
    private static func checksum(
        _ bytes: ArraySlice<UInt8>, _ isBig: Bool, after sum: (UInt32, UInt32)
    ) -> (UInt32, UInt32) {
        var (a, b) = sum
        bytes.withUnsafeBytes { raw in
            for i in stride(from: 0, to: raw.count - 7, by: 8) {
                let x = raw.loadUnaligned(fromByteOffset: i, as: UInt32.self)
                let y = raw.loadUnaligned(fromByteOffset: i + 4, as: UInt32.self)
                a &+= (isBig ? UInt32(bigEndian: x) : UInt32(littleEndian: x)) &+ b
                b &+= (isBig ? UInt32(bigEndian: y) : UInt32(littleEndian: y)) &+ a
            }
        }
        return (a, b)
    }
}
