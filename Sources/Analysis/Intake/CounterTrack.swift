import Vitals

/// What happened between two readings of a counter, before it becomes a sample.
struct Increment: Hashable, Sendable {
    var value: Double
    /// Milliseconds `[from, to)` that it covers.
    var from: Int64
    var to: Int64
}

/// One device's counter of one metric: its baseline, and what is held until the next reading confirms it.
///
/// The cases that shaped it: resets at the device's midnight or reboot, yesterday's total after midnight, jumps, wraps
/// of short counters, readings out of order (PROFILE-FORMAT §3 and its counter cases).
struct CounterTrack: Sendable, Equatable {
    /// Longest stretch that an amount is spread over. When a device was away for longer, nobody knows when in the gap
    /// it happened: the amount is put into the last quarter of an hour, the rest of the gap stays unknown. An increment
    /// of zero needs no such care: an unchanged total says that nothing happened in the whole gap.
    static let longestSpan: Int64 = 15 * 60_000
    /// A first delta has no message before it to begin at.
    static let firstDeltaSpan: Int64 = 60_000
    /// After a longer absence a counter without daily reset starts afresh: days of steps are not the last minutes'.
    static let longestAbsence: Int64 = 24 * 3_600_000
    static let keptBuckets = 128
    static let keptDeltas = 64

    let metric: Metric
    /// The last accepted total and its time; `nil` before the first.
    private(set) var baseline: Mark?
    /// A total that broke the rules, waiting for the next reading.
    private(set) var held: Held?
    /// Blocks of time already counted, by start, oldest first.
    private var buckets: [Bucket] = []
    /// Provisional deltas that a block may yet supersede.
    private var deltas: [Mark] = []
    private var lastDelta: Int64?

    struct Mark: Hashable, Sendable {
        var value: Double
        var time: Int64
        /// Local day whose total it is part of.
        var day: Int32 = 0
    }

    struct Held: Hashable, Sendable {
        var mark: Mark
        /// Counts in full once confirmed (first of the day); a jump is only a new baseline.
        var counts: Bool
    }

    private struct Bucket: Hashable, Sendable {
        var start: Int64
        var value: Double
        var counted: Int64
    }

    /// Why a reading yielded nothing.
    enum Refusal: Hashable, Sendable { case outOfOrder, held, saturated, rebaselined, shrunk, foreign }

    init(metric: Metric) { self.metric = metric }

    /// The increments a reading stands for, oldest first.
    mutating func take(
        _ value: Double, at time: Int64, stamped: Bool, received: Int64, rule: CounterRule, zone: Zone,
        into out: inout [Increment]
    ) -> Refusal? {
        guard value.isFinite, value >= 0, value < 0x1p53 else { return .foreign }
        if rule.saturates, value >= modulus(rule) - 1 { return .saturated }
        let before = out.count
        let refusal: Refusal?
        switch rule.kind {
        case .cumulative: refusal = cumulative(value, at: time, rule: rule, zone: zone, into: &out)
        case .delta: refusal = delta(value, at: time, rule: rule, into: &out)
        case .bucket(let length, let stamp):
            let length = length.milliseconds
            guard length > 0, length <= 7 * 86_400_000 else { return .foreign }
            let start = stamped && stamp == .start ? time : time - length
            refusal = bucket(value, from: start, to: start + length, received: received, rule: rule, into: &out)
        }
        if rule.scale != 1 { for i in before..<out.count { out[i].value *= Double(rule.scale) } }
        return refusal
    }

    // MARK: Running totals

    private func modulus(_ rule: CounterRule) -> Double {
        if let modulus = rule.modulus, modulus > 0 { return Double(modulus) }
        return rule.width < 53 ? Double(UInt64(1) << UInt64(rule.width)) : 0x1p53
    }

    private func fits(_ amount: Double, in time: Int64, _ rule: CounterRule) -> Bool {
        guard let rate = rule.maxRate else { return true }
        // Readings of the same second may come in any rhythm: at least one second's worth is always possible.
        return amount <= rate * Double(Swift.max(time, 1000)) / 1000
    }

    private mutating func cumulative(
        _ value: Double, at time: Int64, rule: CounterRule, zone: Zone, into out: inout [Increment]
    ) -> Refusal? {
        let moment = Timestamp(milliseconds: time)
        let mark = Mark(value: value, time: time, day: rule.resets.contains(.daily) ? zone.day(of: moment).number : 0)
        if let last = held?.mark ?? baseline, time < last.time || time == last.time && value == last.value {
            return .outOfOrder
        }
        let midnight = rule.resets.contains(.daily) ? zone.start(of: LocalDay(number: mark.day)).milliseconds : 0

        if let waiting = held, waiting.mark.day == mark.day, waiting.counts || !continues(mark, rule),
            value >= waiting.mark.value, fits(value - waiting.mark.value, in: time - waiting.mark.time, rule)
        {
            // The held value was real.
            held = nil
            let from = waiting.mark
            if waiting.counts { push(from.value, from: midnight, to: from.time, into: &out) }
            baseline = mark
            push(value - from.value, from: from.time, to: time, into: &out)
            return waiting.counts ? nil : .rebaselined
        }
        held = nil

        guard let last = baseline else {
            guard rule.resets.contains(.daily) else {
                baseline = mark
                return .rebaselined
            }
            return startDay(mark, midnight: midnight, rule: rule, into: &out)
        }
        if rule.resets.contains(.daily), mark.day != last.day {
            return newDay(mark, last: last, midnight: midnight, rule: rule, into: &out)
        }
        return sameDay(mark, last: last, midnight: midnight, rule: rule, into: &out)
    }

    /// Whether the total may be the old line going on.
    private func continues(_ mark: Mark, _ rule: CounterRule) -> Bool {
        guard let last = baseline else { return false }
        return mark.value >= last.value && fits(mark.value - last.value, in: mark.time - last.time, rule)
    }

    private mutating func sameDay(
        _ mark: Mark, last: Mark, midnight: Int64, rule: CounterRule, into out: inout [Increment]
    ) -> Refusal? {
        let gap = mark.time - last.time
        if !rule.resets.contains(.daily), gap > Self.longestAbsence, mark.value != last.value {
            baseline = mark
            return .rebaselined
        }
        var step = mark.value - last.value
        if step < 0 {
            let wrapped = step + modulus(rule)
            if rule.wraps, wrapped >= 0, wrapped < modulus(rule) / (rule.maxRate == nil ? 2 : 1),
                fits(wrapped, in: gap, rule)
            {
                step = wrapped
            } else if rule.resets.isEmpty {
                // Neither wrap nor reset is possible: a glitch, unless the next reading agrees.
                held = Held(mark: mark, counts: false)
                return .held
            } else {
                step = mark.value
            }
        }
        guard fits(step, in: gap, rule) else {
            held = Held(mark: mark, counts: false)
            return .held
        }
        baseline = mark
        push(step, from: Swift.max(last.time, midnight), to: mark.time, into: &out)
        return nil
    }

    private mutating func newDay(
        _ mark: Mark, last: Mark, midnight: Int64, rule: CounterRule, into out: inout [Increment]
    ) -> Refusal? {
        let goesOn = last.time >= midnight || !fits(mark.value, in: mark.time - midnight, rule)
        if !rule.quarantinesDayEdge, goesOn, continues(mark, rule) {
            // The device's midnight is yet to come: yesterday's total goes on.
            baseline = Mark(value: mark.value, time: mark.time, day: last.day)
            push(mark.value - last.value, from: Swift.max(last.time, midnight), to: mark.time, into: &out)
            return nil
        }
        return startDay(mark, midnight: midnight, rule: rule, into: &out)
    }

    /// The first total of a local day counts in full.
    private mutating func startDay(
        _ mark: Mark, midnight: Int64, rule: CounterRule, into out: inout [Increment]
    ) -> Refusal? {
        // Without any baseline there is no yesterday whose total this could be.
        let suspicious = rule.quarantinesDayEdge && mark.value > 0 && baseline != nil
        let possible = fits(mark.value, in: mark.time - midnight, rule)
        guard !suspicious, possible else {
            held = Held(mark: mark, counts: possible)
            return .held
        }
        // The last reading of yesterday, when it lies after midnight by a clock change, bounds the span too.
        let from = Swift.max(midnight, Swift.min(baseline?.time ?? midnight, mark.time))
        baseline = mark
        // A total of zero does not say since when: the device may have started a moment ago.
        push(mark.value, from: Swift.max(from, mark.time - Self.longestSpan), to: mark.time, into: &out)
        return nil
    }

    private func push(_ value: Double, from: Int64, to: Int64, into out: inout [Increment]) {
        let start = value == 0 ? from : Swift.max(from, to - Self.longestSpan)
        out.append(Increment(value: value, from: Swift.min(start, to), to: to))
    }

    // MARK: Deltas and blocks

    private mutating func delta(_ value: Double, at time: Int64, rule: CounterRule, into out: inout [Increment])
        -> Refusal?
    {
        if let last = lastDelta, time <= last { return .outOfOrder }
        guard fits(value, in: time - (lastDelta ?? time - Self.firstDeltaSpan), rule) else { return .foreign }
        let from = Swift.max(lastDelta ?? time - Self.firstDeltaSpan, time - Self.longestSpan)
        lastDelta = time
        if rule.provisional {
            deltas.append(Mark(value: value, time: time))
            if deltas.count > Self.keptDeltas { deltas.removeFirst() }
        }
        out.append(Increment(value: value, from: from, to: time))
        return nil
    }

    /// A block counts what is new in it: what an earlier reading of the same block, or the deltas inside it, already
    /// counted is not counted again. So nothing stored needs to be taken back.
    private mutating func bucket(
        _ value: Double, from start: Int64, to end: Int64, received: Int64, rule: CounterRule,
        into out: inout [Increment]
    ) -> Refusal? {
        guard start < received else { return .foreign }
        let to = Swift.min(end, received)
        var low = 0
        while low < buckets.count, buckets[low].start < start { low += 1 }
        if low < buckets.count, buckets[low].start == start {
            let known = buckets[low]
            let grown = value - known.value
            guard grown >= 0 else { return .shrunk }
            guard to > known.counted else { return grown == 0 ? .outOfOrder : .shrunk }
            buckets[low].value = value
            buckets[low].counted = to
            out.append(Increment(value: grown, from: known.counted, to: to))
            return nil
        }
        guard low > 0 || buckets.count < Self.keptBuckets else { return .outOfOrder }
        var given = 0.0
        var from = start
        for mark in deltas where mark.time > start && mark.time <= end {
            given += mark.value
            from = Swift.max(from, mark.time)
        }
        deltas.removeAll { $0.time <= end }
        buckets.insert(Bucket(start: start, value: value, counted: to), at: low)
        if buckets.count > Self.keptBuckets { buckets.removeFirst() }
        let rest = value - given
        guard rest >= 0 else { return .shrunk }
        if from >= to { from = start }
        out.append(Increment(value: rest, from: from, to: to))
        return nil
    }
}

extension CounterTrack {
    func write(to writer: inout ByteWriter) {
        func put(_ mark: Mark, _ writer: inout ByteWriter) {
            writer.double(mark.value)
            writer.integer(mark.time)
            writer.integer(mark.day)
        }
        writer.integer(metric.rawValue)
        writer.optional(baseline) { put($1, &$0) }
        writer.optional(held) {
            put($1.mark, &$0)
            $0.bool($1.counts)
        }
        writer.list(buckets) {
            $0.integer($1.start)
            $0.double($1.value)
            $0.integer($1.counted)
        }
        writer.list(deltas) { put($1, &$0) }
        writer.optional(lastDelta) { $0.integer($1) }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        func mark(_ r: inout ByteReader) throws(WireError) -> Mark {
            Mark(value: try r.double(), time: try r.integer(), day: try r.integer())
        }
        metric = try reader.raw()
        baseline = try reader.optional { (r: inout ByteReader) throws(WireError) in try mark(&r) }
        held = try reader.optional { (r: inout ByteReader) throws(WireError) in
            Held(mark: try mark(&r), counts: try r.bool())
        }
        buckets = try reader.list { (r: inout ByteReader) throws(WireError) in
            Bucket(start: try r.integer(), value: try r.double(), counted: try r.integer())
        }
        deltas = try reader.list { (r: inout ByteReader) throws(WireError) in try mark(&r) }
        lastDelta = try reader.optional { (r: inout ByteReader) throws(WireError) in try r.integer() }
    }
}
