/// What a store found damaged since somebody asked, a line each, and the chunks among it whose series are to be counted anew.
///
/// Shared by a store and the values that find damage for it.
final class DamageLog {
    struct Chunk {
        var key: ChunkKey
        var reason: String
    }

    /// Chunks that the transaction under way puts aside, or that reading came upon.
    private(set) var chunks: [Chunk] = []
    private(set) var lines: [String] = []
    /// Chunks that were put aside. A tree that still leads to one of them is no reason to begin again.
    private var known: Set<ChunkKey> = []

    func add(_ key: ChunkKey, _ reason: String) {
        guard !known.contains(key), !chunks.contains(where: { $0.key == key }) else { return }
        chunks.append(Chunk(key: key, reason: reason))
    }

    func add(_ line: String) { lines.append(line) }

    /// The transaction failed: what it put aside is where it was.
    func forget() { chunks = [] }

    func takeChunks() -> [Chunk] {
        defer { chunks = [] }
        known.formUnion(chunks.map(\.key))
        return chunks
    }

    func takeLines() -> [String] {
        defer { lines = [] }
        return lines
    }
}
