import CKernels

extension Rolling {
    /// Least value. Two comparisons a cell, whatever the window (van Herk 1992, Gil & Werman 1993): the rows are cut at
    /// multiples of the window, and a window is the end of one piece and the beginning of the next.
    public static func least(
        of block: borrowing PaneBlock, window: Int, fewest: Int = 1, rows: Range<Int>? = nil,
        into out: inout Rows<Float>
    ) { extreme(of: block, window: window, fewest: fewest, rows: rows, greatest: false, into: &out) }

    /// Greatest value; as `least`.
    public static func greatest(
        of block: borrowing PaneBlock, window: Int, fewest: Int = 1, rows: Range<Int>? = nil,
        into out: inout Rows<Float>
    ) { extreme(of: block, window: window, fewest: fewest, rows: rows, greatest: true, into: &out) }

    private static func extreme(
        of block: borrowing PaneBlock, window: Int, fewest: Int, rows: Range<Int>?, greatest: Bool,
        into out: inout Rows<Float>
    ) {
        let pass = Pass(block, window: window, rows: rows)
        precondition(out.count == pass.rows.count, "as many rows as asked for")
        if let scale = block.scale {
            if greatest {
                pieces(pass, Rows<UInt8>(count: Swift.min(window, block.rows) + 2, repeating: 0), block.codes) {
                    vk_greater_bytes($0, $1, $2)
                } put: {
                    vk_decode_bytes($1, pass.target(out, $0), scale.offset, scale.step)
                }
            } else {
                pieces(pass, Rows<UInt8>(count: Swift.min(window, block.rows) + 2, repeating: 0), block.codes) {
                    vk_lesser_bytes($0, $1, $2)
                } put: {
                    vk_decode_bytes($1, pass.target(out, $0), scale.offset, scale.step)
                }
            }
        } else {
            let sign: Float = greatest ? -1 : 1
            let line = Rows<Float>(count: block.rows, repeating: .infinity)
            for row in pass.reading { vk_infinite_for_missing(line.row(row), block.values.row(row), sign) }
            pieces(pass, Rows<Float>(count: Swift.min(window, block.rows) + 2, repeating: .infinity), line) {
                vk_lesser_floats($0, $1, $2)
            } put: {
                vk_missing_for_infinite(pass.target(out, $0), $1, sign)
            }
        }
        guard fewest > 1 else { return }
        var counts = Rows<Float>(count: out.count, repeating: 0)
        count(of: block, window: window, rows: rows, into: &counts)
        for cell in 0..<out.count * 64 where counts.cells[cell] < Float(fewest) { out.cells[cell] = .nan }
    }

    /// `ends` keeps, for each row of the piece before, the extreme from there to the piece's end; its last two rows hold
    /// the extreme since the present piece began, and what is given out.
    @inline(__always) private static func pieces<Element>(
        _ pass: borrowing Pass, _ ends: borrowing Rows<Element>, _ line: borrowing Rows<Element>,
        join: (UnsafeMutablePointer<Element>, UnsafePointer<Element>, UnsafePointer<Element>) -> Void,
        put: (Int, UnsafePointer<Element>) -> Void
    ) {
        let window = pass.window
        let begun = ends.row(ends.count - 2)
        let result = ends.row(ends.count - 1)
        var start = pass.reading.lowerBound
        var isFirst = true
        while start < pass.reading.upperBound {
            let end = Swift.min(start + window, pass.reading.upperBound)
            for row in start..<end {
                if row == start {
                    begun.update(from: line.row(row), count: 64)
                } else {
                    join(begun, begun, line.row(row))
                }
                // The window of the piece's last row is the piece itself.
                if isFirst || row == start + window - 1 {
                    put(row, begun)
                } else {
                    join(result, ends.row(row - start + 1), begun)
                    put(row, result)
                }
            }
            guard end < pass.reading.upperBound else { return }
            ends.row(window - 1).update(from: line.row(end - 1), count: 64)
            var row = window - 2
            while row >= 1 {
                join(ends.row(row), ends.row(row + 1), line.row(start + row))
                row -= 1
            }
            isFirst = false
            start = end
        }
    }
}
