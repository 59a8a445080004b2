import Kernels
import Vitals

/// What the sums of a series and a UTC day look like at rest: one block of bytes with a version and a checksum.
///
/// ```
/// version  1 byte, 1
/// checksum 4 bytes, CRC-32C over the row's key (8 bytes, little-endian) and all that follows
/// quarters varints: how many it does not speak for, how many it does, and so on, until there are 96
/// places   the same of the steps in those quarters: empty, not empty, …
/// counts   IntegerPacking, as all columns below
/// covered  zigzag
/// form     1 byte: 1 where all values are whole numbers, otherwise 0
/// of form 1: minimum (zigzag of the difference to the cell before), maximum, first and last less the minimum, and the sum
///          less count × minimum
/// of form 0: minimum, maximum, first, last (ValuePacking), the sums' bit patterns
/// ```
enum RollupCodec {
    static let version: UInt8 = 1
    /// Values below it, times any count, are exact in a Double.
    private static let wholeLimit: Float = 4_194_304
    private static let largestCount = 1 << 28
    /// What whole values come to lies below; sums of other bytes, that a bad disk left, may be anything.
    private static let largestSum = 4_503_599_627_370_496.0

    static func encode(_ rollup: Rollup, key: Int64) -> [UInt8] {
        var bytes: [UInt8] = [version, 0, 0, 0, 0]
        let spoken = (0..<Int(ChunkKey.day)).filter(rollup.speaks)
        appendRuns(spoken, of: Int(ChunkKey.day), to: &bytes)
        // Places among the steps of those quarters only.
        var ranks = [Int](repeating: 0, count: Int(ChunkKey.day))
        for (rank, quarter) in spoken.enumerated() { ranks[quarter] = rank }
        let size = rollup.step.perQuarter
        appendRuns(rollup.places.map { ranks[$0 / size] * size + $0 % size }, of: spoken.count * size, to: &bytes)
        let cells = rollup.cells
        append(cells.map { UInt64($0.count) }, to: &bytes)
        append(cells.map(\.covered.zigzag), to: &bytes)
        if cells.allSatisfy(isWhole) {
            bytes.append(1)
            var before: Int64 = 0
            append(
                cells.map { cell in
                    defer { before = Int64(cell.minimum) }
                    return (Int64(cell.minimum) - before).zigzag
                }, to: &bytes)
            append(cells.map { UInt64($0.maximum - $0.minimum) }, to: &bytes)
            append(cells.map { UInt64($0.first - $0.minimum) }, to: &bytes)
            append(cells.map { UInt64($0.last - $0.minimum) }, to: &bytes)
            append(cells.map { UInt64($0.sum - Double($0.count) * Double($0.minimum)) }, to: &bytes)
        } else {
            bytes.append(0)
            for column in [cells.map(\.minimum), cells.map(\.maximum), cells.map(\.first), cells.map(\.last)] {
                column.withUnsafeBufferPointer { ValuePacking.append($0, to: &bytes) }
            }
            append(cells.map(\.sum.bitPattern), to: &bytes)
        }
        SummedBlock.finish(&bytes, key: key)
        return bytes
    }

    /// Minus zero has a bit that would be lost.
    private static func isWhole(_ cell: Aggregate) -> Bool {
        let above = cell.sum - Double(cell.count) * Double(cell.minimum)
        return [cell.minimum, cell.maximum, cell.first, cell.last].allSatisfy {
            $0.magnitude < wholeLimit && $0 == $0.rounded(.towardZero) && !($0 == 0 && $0.sign == .minus)
        } && cell.sum == cell.sum.rounded(.towardZero) && cell.count < largestCount && 0 <= above && above < largestSum
    }

    private static func append(_ column: [UInt64], to bytes: inout [UInt8]) {
        column.withUnsafeBufferPointer { IntegerPacking.append($0, to: &bytes) }
    }

    /// Which of `count` things are in `members`, as lengths of runs: not in it, in it, not in it, …
    private static func appendRuns(_ members: [Int], of count: Int, to bytes: inout [UInt8]) {
        var end = 0
        var i = 0
        while i < members.count {
            bytes.append(varint: UInt64(members[i] - end))
            var next = i + 1
            while next < members.count, members[next] == members[next - 1] + 1 { next += 1 }
            bytes.append(varint: UInt64(next - i))
            end = members[next - 1] + 1
            i = next
        }
        if end < count { bytes.append(varint: UInt64(count - end)) }
    }

    // MARK: Decoding

    /// The sums of a block.
    ///
    /// - Throws: `Damage` for anything that `encode` did not make for that key.
    static func decode(_ bytes: UnsafeRawBufferPointer, key: RollupKey) throws(Damage) -> Rollup {
        let body = try SummedBlock.body(of: bytes, version: version, key: key.row, "a block of sums")
        do throws(PackingError) {
            return try rollup(of: body, key.step)
        } catch {
            throw Damage(reason: "sums that cannot be read (\(error))")
        }
    }

    static func decode(_ bytes: [UInt8], key: RollupKey) throws(Damage) -> Rollup {
        var result: Result<Rollup, Damage> = .failure(Damage(reason: "empty sums"))
        bytes.withUnsafeBytes { bytes in
            do throws(Damage) { result = .success(try decode(bytes, key: key)) } catch { result = .failure(error) }
        }
        return try result.get()
    }

    /// The sums of a block behind its checksum.
    static func rollup(of body: UnsafeRawBufferPointer, _ step: RollupStep) throws(PackingError) -> Rollup {
        var bytes = PackedBytes(body)
        let spoken = try members(&bytes, of: Int(ChunkKey.day))
        var quarters: UInt128 = 0
        for quarter in spoken { quarters |= 1 << UInt128(quarter) }
        let size = step.perQuarter
        let places = try members(&bytes, of: spoken.count * size).map { spoken[$0 / size] * size + $0 % size }
        var cells = [Aggregate](repeating: Aggregate(), count: places.count)
        try column(&bytes, places.count) { (i, number) throws(PackingError) in
            guard number > 0, number <= UInt64(ChunkCodec.largest) else { throw .malformed }
            cells[i].count = Int(number)
        }
        try column(&bytes, places.count) { i, number in cells[i].covered = Int64(zigzag: number) }
        switch try bytes.byte() {
        case 0: try readValues(&bytes, &cells)
        case 1: try readWhole(&bytes, &cells)
        default: throw .malformed
        }
        guard bytes.remaining == 0 else { throw .malformed }
        for cell in cells {
            guard cell.minimum <= cell.first, cell.first <= cell.maximum, cell.minimum <= cell.last,
                cell.last <= cell.maximum, cell.sum.isFinite
            else { throw .malformed }
        }
        return Rollup(step, quarters: quarters, places: places, cells: cells)
    }

    private static func readWhole(_ bytes: inout PackedBytes, _ cells: inout [Aggregate]) throws(PackingError) {
        let limit = Int64(wholeLimit)
        func whole(_ number: Int64) throws(PackingError) -> Float {
            guard -limit < number, number < limit else { throw .malformed }
            return Float(number)
        }
        var before: Int64 = 0
        try column(&bytes, cells.count) { (i, number) throws(PackingError) in
            before &+= Int64(zigzag: number)
            cells[i].minimum = try whole(before)
        }
        try column(&bytes, cells.count) { (i, number) throws(PackingError) in
            cells[i].maximum = try whole(Int64(cells[i].minimum) &+ Int64(bitPattern: number))
        }
        try column(&bytes, cells.count) { (i, number) throws(PackingError) in
            cells[i].first = try whole(Int64(cells[i].minimum) &+ Int64(bitPattern: number))
        }
        try column(&bytes, cells.count) { (i, number) throws(PackingError) in
            cells[i].last = try whole(Int64(cells[i].minimum) &+ Int64(bitPattern: number))
        }
        try column(&bytes, cells.count) { i, number in
            cells[i].sum = Double(number) + Double(cells[i].count) * Double(cells[i].minimum)
        }
    }

    private static func readValues(_ bytes: inout PackedBytes, _ cells: inout [Aggregate]) throws(PackingError) {
        for path in [\Aggregate.minimum, \Aggregate.maximum, \Aggregate.first, \Aggregate.last] {
            let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: cells.count)
            defer { values.deallocate() }
            try ValuePacking.read(&bytes, into: values)
            for i in cells.indices { cells[i][keyPath: path] = values[i] }
        }
        try column(&bytes, cells.count) { i, number in cells[i].sum = Double(bitPattern: number) }
    }

    private static func column(
        _ bytes: inout PackedBytes, _ count: Int, _ body: (Int, UInt64) throws(PackingError) -> Void
    ) throws(PackingError) {
        let column = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: count)
        defer { column.deallocate() }
        try IntegerPacking.read(&bytes, into: column)
        for i in 0..<count { try body(i, column[i]) }
    }

    private static func members(_ bytes: inout PackedBytes, of count: Int) throws(PackingError) -> [Int] {
        var members: [Int] = []
        var end = 0
        var isIn = false
        while end < count {
            let length = try bytes.varint()
            // Only the first run may be empty.
            guard length <= UInt64(count - end), length > 0 || end == 0 && !isIn else { throw .malformed }
            if isIn { members += end..<end + Int(length) }
            end += Int(length)
            isIn.toggle()
        }
        return members
    }
}
