/// A column of increasing times in few bytes.
///
/// Most series have a step: a sensor that sends once a second. Times are told as what each is late against the last one
/// and the step, mostly 0. A column that keeps to its step takes a dozen bytes; gaps and hiccups take a few bytes each;
/// one that jitters pays for its jitter. Where neighbours make up for each other's jitter (a sensor with a steady clock
/// behind an unsteady link), the differences of differences are smaller and are told instead (Pelkonen et al. 2015).
public enum TimePacking {
    private enum Form: UInt8 {
        case differences = 0
        case exceptions, changes
    }

    /// Appends `times`, of any order, to `bytes`. The number of times is not written. O(n).
    ///
    /// - Parameter times: in any unit; wraps around where they are more than 2⁶³ apart.
    public static func append(_ times: UnsafeBufferPointer<Int64>, to bytes: inout [UInt8]) {
        let step = step(of: times)
        bytes.append(signed: times.first ?? 0)
        bytes.append(signed: step)
        let count = max(0, times.count - 1)
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2 * count) { columns in
            let differences = UnsafeMutableBufferPointer(rebasing: columns[..<count])
            let changes = UnsafeMutableBufferPointer(rebasing: columns[count...])
            var exceptions = 0
            var last: Int64 = 0
            for i in 0..<count {
                let difference = times[i + 1] &- times[i] &- step
                exceptions += difference == 0 ? 0 : 1
                differences[i] = difference.zigzag
                changes[i] = (difference &- last).zigzag
                last = difference
            }
            // Two to four bytes each: beyond one of 64, a column with a table is smaller.
            if exceptions <= count / 64 {
                bytes.append(Form.exceptions.rawValue)
                bytes.append(varint: UInt64(exceptions))
                var place = 0
                for i in 0..<count where differences[i] != 0 {
                    bytes.append(varint: UInt64(i - place))
                    bytes.append(varint: differences[i])
                    place = i + 1
                }
                return
            }
            let one = IntegerPacking.measure(UnsafeBufferPointer(differences))
            let other = IntegerPacking.measure(UnsafeBufferPointer(changes))
            let (form, column, best) =
                other.bytes < one.bytes ? (Form.changes, changes, other) : (Form.differences, differences, one)
            bytes.append(form.rawValue)
            IntegerPacking.append(UnsafeBufferPointer(column), best.low, best.high, best.histogram, to: &bytes)
        }
    }

    /// The difference between neighbours that is met most often, by a vote that finds it if it is most of them (Boyer
    /// and Moore 1981), and otherwise finds one of them.
    private static func step(of times: UnsafeBufferPointer<Int64>) -> Int64 {
        var step: Int64 = 0
        var votes = 0
        for i in times.indices.dropFirst() {
            let difference = times[i] &- times[i - 1]
            if votes == 0 { step = difference }
            votes += difference == step ? 1 : -1
        }
        return step
    }

    /// Reads as many times as `times` holds from what `append` wrote.
    ///
    /// - Throws: `PackingError` for what no `append` writes; then `times` holds anything. Whether they increase is for the
    ///   caller to check.
    public static func read(
        _ bytes: inout PackedBytes, into times: UnsafeMutableBufferPointer<Int64>
    ) throws(PackingError) {
        let first = try bytes.signed()
        let step = try bytes.signed()
        guard let form = Form(rawValue: try bytes.byte()) else { throw .malformed }
        if !times.isEmpty { times[0] = first }
        let count = max(0, times.count - 1)
        switch form {
        case .exceptions:
            var time = first
            var i = 0
            for _ in 0..<(try bytes.varint()) {
                let gap = try bytes.varint()
                guard gap < UInt64(count - i) else { throw .malformed }
                fill(times, from: &i, count: Int(gap), &time, step)
                time &+= step &+ (try bytes.signed())
                i += 1
                times[i] = time
            }
            fill(times, from: &i, count: count - i, &time, step)
        case .differences, .changes:
            let column = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: count)
            defer { column.deallocate() }
            try IntegerPacking.read(&bytes, into: column)
            var time = first
            var difference: Int64 = 0
            for i in 0..<count {
                difference = form == .changes ? difference &+ Int64(zigzag: column[i]) : Int64(zigzag: column[i])
                time &+= step &+ difference
                times[i + 1] = time
            }
        }
    }

    private static func fill(
        _ times: UnsafeMutableBufferPointer<Int64>, from i: inout Int, count: Int, _ time: inout Int64, _ step: Int64
    ) {
        for _ in 0..<count {
            time &+= step
            i += 1
            times[i] = time
        }
    }
}
