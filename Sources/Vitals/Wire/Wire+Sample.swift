extension Sample: WireValue {
    /// One sample on its own, 43 bytes or so. Lists are far smaller with `ByteWriter.samples(_:)`.
    public func write(to writer: inout ByteWriter) {
        writer.integer(metric.rawValue)
        writer.id(source)
        writer.time(time)
        writer.signed(received.milliseconds &- time.milliseconds)
        writer.float(value)
        writer.count(Int(span))
        writer.byte(quality.rawValue)
        writer.byte(revision)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let metric = try reader.raw(Metric.self)
        let source: DeviceID = try reader.id()
        let time = try reader.time()
        let delay = try reader.signed()
        self.init(
            metric: metric, value: try reader.finite(), time: time, span: try reader.spanLength(),
            received: Timestamp(milliseconds: time.milliseconds &+ delay), source: source,
            quality: Quality(rawValue: try reader.byte()), revision: try reader.byte())
    }
}

extension PersonSamples: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.id(person)
        writer.samples(samples)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        self.init(person: try reader.id(), samples: try reader.samples())
    }
}

/// What a reader expects of the next sample of a series. Writer and reader keep the same.
private struct SeriesMemory {
    let metric: Metric
    let source: DeviceID
    var time: Int64 = 0
    var step: Int64 = 0
    var delay: Int64 = 0
    var value: Float = 0
    var span: UInt32 = 0
    var quality: UInt8 = 0
    var revision: UInt8 = 0

    /// The last value as a whole number, 0 when it was none: what whole numbers are counted from.
    var whole: Int64 { wholeNumber(value) ?? 0 }
}

/// What the first byte of a sample says can be taken from the series' memory.
private struct Kept: OptionSet {
    let rawValue: UInt8
    /// Of the same series as the sample before.
    static let series = Kept(rawValue: 1)
    /// As long after the series' last sample as that was after the one before it.
    static let step = Kept(rawValue: 2)
    /// Received as long after its time.
    static let delay = Kept(rawValue: 4)
    static let value = Kept(rawValue: 8)
    /// The value is not kept and is a whole number: the difference follows, else four bytes.
    static let whole = Kept(rawValue: 16)
    static let span = Kept(rawValue: 32)
    /// Same quality and revision.
    static let flags = Kept(rawValue: 64)
    static let all: UInt8 = 127
}

/// `value` when it is a whole number that a Float holds exactly. Negative zero is none: its sign would be lost.
private func wholeNumber(_ value: Float) -> Int64? {
    guard value.magnitude < 16_777_216, value == value.rounded(.towardZero),
        value.bitPattern != (-0.0 as Float).bitPattern
    else { return nil }
    return Int64(value)
}

extension ByteWriter {
    /// A list of samples in its order. Each is told by what differs from the last one of its series: a steady 1 Hz
    /// series of whole numbers takes 2 to 3 bytes a sample. O(samples × series).
    public mutating func samples(_ samples: some Collection<Sample>) {
        count(samples.count)
        var series: [SeriesMemory] = []
        var current = -1
        for sample in samples {
            var kept: Kept = []
            if current >= 0, series[current].metric == sample.metric, series[current].source == sample.source {
                kept.insert(.series)
            } else if let known = series.firstIndex(where: {
                $0.metric == sample.metric && $0.source == sample.source
            }) {
                current = known
            } else {
                current = series.count
            }
            let isNew = current == series.count
            if isNew { series.append(SeriesMemory(metric: sample.metric, source: sample.source)) }
            var last = series[current]

            let step = sample.time.milliseconds &- last.time
            let delay = sample.received.milliseconds &- sample.time.milliseconds
            let whole = wholeNumber(sample.value)
            if step == last.step { kept.insert(.step) }
            if delay == last.delay { kept.insert(.delay) }
            if sample.value.bitPattern == last.value.bitPattern {
                kept.insert(.value)
            } else if whole != nil {
                kept.insert(.whole)
            }
            if sample.span == last.span { kept.insert(.span) }
            if sample.quality.rawValue == last.quality, sample.revision == last.revision { kept.insert(.flags) }

            byte(kept.rawValue)
            if !kept.contains(.series) { count(current) }
            if isNew {
                integer(sample.metric.rawValue)
                id(sample.source)
            }
            if !kept.contains(.step) { signed(step) }
            if !kept.contains(.delay) { signed(delay) }
            if !kept.contains(.value) {
                if let whole { signed(whole - last.whole) } else { float(sample.value) }
            }
            if !kept.contains(.span) { count(Int(sample.span)) }
            if !kept.contains(.flags) {
                byte(sample.quality.rawValue)
                byte(sample.revision)
            }

            last.step = step
            last.time = sample.time.milliseconds
            last.delay = delay
            last.value = sample.value
            last.span = sample.span
            last.quality = sample.quality.rawValue
            last.revision = sample.revision
            series[current] = last
        }
    }
}

extension ByteReader {
    /// What `ByteWriter.samples(_:)` wrote.
    ///
    /// - Parameter anyValue: whether values that are not finite are taken as they are, as from a store that holds them; inputs
    ///   of the path are refused with them.
    public mutating func samples(anyValue: Bool = false) throws(WireError) -> [Sample] {
        let size = try length()
        var samples: [Sample] = []
        // A claimed size is worth no more memory than the bytes behind it: at least one a sample.
        samples.reserveCapacity(min(size, 65_536))
        var series: [SeriesMemory] = []
        var current = -1
        for _ in 0..<size {
            let at = offset
            let raw = try byte()
            let kept = Kept(rawValue: raw)
            guard raw <= Kept.all, !kept.isSuperset(of: [.value, .whole]) else {
                throw WireError(.malformed("unknown sample form \(raw)"), at: at)
            }
            if !kept.contains(.series) {
                current = try natural()
                if current == series.count {
                    series.append(SeriesMemory(metric: try self.raw(), source: try id()))
                }
            }
            guard series.indices.contains(current) else {
                throw WireError(.malformed("a sample of no series"), at: at)
            }
            var last = series[current]
            if !kept.contains(.step) { last.step = try signed() }
            last.time &+= last.step
            if !kept.contains(.delay) { last.delay = try signed() }
            if kept.contains(.whole) {
                let whole = last.whole.addingReportingOverflow(try signed())
                guard !whole.overflow, whole.partialValue.magnitude < 16_777_216 else {
                    throw WireError(.malformed("a whole number too large"), at: at)
                }
                last.value = Float(whole.partialValue)
            } else if !kept.contains(.value) {
                last.value = anyValue ? try float() : try finite()
            }
            if !kept.contains(.span) { last.span = try spanLength() }
            if !kept.contains(.flags) {
                last.quality = try byte()
                last.revision = try byte()
            }
            series[current] = last
            samples.append(
                Sample(
                    metric: last.metric, value: last.value, time: Timestamp(milliseconds: last.time), span: last.span,
                    received: Timestamp(milliseconds: last.time &+ last.delay), source: last.source,
                    quality: Quality(rawValue: last.quality), revision: last.revision))
        }
        return samples
    }

    fileprivate mutating func finite() throws(WireError) -> Float {
        let at = offset
        let value = try float()
        guard value.isFinite else { throw WireError(.malformed("a value that is not a number"), at: at) }
        return value
    }

    fileprivate mutating func spanLength() throws(WireError) -> UInt32 {
        let at = offset
        guard let span = UInt32(exactly: try count()) else {
            throw WireError(.malformed("a span too long"), at: at)
        }
        return span
    }
}
