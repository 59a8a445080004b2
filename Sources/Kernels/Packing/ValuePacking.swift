/// A column of measured values in few bytes, bit for bit.
///
/// Sensors measure in steps: whole beats, tenths of a degree, 1/1024 of a second. The step is found for each column, the
/// values become whole numbers of steps, and those, or the differences between neighbours if they are smaller, are
/// packed (``IntegerPacking``). A column without a step (NaN, infinity, minus zero, computed values) is told by its bit
/// patterns in the order of the numbers, so that values that are close stay close.
public enum ValuePacking {
    /// Steps that sensors have, as numerator and denominator of the unit, in the order of trying. Their places are
    /// stored: only appended to.
    private static let steps: [(numerator: Double, denominator: Double)] = [
        (1, 1), (1, 10), (1, 100), (1, 1000), (1, 2), (1, 4), (1, 16), (1, 256), (1, 1024),
        // Bluetooth's 1/1024 s, in milliseconds.
        (125, 128),
    ]
    /// Stands for the bit patterns.
    private static let patterns: UInt8 = 255
    private static let differences: UInt8 = 1

    /// Appends `values` to `bytes`. The number of values is not written. O(n).
    public static func append(_ values: UnsafeBufferPointer<Float>, to bytes: inout [UInt8]) {
        let count = values.count
        withUnsafeTemporaryAllocation(of: Int64.self, capacity: count) { whole in
            var step = patterns
            if areWhole(values, whole) {
                step = 0
            } else {
                for (i, candidate) in steps.enumerated().dropFirst()
                where areMultiples(values, candidate, whole) {
                    step = UInt8(i)
                    break
                }
                if step == patterns { for (i, value) in values.enumerated() { whole[i] = order(of: value) } }
            }
            bytes.append(step)
            withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2 * count) { columns in
                let plain = UnsafeMutableBufferPointer(rebasing: columns[..<count])
                let change = UnsafeMutableBufferPointer(rebasing: columns[count...])
                var last: Int64 = 0
                for i in 0..<count {
                    plain[i] = whole[i].zigzag
                    change[i] = (whole[i] &- last).zigzag
                    last = whole[i]
                }
                if count > 0 { change[0] = 0 }
                let one = IntegerPacking.measure(UnsafeBufferPointer(plain))
                let other = IntegerPacking.measure(UnsafeBufferPointer(change))
                if other.bytes < one.bytes {
                    bytes.append(differences)
                    bytes.append(signed: whole.first ?? 0)
                    IntegerPacking.append(
                        UnsafeBufferPointer(change), other.low, other.high, other.histogram, to: &bytes)
                } else {
                    bytes.append(0)
                    IntegerPacking.append(UnsafeBufferPointer(plain), one.low, one.high, one.histogram, to: &bytes)
                }
            }
        }
    }

    /// Reads as many values as `values` holds from what `append` wrote.
    ///
    /// - Throws: `PackingError` for what no `append` writes; then `values` holds anything.
    public static func read(
        _ bytes: inout PackedBytes, into values: UnsafeMutableBufferPointer<Float>
    ) throws(PackingError) {
        let step = try bytes.byte()
        guard step == patterns || Int(step) < steps.count else { throw .malformed }
        let form = try bytes.byte()
        guard form <= differences else { throw .malformed }
        let start = form == differences ? try bytes.signed() : 0
        let column = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: values.count)
        defer { column.deallocate() }
        try IntegerPacking.read(&bytes, into: column)
        var last = start
        if form == differences {
            for i in values.indices {
                last &+= Int64(zigzag: column[i])
                column[i] = UInt64(bitPattern: last)
            }
        } else {
            for i in values.indices { column[i] = UInt64(bitPattern: Int64(zigzag: column[i])) }
        }
        if step == patterns {
            for i in values.indices {
                guard let pattern = Int32(exactly: Int64(bitPattern: column[i])) else { throw .malformed }
                values[i] = value(of: pattern)
            }
        } else {
            let (numerator, denominator) = steps[Int(step)]
            guard step > 0 else {
                for i in values.indices { values[i] = Float(Int64(bitPattern: column[i])) }
                return
            }
            for i in values.indices {
                values[i] = Float(Double(Int64(bitPattern: column[i])) * numerator / denominator)
            }
        }
    }

    // MARK: Steps

    /// Whether all values are whole numbers below 2²², and which. Adding 1.5 · 2²³ leaves a Float no room for a fraction,
    /// and its low bits are the whole number: a loop without branches.
    private static func areWhole(
        _ values: UnsafeBufferPointer<Float>, _ whole: UnsafeMutableBufferPointer<Int64>
    ) -> Bool {
        let shift: Float = 12_582_912
        var difference: UInt32 = 0
        for i in values.indices {
            let number = Int32(bitPattern: (values[i] + shift).bitPattern &- shift.bitPattern)
            difference |= Float(number).bitPattern ^ values[i].bitPattern
            whole[i] = Int64(number)
        }
        return difference == 0
    }

    /// Whether all values are what reading makes of a whole number of steps below 2⁵⁰, and which.
    private static func areMultiples(
        _ values: UnsafeBufferPointer<Float>, _ step: (numerator: Double, denominator: Double),
        _ whole: UnsafeMutableBufferPointer<Int64>
    ) -> Bool {
        // As above, for a Double.
        let shift: Double = 6_755_399_441_055_744
        for i in values.indices {
            let moved = Double(values[i]) * step.denominator / step.numerator + shift
            let back = Float((moved - shift) * step.numerator / step.denominator)
            // Most columns have another step, which one of the first values tells.
            guard back.bitPattern == values[i].bitPattern, (moved - shift).magnitude < shift / 4 else { return false }
            whole[i] = Int64(bitPattern: moved.bitPattern &- shift.bitPattern)
        }
        return true
    }

    // MARK: Bit patterns

    /// Bit patterns in the order of the numbers, counted from zero up and down; minus zero is −1.
    private static func order(of value: Float) -> Int64 {
        let pattern = Int32(bitPattern: value.bitPattern)
        return Int64(pattern ^ (pattern >> 31 & .max))
    }

    private static func value(of order: Int32) -> Float {
        Float(bitPattern: UInt32(bitPattern: order ^ (order >> 31 & .max)))
    }
}
