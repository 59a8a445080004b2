/// One thing that takes foreign bytes, for libFuzzer (`make fuzz`) and for the replay of its corpus (`make test`).
///
/// A new target is a type here, a line in `targets` beside this file, and a line in `CorpusTests.targets`.
protocol FuzzTarget: SendableMetatype {
    /// The folder below `Corpus` that holds its inputs.
    static var corpus: String { get }
    /// Bytes to begin with where there is no corpus yet.
    static var seeds: [[UInt8]] { get }
    /// Takes any bytes. What must hold and does not is told; a trap tells itself.
    static func complaint(about bytes: [UInt8]) -> String?
}

/// Bytes that a target takes apart.
struct FuzzInput {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isEmpty: Bool { rest.isEmpty }

    /// The next byte, or 0 behind the end.
    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    /// The next bytes, fewer at the end.
    mutating func bytes(_ count: Int) -> [UInt8] {
        let part = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
        return part
    }
}
