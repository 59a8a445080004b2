import Kernels
import Vitals

/// Bytes that cannot be what this program wrote.
struct Damage: Error, Equatable {
    /// What they are, to follow "it holds".
    var reason: String
}

/// What samples of one series look like when they rest: one block of bytes with a version and a checksum.
///
/// Everything a ``Sample`` holds comes back bit for bit, with one exception by design: when it was received is kept only
/// for samples that came late (``Quality/late``), where it matters which of two times a reader may have known. Of all
/// others it is told as their own time. A hub's clock has milliseconds of noise on every sample, which would take
/// three times the room of the heart rate itself.
///
/// ```
/// version  1 byte, 1
/// checksum 4 bytes, CRC-32C over the row's key (8 bytes, little-endian) and all that follows
/// count    varint
/// times    TimePacking, milliseconds since 1970
/// values   ValuePacking
/// spans    1 byte (0: as they are, 1: less the distance to the sample before, zigzag), IntegerPacking
/// quality  runs: a byte, a varint of how many, until there are `count`
/// revision runs
/// delays   of those samples that are late, in their order: IntegerPacking of zigzag numbers
/// ```
enum ChunkCodec {
    static let version: UInt8 = 1
    /// Samples in a block, at most: there are 900 000 milliseconds in a quarter of an hour.
    static let largest = 1 << 20

    /// - Parameters:
    ///   - columns: in strictly increasing order of time, at most `largest`.
    ///   - key: of the row that will hold the block, so that a block in another's place is noticed.
    static func encode(_ columns: SampleColumns, key: Int64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256 + columns.count / 2)
        bytes += [version, 0, 0, 0, 0]
        bytes.append(varint: UInt64(columns.count))
        columns.times.withUnsafeBufferPointer { TimePacking.append($0, to: &bytes) }
        columns.values.withUnsafeBufferPointer { ValuePacking.append($0, to: &bytes) }
        appendSpans(of: columns, to: &bytes)
        appendRuns(columns.qualities, to: &bytes)
        appendRuns(columns.revisions, to: &bytes)
        let late = columns.qualities.indices.filter { columns.qualities[$0] & Quality.late.rawValue != 0 }
        if !late.isEmpty {
            late.map { columns.delays[$0].zigzag }.withUnsafeBufferPointer { IntegerPacking.append($0, to: &bytes) }
        }
        SummedBlock.finish(&bytes, key: key)
        return bytes
    }

    private static func appendSpans(of columns: SampleColumns, to bytes: inout [UInt8]) {
        let spans = columns.spans
        guard let first = spans.first, spans.contains(where: { $0 != first }) else {
            bytes.append(0)
            return [UInt64(spans.first ?? 0)].withUnsafeBufferPointer { IntegerPacking.append($0, to: &bytes) }
        }
        // An amount counted since the last reading covers just the time since then.
        var matches = 0
        for i in 1..<spans.count where Int64(spans[i]) == columns.times[i] &- columns.times[i - 1] { matches += 1 }
        let followsTime = matches * 2 > spans.count
        bytes.append(followsTime ? 1 : 0)
        let column = spans.indices.map { i in
            followsTime && i > 0
                ? (Int64(spans[i]) &- (columns.times[i] &- columns.times[i - 1])).zigzag : UInt64(spans[i])
        }
        column.withUnsafeBufferPointer { IntegerPacking.append($0, to: &bytes) }
    }

    private static func appendRuns(_ values: [UInt8], to bytes: inout [UInt8]) {
        var start = 0
        while start < values.count {
            var end = start + 1
            while end < values.count, values[end] == values[start] { end += 1 }
            bytes.append(values[start])
            bytes.append(varint: UInt64(end - start))
            start = end
        }
    }

    // MARK: Decoding

    /// The samples of a block.
    ///
    /// - Throws: `Damage` for anything that `encode` did not make for that key. Takes no more memory than `largest`
    ///   samples need, whatever the bytes say.
    static func decode(_ bytes: UnsafeRawBufferPointer, key: Int64) throws(Damage) -> SampleColumns {
        let body = try SummedBlock.body(of: bytes, version: version, key: key, "a chunk")
        do throws(PackingError) {
            return try columns(of: body)
        } catch {
            throw Damage(reason: "a chunk that cannot be read (\(error))")
        }
    }

    /// The same of bytes that are held.
    static func decode(_ bytes: [UInt8], key: Int64) throws(Damage) -> SampleColumns {
        var result: Result<SampleColumns, Damage> = .failure(Damage(reason: "an empty chunk"))
        bytes.withUnsafeBytes { bytes in
            do throws(Damage) { result = .success(try decode(bytes, key: key)) } catch { result = .failure(error) }
        }
        return try result.get()
    }

    /// The samples of a block behind its checksum.
    static func columns(of body: UnsafeRawBufferPointer) throws(PackingError) -> SampleColumns {
        var bytes = PackedBytes(body)
        let claim = try bytes.varint()
        guard claim <= UInt64(largest) else { throw .malformed }
        let count = Int(claim)
        var columns = SampleColumns()
        columns.times = try array(count) { (column) throws(PackingError) in try TimePacking.read(&bytes, into: column) }
        guard columns.hasIncreasingTimes else { throw .malformed }
        columns.values = try array(count) { (column) throws(PackingError) in try ValuePacking.read(&bytes, into: column)
        }
        columns.spans = try spans(&bytes, columns.times)
        columns.qualities = try runs(&bytes, count)
        columns.revisions = try runs(&bytes, count)
        columns.delays = [Int64](repeating: 0, count: count)
        let isSomeLate = columns.qualities.reduce(0, |) & Quality.late.rawValue != 0
        if isSomeLate {
            let late = columns.qualities.indices.filter { columns.qualities[$0] & Quality.late.rawValue != 0 }
            let delays = try numbers(&bytes, late.count)
            for (i, delay) in zip(late, delays) { columns.delays[i] = Int64(zigzag: delay) }
        }
        guard bytes.remaining == 0 else { throw .malformed }
        return columns
    }

    private static func array<T: BitwiseCopyable>(
        _ count: Int, _ fill: (UnsafeMutableBufferPointer<T>) throws(PackingError) -> Void
    ) throws(PackingError) -> [T] {
        var failure: PackingError?
        let array = [T](unsafeUninitializedCapacity: count) { buffer, initialized in
            do throws(PackingError) {
                try fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
                initialized = count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return array
    }

    private static func numbers(_ bytes: inout PackedBytes, _ count: Int) throws(PackingError) -> [UInt64] {
        try array(count) { (column) throws(PackingError) in try IntegerPacking.read(&bytes, into: column) }
    }

    private static func spans(_ bytes: inout PackedBytes, _ times: [Int64]) throws(PackingError) -> [UInt32] {
        let form = try bytes.byte()
        guard form <= 1 else { throw .malformed }
        var column = try numbers(&bytes, times.count)
        if form == 1 {
            for i in column.indices.dropFirst() {
                column[i] = UInt64(bitPattern: Int64(zigzag: column[i]) &+ (times[i] &- times[i - 1]))
            }
        }
        return try array(column.count) { (spans) throws(PackingError) in
            // All are looked at together: a loop without branches.
            var bits: UInt64 = 0
            for i in column.indices {
                bits |= column[i]
                spans[i] = UInt32(truncatingIfNeeded: column[i])
            }
            guard bits <= UInt64(UInt32.max) else { throw .malformed }
        }
    }

    private static func runs(_ bytes: inout PackedBytes, _ count: Int) throws(PackingError) -> [UInt8] {
        var values: [UInt8] = []
        values.reserveCapacity(count)
        while values.count < count {
            let value = try bytes.byte()
            let length = try bytes.varint()
            guard length > 0, length <= UInt64(count - values.count) else { throw .malformed }
            values.append(contentsOf: repeatElement(value, count: Int(length)))
        }
        return values
    }
}

extension Sample {
    /// What a store gives back of it once it rests: received at its time, unless it was late.
    var atRest: Sample {
        var sample = self
        if !quality.contains(.late) { sample.received = time }
        return sample
    }
}
