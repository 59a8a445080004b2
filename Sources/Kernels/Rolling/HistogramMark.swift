/// A place in a histogram of codes that follows a rank: how many values lie below its code, and how many at it.
struct HistogramMark {
    var code: Int
    var below: Int
    var equal: Int

    /// Moves to the code that holds `rank`, counted from 0. A few steps: windows change by two values at a time.
    ///
    /// - Parameters:
    ///   - column: count of each code, `stride` apart; more than `rank` in all.
    @inline(__always) mutating func seek<Count: FixedWidthInteger>(
        _ rank: Int, in column: UnsafePointer<Count>, stride: Int
    ) {
        while below > rank {
            code -= 1
            equal = Int(column[code * stride])
            below -= equal
        }
        while below + equal <= rank {
            below += equal
            code += 1
            equal = Int(column[code * stride])
        }
    }

    /// The code that holds the rank behind this one's last, or this one's where `rank` is still its own.
    @inline(__always) func code<Count: FixedWidthInteger>(
        holding rank: Int, in column: UnsafePointer<Count>, stride: Int
    ) -> Int {
        guard rank >= below + equal else { return code }
        var next = code + 1
        while column[next * stride] == 0 { next += 1 }
        return next
    }

    /// Median of the distances to the median, in quarters of a code.
    ///
    /// - Parameters:
    ///   - low, high: the two middle ranks, counted from 0; `low` is this mark's. One and the same for an odd number.
    @inline(__always) func deviation<Count: FixedWidthInteger>(
        low: Int, high: Int, in column: UnsafePointer<Count>, stride: Int
    ) -> Int {
        // In halves of a code, so that a median between two codes is whole.
        let middle = code + code(holding: high, in: column, stride: stride)
        var (down, up) = (middle / 2, middle / 2 + 1)
        var seen = 0
        var lowest = -1
        while true {
            // The nearer side first; codes below 1 and above 255 are farther than everything.
            let (left, right) = (down >= 1 ? middle - 2 * down : Int.max, up <= 255 ? 2 * up - middle : Int.max)
            let distance = Swift.min(left, right)
            if left == distance {
                seen += Int(column[down * stride])
                down -= 1
            }
            if right == distance {
                seen += Int(column[up * stride])
                up += 1
            }
            if lowest < 0, seen > low { lowest = distance }
            if seen > high { return lowest + distance }
        }
    }
}
