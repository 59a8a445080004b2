import Glibc
import Vitals

/// Reads what `store follow --format wire` wrote, item by item, from a file or a pipe.
struct FeedStream {
    private let descriptor: Int32
    private let name: String
    private var bytes: [UInt8] = []
    private var start = 0

    /// A whole item is held in memory: a copy's parts are some hundred KB, a commit with a document 20 MB.
    private static let longestItem = 64 << 20
    private static let readSize = 1 << 16

    /// - Parameter path: `-` is the standard input.
    init(path: String) throws(CommandError) {
        name = path == "-" ? "standard input" : path
        descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .failed("\(name): \(String(cString: strerror(errno)))") }
    }

    func close() { _ = Glibc.close(descriptor) }

    /// The next item; `nil` at the end.
    mutating func next() throws(CommandError) -> FeedItem? {
        while true {
            if let size = try itemSize() {
                guard size <= Self.longestItem else {
                    throw .failed("\(name): an item of \(size) bytes: this is no feed of 'vitald store follow'")
                }
                if bytes.count - start >= size {
                    var reader = ByteReader(Array(bytes[start..<start + size]))
                    start += size
                    do throws(WireError) { return try reader.wire(FeedItem.self) } catch {
                        throw .failed("\(name): \(error): this is no feed of 'vitald store follow --format wire'")
                    }
                }
            }
            guard try fill() else {
                guard bytes.count == start else { throw .failed("\(name): ends in the middle of an item") }
                return nil
            }
        }
    }

    /// Bytes of the item that comes next, its head included; `nil` while that is not all there.
    private func itemSize() throws(CommandError) -> Int? {
        var size = 0
        var place = start + 2
        for shift in stride(from: 0, to: 35, by: 7) {
            guard place < bytes.count else { return nil }
            size |= Int(bytes[place] & 0x7F) << shift
            place += 1
            if bytes[place - 1] & 0x80 == 0 { return size + place - start }
        }
        throw .failed("\(name): this is no feed of 'vitald store follow --format wire'")
    }

    /// Reads on; `false` at the end.
    private mutating func fill() throws(CommandError) -> Bool {
        if start > 0 {
            bytes.removeSubrange(..<start)
            start = 0
        }
        var chunk = [UInt8](repeating: 0, count: Self.readSize)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count > 0 { bytes += chunk[..<count] }
            if count >= 0 { return count > 0 }
            guard errno == EINTR else { throw .failed("\(name): \(String(cString: strerror(errno)))") }
        }
    }
}
