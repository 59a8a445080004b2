import Vitals

/// What happened between two readings of a counter, before it becomes a sample.
struct Increment: Hashable, Sendable {
    var value: Double
    /// Milliseconds `[from, to)` that it covers.
    var from: Int64
    var to: Int64
    /// Since when it may have happened: before `from` where nobody knows when, so that `from` is an estimate.
    var since: Int64?

    var isEstimated: Bool { since.map { $0 < from } ?? false }
}

/// One device's counter of one metric: its baseline, and what is held until the next reading confirms it.
///
/// The cases that shaped it: resets at the device's midnight or reboot, yesterday's total after midnight, jumps, wraps
/// of short counters, readings out of order (PROFILE-FORMAT §3 and its counter cases). Where a device tells the same
/// steps live and as blocks of history, the ledger counts them once.
struct CounterTrack: Sendable, Equatable {
    /// Longest stretch that an amount is spread over. When a device was away for longer, nobody knows when in the gap
    /// it happened: the amount is put into the last quarter of an hour, the rest of the gap stays unknown. An increment
    /// of zero needs no such care: an unchanged total says that nothing happened in the whole gap.
    static let longestSpan: Int64 = 15 * 60_000
    /// Messages of one read are told apart by a millisecond each; a read brings fewer than this.
    static let sameRead: Int64 = 100
    /// A first delta has no message before it to begin at.
    static let firstDeltaSpan: Int64 = 60_000
    /// After a longer absence a counter without daily reset starts afresh: days of steps are not the last minutes'.
    static let longestAbsence: Int64 = 24 * 3_600_000
    /// What a long silence brought waits this long for blocks that say when it happened: devices hand them over within
    /// minutes of a connection, and are asked for them every quarter of an hour.
    static let patience: Int64 = 3_600_000

    let metric: Metric
    /// The last accepted total and its time; `nil` before the first.
    var baseline: Mark?
    /// A total that broke the rules, waiting for the next reading.
    var held: Held?
    /// What live readings and blocks claim; empty for a counter that has no blocks.
    var ledger = Ledger()
    var lastDelta: Int64?

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

    /// Why a reading yielded nothing.
    enum Refusal: Hashable, Sendable { case repeated, outOfOrder, held, saturated, rebaselined, shrunk, foreign }

    init(metric: Metric) { self.metric = metric }

    /// The increments a reading stands for, oldest first.
    mutating func take(
        _ value: Double, at time: Int64, stamped: Bool, received: Int64, rule: CounterRule, zone: Zone,
        into out: inout [Increment]
    ) -> Refusal? {
        guard value.isFinite, value >= 0, value < 0x1p53 else { return .foreign }
        if rule.saturates, value >= modulus(rule) - 1 { return .saturated }
        for claim in ledger.settle(before: received - Self.patience) {
            emit(claim.owed, from: claim.from, to: claim.to, into: &out)
        }
        switch rule.kind {
        case .cumulative: return cumulative(value, at: time, stamped: stamped, rule: rule, zone: zone, into: &out)
        case .delta: return delta(value, at: time, stamped: stamped, rule: rule, into: &out)
        case .bucket(let length, let stamp):
            let length = length.milliseconds
            guard length > 0, length <= 7 * 86_400_000 else { return .foreign }
            let start = stamped && stamp == .start ? time : time - length
            return bucket(value, from: start, to: start + length, received: received, rule: rule, into: &out)
        }
    }

    /// Tells of a live amount: at once, unless blocks already did or may yet tell better when it happened.
    private mutating func push(
        _ value: Double, from: Int64, to: Int64, rule: CounterRule, into out: inout [Increment]
    ) {
        let value = value * Double(rule.scale)
        guard rule.provisional || !ledger.isEmpty else { return emit(value, from: from, to: to, into: &out) }
        let news = ledger.claim(value, from: from, to: to)
        if news > 0, to - from > Self.longestSpan {
            ledger.owe(news, until: to)
        } else if news > 0 || value == 0 {
            emit(news, from: from, to: to, into: &out)
        }
    }

    private func emit(_ value: Double, from: Int64, to: Int64, into out: inout [Increment]) {
        let start = value == 0 ? from : Swift.max(from, to - Self.longestSpan)
        out.append(Increment(value: value, from: Swift.min(start, to), to: to, since: from < start ? from : nil))
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
        _ value: Double, at time: Int64, stamped: Bool, rule: CounterRule, zone: Zone, into out: inout [Increment]
    ) -> Refusal? {
        var time = time
        // Two messages of one read: the second came a moment later.
        if !stamped, let last = held?.mark ?? baseline, last.value != value, time <= last.time,
            time > last.time - Self.sameRead
        {
            time = last.time + 1
        }
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
            if waiting.counts { push(from.value, from: midnight, to: from.time, rule: rule, into: &out) }
            baseline = mark
            push(value - from.value, from: from.time, to: time, rule: rule, into: &out)
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
        push(step, from: Swift.max(last.time, midnight), to: mark.time, rule: rule, into: &out)
        return nil
    }

    private mutating func newDay(
        _ mark: Mark, last: Mark, midnight: Int64, rule: CounterRule, into out: inout [Increment]
    ) -> Refusal? {
        let goesOn = last.time >= midnight || !fits(mark.value, in: mark.time - midnight, rule)
        if !rule.quarantinesDayEdge, goesOn, continues(mark, rule) {
            // The device's midnight is yet to come: yesterday's total goes on.
            baseline = Mark(value: mark.value, time: mark.time, day: last.day)
            push(mark.value - last.value, from: Swift.max(last.time, midnight), to: mark.time, rule: rule, into: &out)
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
        push(
            mark.value, from: mark.value == 0 ? Swift.max(from, mark.time - Self.longestSpan) : from, to: mark.time,
            rule: rule, into: &out)
        return nil
    }

    // MARK: Deltas and blocks

    private mutating func delta(
        _ value: Double, at time: Int64, stamped: Bool, rule: CounterRule, into out: inout [Increment]
    ) -> Refusal? {
        var time = time
        if let last = lastDelta, time <= last {
            // Two messages of one read: the second came a moment later.
            guard !stamped, time > last - Self.sameRead else { return .outOfOrder }
            time = last + 1
        }
        let from = lastDelta ?? time - Self.firstDeltaSpan
        guard fits(value, in: time - from, rule) else { return .foreign }
        lastDelta = time
        // A block is a message as well: what comes after it is not in it.
        let said = ledger.blocksEnd(by: time) ?? from
        push(value, from: Swift.max(from, said), to: time, rule: rule, into: &out)
        return nil
    }

    private mutating func bucket(
        _ value: Double, from start: Int64, to end: Int64, received: Int64, rule: CounterRule,
        into out: inout [Increment]
    ) -> Refusal? {
        guard start < received, fits(value, in: end - start, rule) else { return .foreign }
        // What was asked for again, and forgotten in the meantime.
        guard start >= ledger.floor else { return .repeated }
        var block = Ledger.Claim(
            from: start, to: Swift.min(end, received), amount: value * Double(rule.scale), isBlock: true)
        block.stamp = block.to
        let place = ledger.block(from: start, to: end)
        let known = place.map { ledger.claims[$0] }
        if let known {
            guard block.amount >= known.amount else { return .shrunk }
            guard block.amount > known.amount || block.to > known.to else { return .repeated }
            block.to = Swift.max(block.to, known.to)
            // One series has one sample at a time.
            block.stamp = block.to > known.to ? block.to : known.stamp - 1
        }
        let live = ledger.live(from: start, to: end)
        let news = ledger.claim(block, replacing: place)
        // What a long silence brought happened here, as far as this block says so.
        let grown = block.amount - (known?.amount ?? 0)
        let paid = ledger.pay(Swift.max(0, grown - live.touching - news), from: start, to: end)
        guard news + paid > 0 || block.amount == 0 else {
            return live.inside > block.amount ? .shrunk : nil
        }
        var from = Swift.max(known?.to ?? start, live.end)
        if from >= block.stamp { from = Swift.min(start, block.stamp) }
        out.append(Increment(value: news + paid, from: from, to: block.stamp))
        return nil
    }
}
