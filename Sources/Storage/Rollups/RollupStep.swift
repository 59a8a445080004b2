/// The lengths of time whose sums are kept.
enum RollupStep: Int64, CaseIterable {
    /// Of what is retired raw.
    case minute = 0
    /// Of whatever has many samples, from the seal on.
    case fiveMinutes = 1
    /// Of what is old.
    case quarter = 2

    /// Milliseconds.
    var length: Int64 {
        switch self {
        case .minute: 60_000
        case .fiveMinutes: 300_000
        case .quarter: ChunkKey.length
        }
    }

    /// Of them in a quarter of an hour.
    var perQuarter: Int { Int(ChunkKey.length / length) }
    var perDay: Int { perQuarter * Int(ChunkKey.day) }
}
