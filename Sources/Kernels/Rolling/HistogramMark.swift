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
}
