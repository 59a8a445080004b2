import Kernels
import Vitals

/// The samples of one commit, all series together, as the journal holds them until they rest in chunks.
///
/// ```
/// version  1 byte, 1
/// checksum 4 bytes, CRC-32C over the commit's number (8 bytes, little-endian) and all that follows
/// samples, each: a byte that says what follows and what is as with the sample before; then, as it says,
///          series (zigzag varint, difference), time (zigzag varint, difference), delay (zigzag varint),
///          value (varint or 4 bytes), span (varint), quality, revision and whether it replaces (3 bytes)
/// ```
///
/// A row can be read without any other. A commit of many series takes 2 to 4 bytes a sample: their times, delays
/// and qualities are mostly the same, and their ids follow one another.
enum JournalRow {
    static let version: UInt8 = 1
    /// Whole numbers below it take three bytes at most.
    private static let wholeLimit: Float = 1_048_576

    /// One sample of a row.
    struct Entry {
        var series: Int64
        var time: Int64
        var value: Float
        var trait: SampleTrait
        /// Whether it takes the place of one with a lower revision.
        var replaces: Bool
    }

    /// What stays the same from sample to sample.
    private struct Memory {
        var series: Int64 = 0
        var time: Int64 = 0
        var delay: Int64 = 0
        var span: UInt32 = 0
    }

    /// Bits of the first byte of a sample.
    private enum Bit {
        /// 0: of the series before, 1: of the next one, 2: the difference follows.
        static let series: UInt8 = 3
        static let sameTime: UInt8 = 4
        static let sameDelay: UInt8 = 8
        /// A whole number, not negative; otherwise four bytes follow.
        static let whole: UInt8 = 16
        /// 0: none, 1: as the last that was not 0, 2: follows.
        static let span: UInt8 = 0x60
        static let spanShift: UInt8 = 5
        /// Quality, revision and whether it replaces are not all 0, and follow.
        static let flags: UInt8 = 128
    }

    /// Collects the samples of a commit.
    struct Writer {
        private var bytes = ByteWriter(capacity: 256)
        private var memory = Memory()
        private(set) var count = 0

        init() { begin() }

        private mutating func begin() {
            bytes.byte(JournalRow.version)
            bytes.integer(UInt32(0))
        }

        mutating func append(_ sample: Sample, series: Int64, replaces: Bool) {
            count += 1
            let time = sample.time.milliseconds
            let delay = sample.received.milliseconds &- time
            // Patterns of what is not negative have the order of the numbers; all others are above them.
            let isWhole =
                sample.value.bitPattern < JournalRow.wholeLimit.bitPattern
                && sample.value == sample.value.rounded(.towardZero)
            var first: UInt8 = series == memory.series ? 0 : series == memory.series &+ 1 ? 1 : 2
            if time == memory.time { first |= Bit.sameTime }
            if delay == memory.delay { first |= Bit.sameDelay }
            if isWhole { first |= Bit.whole }
            if sample.span != 0 { first |= (sample.span == memory.span ? 1 : 2) << Bit.spanShift }
            let hasFlags = sample.quality.rawValue != 0 || sample.revision != 0 || replaces
            if hasFlags { first |= Bit.flags }
            bytes.byte(first)
            if first & Bit.series == 2 { bytes.signed(series &- memory.series) }
            if first & Bit.sameTime == 0 { bytes.signed(time &- memory.time) }
            if first & Bit.sameDelay == 0 { bytes.signed(delay) }
            if isWhole { bytes.count(Int(sample.value)) } else { bytes.float(sample.value) }
            if first & Bit.span == 2 << Bit.spanShift { bytes.count(Int(sample.span)) }
            if hasFlags {
                bytes.byte(sample.quality.rawValue)
                bytes.byte(sample.revision)
                bytes.bool(replaces)
            }
            memory.series = series
            memory.time = time
            memory.delay = delay
            if sample.span != 0 { memory.span = sample.span }
        }

        mutating func removeAll() { self = Writer() }

        /// The row, as that of commit `sequence`.
        func row(sequence: UInt64) -> [UInt8] {
            var row = bytes.bytes
            SummedBlock.finish(&row, key: Int64(bitPattern: sequence))
            return row
        }
    }

    /// Calls `body` with each sample of a row, in its order.
    ///
    /// - Throws: `Damage` for anything that no `Writer` made for that commit.
    static func read(
        _ row: UnsafeRawBufferPointer, sequence: UInt64, _ body: (Entry) -> Void
    ) throws(Damage) {
        var bytes = PackedBytes(
            try SummedBlock.body(of: row, version: version, key: Int64(bitPattern: sequence), "a journal row"))
        var memory = Memory()
        while bytes.remaining > 0 {
            let entry: Entry
            do throws(PackingError) { entry = try next(&bytes, &memory) } catch {
                throw Damage(reason: "a journal row that cannot be read (\(error))")
            }
            body(entry)
        }
    }

    /// The same of bytes that are held.
    static func read(_ row: [UInt8], sequence: UInt64, _ body: (Entry) -> Void) throws(Damage) {
        var failure: Damage?
        row.withUnsafeBytes { bytes in
            do throws(Damage) { try read(bytes, sequence: sequence, body) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private static func next(_ bytes: inout PackedBytes, _ memory: inout Memory) throws(PackingError) -> Entry {
        let first = try bytes.byte()
        switch first & Bit.series {
        case 0: break
        case 1: memory.series &+= 1
        case 2: memory.series &+= try bytes.signed()
        default: throw .malformed
        }
        if first & Bit.sameTime == 0 { memory.time &+= try bytes.signed() }
        if first & Bit.sameDelay == 0 { memory.delay = try bytes.signed() }
        let value: Float
        if first & Bit.whole != 0 {
            value = Float(try bytes.varint())
            guard value < wholeLimit else { throw .malformed }
        } else {
            value = Float(bitPattern: UInt32(try bytes.integer(bytes: 4)))
        }
        var span: UInt32 = 0
        switch (first & Bit.span) >> Bit.spanShift {
        case 0: break
        case 1: span = memory.span
        case 2:
            guard let told = UInt32(exactly: try bytes.varint()) else { throw .malformed }
            span = told
            memory.span = told
        default: throw .malformed
        }
        var (quality, revision, replaces): (UInt8, UInt8, UInt8) = (0, 0, 0)
        if first & Bit.flags != 0 {
            quality = try bytes.byte()
            revision = try bytes.byte()
            replaces = try bytes.byte()
            guard replaces <= 1 else { throw .malformed }
        }
        return Entry(
            series: memory.series, time: memory.time, value: value,
            trait: SampleTrait(delay: memory.delay, span: span, quality: quality, revision: revision),
            replaces: replaces == 1)
    }
}
