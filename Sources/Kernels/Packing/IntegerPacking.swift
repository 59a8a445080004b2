/// A column of whole numbers in few bytes, whatever they are.
///
/// Three forms, of which the smallest is taken: all the same; a fixed number of bits each; an entropy code over the
/// column's own frequencies (``EntropyCoder``), whose table travels with it. A table of its own costs some twenty bytes
/// a column and fits every metric, where tables that were trained once fit what they were trained on, and must be kept
/// for ever.
public enum IntegerPacking {
    private enum Form: UInt8 {
        case same = 0
        case bits, entropy
    }

    /// Shorter columns are not worth a table.
    private static let shortest = 48

    /// Appends `values` to `bytes`. The number of values is not written. O(n).
    public static func append(_ values: UnsafeBufferPointer<UInt64>, to bytes: inout [UInt8]) {
        let (low, high) = range(of: values)
        let histogram = low < high && values.count >= shortest ? TokenHistogram(values, base: low) : nil
        append(values, low, high, histogram, to: &bytes)
    }

    static func range(of values: UnsafeBufferPointer<UInt64>) -> (low: UInt64, high: UInt64) {
        var low = UInt64.max
        var high = UInt64.min
        for value in values {
            low = min(low, value)
            high = max(high, value)
        }
        return values.isEmpty ? (0, 0) : (low, high)
    }

    /// Bytes that a column would take, roughly, and what was found out on the way.
    static func measure(
        _ values: UnsafeBufferPointer<UInt64>
    ) -> (low: UInt64, high: UInt64, histogram: TokenHistogram?, bytes: Double) {
        let (low, high) = range(of: values)
        let width = 64 - (high - low).leadingZeroBitCount
        let plain = Double(values.count * width) / 8
        guard low < high, values.count >= shortest else { return (low, high, nil, plain) }
        let histogram = TokenHistogram(values, base: low)
        return (low, high, histogram, min(plain, histogram.estimatedBytes + Double(4 * EntropyCoder.lanes)))
    }

    static func append(
        _ values: UnsafeBufferPointer<UInt64>, _ low: UInt64, _ high: UInt64, _ histogram: TokenHistogram?,
        to bytes: inout [UInt8]
    ) {
        let width = 64 - (high - low).leadingZeroBitCount
        guard width > 0 else {
            bytes.append(Form.same.rawValue)
            bytes.append(varint: low)
            return
        }
        let plain = (values.count * width + 7) / 8
        let start = bytes.count
        if let histogram, histogram.estimatedBytes < Double(plain) {
            bytes.append(Form.entropy.rawValue)
            bytes.append(varint: low)
            appendEntropy(values, low, histogram, to: &bytes)
            if bytes.count - start <= plain { return }
            bytes.removeSubrange(start...)
        }
        bytes.append(Form.bits.rawValue)
        bytes.append(varint: low)
        bytes.append(UInt8(width))
        bytes.reserveCapacity(bytes.count + plain)
        var bits = BitWriter()
        for value in values { bits.append(wide: value - low, bits: width, to: &bytes) }
        bits.finish(&bytes)
    }

    private static func appendEntropy(
        _ values: UnsafeBufferPointer<UInt64>, _ low: UInt64, _ histogram: TokenHistogram, to bytes: inout [UInt8]
    ) {
        let table = FrequencyTable(histogram)
        table.append(to: &bytes)
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: values.count) { symbols in
            guard let symbol = symbols.baseAddress else { return }
            for (i, value) in values.enumerated() {
                symbol[i] = UInt16(truncatingIfNeeded: Token.of(value &- low))
            }
            EntropyCoder.append(UnsafeBufferPointer(symbols), table, to: &bytes)
            guard table.first + table.shares.count > Token.direct else { return }
            var bits = BitWriter()
            for (i, value) in values.enumerated() {
                let token = Int(symbol[i])
                bits.append(wide: value &- low &- Token.base(token), bits: Token.extraBits(token), to: &bytes)
            }
            bits.finish(&bytes)
        }
    }

    /// Reads as many values as `values` holds from what `append` wrote.
    ///
    /// - Throws: `PackingError` for what no `append` writes; then `values` holds anything.
    /// - Complexity: O(n + 4096).
    public static func read(
        _ bytes: inout PackedBytes, into values: UnsafeMutableBufferPointer<UInt64>
    ) throws(PackingError) {
        guard let form = Form(rawValue: try bytes.byte()) else { throw .malformed }
        let low = try bytes.varint()
        switch form {
        case .same:
            values.update(repeating: low)
        case .bits:
            let width = Int(try bytes.byte())
            guard (1...64).contains(width) else { throw .malformed }
            var bits = BitReader(bytes)
            for i in values.indices { values[i] = low &+ (try bits.readWide(width)) }
            _ = try bytes.take(bits.bytesRead)
        case .entropy:
            let table = try FrequencyTable(&bytes)
            let symbols = UnsafeMutableBufferPointer<UInt16>.allocate(capacity: values.count)
            defer { symbols.deallocate() }
            try EntropyCoder.read(&bytes, table, into: symbols)
            guard table.first + table.shares.count > Token.direct else {
                for i in values.indices { values[i] = low &+ UInt64(symbols[i]) }
                return
            }
            var bits = BitReader(bytes)
            for i in values.indices {
                let token = Int(symbols[i])
                values[i] = low &+ Token.base(token)
                // Outliers: few columns have many.
                if token >= Token.direct { values[i] &+= try bits.readWide(Token.extraBits(token)) }
            }
            _ = try bytes.take(bits.bytesRead)
        }
    }
}
