import Glibc
import Vitals

/// Looks for many short pieces of bytes in files at once.
struct ByteSearch {
    /// A piece, and what it is of.
    struct Piece: Hashable {
        var bytes: [UInt8]
        var what: String
    }

    /// Shorter ones are found by chance.
    static let shortest = 8
    private static let window = 1 << 20

    private var byHead: [UInt64: [Piece]] = [:]
    /// Whether a piece begins with these two bytes: most places of a file are passed by a look at one bit.
    private var mayBegin = [Bool](repeating: false, count: 1 << 16)
    private var longest = 0

    /// - Parameter pieces: those of less than eight bytes are left out.
    init(_ pieces: some Sequence<Piece>) {
        for piece in Set(pieces) where piece.bytes.count >= Self.shortest {
            byHead[piece.bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }, default: []].append(piece)
            mayBegin[Int(piece.bytes[0]) << 8 | Int(piece.bytes[1])] = true
            longest = max(longest, piece.bytes.count)
        }
    }

    var count: Int { byHead.values.reduce(0) { $0 + $1.count } }

    /// What is found in a file, each piece once; nothing where there is no file. Costs one reading of it.
    func found(in path: String) throws(StoreError) -> [Piece] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return [] }
            throw StoreError(.unwritable, path: path, "cannot read it: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var found: Set<Piece> = []
        var buffer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: Self.window)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { break }
            // What may begin at the end of the last window is looked at with this one.
            buffer = buffer.suffix(max(0, longest - 1)) + chunk[..<count]
            buffer.withUnsafeBytes { search($0, into: &found) }
        }
        return found.sorted { ($0.what, $0.bytes.count) < ($1.what, $1.bytes.count) }
    }

    private func search(_ bytes: UnsafeRawBufferPointer, into found: inout Set<Piece>) {
        guard bytes.count >= Self.shortest else { return }
        mayBegin.withUnsafeBufferPointer { mayBegin in
            for place in 0...bytes.count - Self.shortest
            where mayBegin[Int(bytes[place]) << 8 | Int(bytes[place + 1])] {
                guard let pieces = byHead[bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)] else { continue }
                for piece in pieces where place + piece.bytes.count <= bytes.count {
                    let rest = UnsafeRawBufferPointer(rebasing: bytes[place..<place + piece.bytes.count])
                    if rest.elementsEqual(piece.bytes) { found.insert(piece) }
                }
            }
        }
    }
}
