/// Pieces of series at rest that were looked up last, decoded, so that a sample that comes again is found without reading its
/// chunk again. Forgotten with every chunk that is written.
struct RestedSamples {
    /// All that rests of a series from a time on and up to another: nothing, where there is a gap.
    struct Piece {
        var series: Int64
        var from: Int64
        /// Not included; the last piece of a series has no end.
        var to: Int64
        var samples: SampleColumns
    }

    /// Series take turns; a person has a handful.
    private static let most = 12
    private var pieces: [Piece] = []
    private var oldest = 0

    func piece(of series: Int64, at time: Int64) -> Piece? {
        pieces.first { $0.series == series && $0.from <= time && time < $0.to }
    }

    mutating func add(_ piece: Piece) {
        if pieces.count < Self.most {
            pieces.append(piece)
        } else {
            pieces[oldest] = piece
            oldest = (oldest + 1) % Self.most
        }
    }

    mutating func removeAll() {
        pieces.removeAll()
        oldest = 0
    }
}
