import Glibc
import Vitals

/// The pages of a store's file as its writer last left them, read without SQLite: the file, and over it what its
/// write-ahead log has yet to bring (sqlite.org/fileformat.html, sections 1.2 and 4).
///
/// Takes anything for a file. What is read must prove itself (``RowSum``, ``ChunkCodec``).
final class PageImage {
    let pageSize: Int
    /// Bytes of a page that rows may use.
    let usable: Int
    let count: Int
    /// What the first page says the schema's version is; 0 when it cannot be read.
    let version: Int
    private let file: Int32
    private let log: Int32
    private let size: Int
    /// Where in the log the newest frame of a page begins.
    private let frames: [Int: Int]

    deinit {
        close(file)
        if log >= 0 { close(log) }
    }

    /// - Parameter isLoose: whether frames of the log count one by one where their own checksum holds, so that a damaged one
    ///   does not cost all that follow, as it does with SQLite.
    init(_ place: StorePlace, isLoose: Bool) throws(StoreError) {
        file = open(place.path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw StoreError(.unwritable, path: place.given, "cannot read it: \(String(cString: strerror(errno)))")
        }
        log = open(place.path + "-wal", O_RDONLY | O_CLOEXEC)
        var status = stat()
        size = fstat(file, &status) == 0 ? Int(status.st_size) : 0
        let head = Self.read(file, at: 0, count: 100)
        let isWhole = head.starts(with: Array("SQLite format 3\0".utf8)) && head.count == 100
        let told = isWhole ? Self.pageSize(Self.big(head, 16, bytes: 2)) : nil
        let walk = WriteAheadLog(path: place.path + "-wal")
        pageSize = told ?? walk?.pageSize ?? 4096
        frames = walk?.pageSize == pageSize ? (isLoose ? walk?.looseFrames : walk?.frames) ?? [:] : [:]
        usable = pageSize - (isWhole ? min(Int(head[20]), pageSize - 480) : 0)
        version = isWhole ? Self.big(head, 60, bytes: 4) : 0
        count = max((size + pageSize - 1) / pageSize, frames.keys.max() ?? 0)
    }

    /// A page size as SQLite writes it, in two bytes.
    private static func pageSize(_ told: Int) -> Int? {
        let size = told == 1 ? 65_536 : told
        return size >= 512 && size & (size - 1) == 0 ? size : nil
    }

    static func big(_ bytes: [UInt8], _ offset: Int, bytes count: Int) -> Int {
        bytes[offset..<offset + count].reduce(0) { $0 << 8 | Int($1) }
    }

    static func read(_ descriptor: Int32, at offset: Int, count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            done = 0
            while done < count {
                let got = pread(descriptor, buffer.baseAddress.map { $0 + done }, count - done, offset + done)
                // A place on the disk that cannot be read is a page that is not there.
                guard got > 0 else { break }
                done += got
            }
        }
    }

    /// Page `number`, counted from 1; what is missing of it is zeros, and `nil` is a page that is not there.
    func page(_ number: Int) -> [UInt8]? {
        guard number >= 1, number <= count else { return nil }
        var page: [UInt8]
        if let frame = frames[number] {
            page = Self.read(log, at: frame, count: pageSize)
        } else {
            page = Self.read(file, at: (number - 1) * pageSize, count: pageSize)
        }
        if page.isEmpty { return nil }
        if page.count < pageSize { page += [UInt8](repeating: 0, count: pageSize - page.count) }
        return page
    }

    /// Whether a page is another one than in `other`, an image of the same file.
    func differs(from other: PageImage, in number: Int) -> Bool { frames[number] != other.frames[number] }
}
