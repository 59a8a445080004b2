/// How often each code occurs in the window of one series, and a mark that follows a quantile through it.
struct CodeHistogram: ~Copyable {
    private let bins = Rows<Int32>(count: 4, repeating: 0)
    private var mark = HistogramMark(code: 1, below: 0, equal: 0)
    /// Values in the window.
    private(set) var present = 0

    /// One code enters, another leaves; 0 stands for what was not measured.
    @inline(__always) mutating func move(in entering: UInt8, out leaving: UInt8) {
        // A level that holds changes nothing: no waiting for the count just stored.
        guard entering != leaving else { return }
        let column = bins.cells
        column[Int(entering)] += 1
        column[Int(leaving)] -= 1
        // What was not measured is above everything.
        let (a, b) = (entering == 0 ? 256 : Int(entering), leaving == 0 ? 256 : Int(leaving))
        present += (entering == 0 ? 0 : 1) - (leaving == 0 ? 0 : 1)
        mark.below += (a < mark.code ? 1 : 0) - (b < mark.code ? 1 : 0)
        mark.equal += (a == mark.code ? 1 : 0) - (b == mark.code ? 1 : 0)
    }

    /// The code of a quantile (type 7) of a window that holds something, and how far above it the quantile lies, in codes.
    @inline(__always) mutating func quantile(_ share: Double) -> (code: Int, above: Double) {
        let wanted = share * Double(present - 1)
        let rank = Int(wanted)
        mark.seek(rank, in: UnsafePointer(bins.cells), stride: 1)
        let part = wanted - Double(rank)
        guard part > 0 else { return (mark.code, 0) }
        let next = mark.code(holding: rank + 1, in: UnsafePointer(bins.cells), stride: 1)
        return (mark.code, part * Double(next - mark.code))
    }

    /// Median absolute deviation of a window that holds something, in quarters of a code.
    mutating func deviation() -> Int {
        let (low, high) = ((present - 1) / 2, present / 2)
        mark.seek(low, in: UnsafePointer(bins.cells), stride: 1)
        return mark.deviation(low: low, high: high, in: UnsafePointer(bins.cells), stride: 1)
    }
}
