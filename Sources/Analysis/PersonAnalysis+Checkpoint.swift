import Vitals

extension PersonAnalysis {
    /// Versions of the components' states. A newer one is refused.
    static let version = 6
    /// Hour panes are kept in one part per UTC day; the parts are used in turn, so that their number is bounded.
    static let dayParts: Int64 = 32

    /// States that changed since the last call, to be committed together with the samples of the ticks closed since.
    ///
    /// Components: `intake` (devices, counters, merging, cadences, waiting samples), `sessions`, `daily`,
    /// `renewal`, `detector/<name>`, and `panes/<metric>/hours/<n>`, where day d of UTC is part d mod 32. Detectors are written at
    /// once when they said something daily, else a quarter of an hour behind at most.
    public mutating func changedStates() -> [ComponentState] {
        var states: [ComponentState] = []
        func add(_ component: String, _ write: (inout ByteWriter) -> Void) {
            var writer = ByteWriter()
            write(&writer)
            states.append(
                ComponentState(person: person, component: component, version: Self.version, bytes: writer.bytes))
        }
        if isIntakeChanged {
            add("intake") { writer in
                writer.integer(lastTick)
                intake.write(to: &writer)
                writer.list(series) { $1.write(to: &$0) }
            }
            isIntakeChanged = false
        }
        if sessions.isChanged {
            add("sessions") { sessions.write(to: &$0) }
            sessions.isChanged = false
        }
        if daily.isChanged {
            add("daily") { daily.write(to: &$0) }
            daily.isChanged = false
        }
        if pending.isChanged {
            add("renewal") { pending.write(to: &$0) }
            pending.isChanged = false
        }
        states += detectors.takeStates()
        for i in series.indices where !series[i].panes.changedDays.isEmpty {
            for day in series[i].panes.changedDays.sorted() {
                add("panes/\(series[i].metric.name)/hours/\(day % Self.dayParts)") {
                    series[i].panes.writeHours(of: day, to: &$0)
                }
            }
            series[i].panes.changedDays = []
        }
        return states
    }

    mutating func restore(_ states: [ComponentState]) throws(WireError) {
        // Intake first: it knows the last tick, up to which hour panes are complete.
        for state in states where state.component == "intake" {
            var reader = try reader(of: state)
            lastTick = try reader.integer()
            guard lastTick >= -1, lastTick <= Intake.lastTime else {
                throw WireError(.malformed("a last tick of \(lastTick)"), at: reader.offset)
            }
            intake = try Intake(from: &reader, version: Int(state.version))
            let settings = settings
            let list = try reader.list { (r: inout ByteReader) throws(WireError) in
                try MetricSeries(from: &r, version: Int(state.version), settings: settings)
            }
            for one in list where place(of: one.metric) == nil && one.kind != .daily { _ = insert(one) }
            // Settings may have changed while nothing ran.
            let from = Swift.max(lastTick, 0) + SeriesPanes.fineLength
            for i in series.indices where !series[i].isState {
                for j in series[i].sources.indices {
                    guard let fixed = series[i].sources[j].fixedCadence else { continue }
                    series[i].sources[j].cadence.decide(from: from, fixed: fixed)
                }
            }
        }
        for state in states where state.component.hasPrefix(Detectors.prefix) {
            if let name = try detectors.restore(state, lastTick: lastTick) { pending.begin(name) }
        }
        for state in states where state.component != "intake" && !state.component.hasPrefix(Detectors.prefix) {
            var reader = try reader(of: state)
            switch state.component {
            case "renewal":
                let restarted = pending.detectors
                pending = try PendingRenewal(from: &reader)
                for name in restarted { pending.begin(name) }
            case "sessions": sessions = try SessionTracker(from: &reader, version: Int(state.version))
            case "daily":
                daily = try DailyValues(from: &reader, version: Int(state.version))
            default:
                let parts = state.component.split(separator: "/")
                guard parts.count == 4, parts[0] == "panes", parts[2] == "hours",
                    let metric = Metric(name: String(parts[1])),
                    let place = place(of: metric)
                else { continue }
                try series[place].panes.readHours(from: &reader, lastTick: lastTick)
            }
        }
        for i in series.indices {
            series[i].panes.freezeHours(before: Swift.max(lastTick, 0) / SeriesPanes.coarseLength)
            series[i].panes.thawHours()
        }
        detectors.look()
    }

    private func reader(of state: ComponentState) throws(WireError) -> ByteReader {
        guard state.version <= Self.version else {
            throw WireError(
                .malformed("\(state.component) of version \(state.version), this is \(Self.version)"), at: 0)
        }
        return ByteReader(state.bytes)
    }

    // MARK: Rebuilding

    /// How far before the last closed tick stored samples are needed, in ms.
    static let rebuiltLength = MetricSeries.horizon + Cadence.stateHold + 1_800_000

    /// Which stored samples `rebuild` needs: 24 h before the last closed tick, and a little more for what reaches into
    /// them. Empty before the first tick.
    public var rebuildRange: TimeRange {
        guard lastTick >= 0 else { return TimeRange(.distantPast, .distantPast) }
        return TimeRange(
            Timestamp(milliseconds: Swift.max(0, lastTick - Self.rebuiltLength)),
            Timestamp(milliseconds: lastTick + SeriesPanes.fineLength))
    }

    /// Fills panes, and what else is not in the states, from stored samples: once, right after restoring.
    ///
    /// The samples are those of `rebuildRange`, with their stored quality, in any order. Each is applied at the tick it
    /// was applied at first, and late if it was late then: both follow from its `time` and `received`.
    /// Complexity: O(n log n).
    public mutating func rebuild(_ samples: some Sequence<Sample>) {
        let range = rebuildRange
        var list: [(tick: Int64, isLate: Bool, sample: Sample)] = []
        for sample in samples where Intake.isMoment(sample.time) && sample.value.isFinite {
            guard lastTick < 0 || range.contains(sample.time), !sample.metric.isDaily else { continue }
            let (tick, isLate) = Intake.tick(of: sample, isIncrement: sample.metric.kind == .increment)
            guard lastTick < 0 || tick <= lastTick else { continue }
            list.append((tick, isLate, sample))
        }
        list.sort { a, b in a.tick != b.tick ? a.tick < b.tick : Self.comesBefore(a.sample, b.sample) }
        if lastTick < 0, let newest = list.last?.tick { lastTick = newest }
        replayed = (list.first?.tick ?? lastTick) - SeriesPanes.fineLength
        let frozen = Swift.max(lastTick, 0) / SeriesPanes.coarseLength
        for i in series.indices { series[i].panes.frozenHours = frozen }
        // Where gaps were being filled is a matter of the moment: found again on the way, and put back in the end.
        let fills = series.map(\.backfill)
        for i in series.indices { series[i].backfill = (-1, -1) }
        var n = 0
        while n < list.count {
            let tick = list[n].tick
            closeDetectorsAgain(before: tick)
            for i in series.indices { series[i].panes.begin(tick: tick) }
            while n < list.count, list[n].tick == tick {
                let sample = list[n].sample
                let isLate = list[n].isLate
                n += 1
                guard let place = seriesIndex(sample.metric, since: tick) else { continue }
                let source = sourceIndex(sample.source, in: place)
                if series[place].rebuild(sample, source: source, tick: tick, isLate: isLate) {
                    let day = days.day(of: sample.time.milliseconds, in: settings.zone)
                    detectors.take(
                        sample, series[place].arrival(of: sample, source: source, tick: tick, day: day), isAgain: true)
                }
            }
            for i in series.indices {
                series[i].panes.end(tick: tick)
                series[i].order?.forget(before: tick - OrderedSamples.memory)
            }
            closeDetectorsAgain(at: tick)
        }
        if lastTick >= 0 { closeDetectorsAgain(before: lastTick + SeriesPanes.fineLength) }
        for i in series.indices {
            if lastTick >= SeriesPanes.fineLength {
                series[i].panes.begin(tick: lastTick)
                series[i].panes.end(tick: lastTick)
            }
            series[i].order?.forget(before: lastTick - OrderedSamples.memory)
            series[i].panes.thawHours()
            series[i].forgetLate(before: lastTick - MetricSeries.horizon)
            if fills.indices.contains(i) { series[i].backfill = fills[i] }
            // What rebuilding marked as changed is in the checkpoint already.
            series[i].panes.changedDays = []
        }
        detectors.look()
        cache = FeatureCache(count: settings.features.count)
    }
}

extension SeriesPanes {
    /// The closed hours of one UTC day.
    func writeHours(of day: Int64, to writer: inout ByteWriter) {
        writer.signed(day)
        writer.bool(holdsAmounts)
        for hour in 0..<24 {
            let index = day * 24 + Int64(hour)
            guard index < closedHours, let slot = coarse.slot(index), coarse.holdsSomething(slot)
            else { continue }
            writer.byte(UInt8(hour))
            writer.count(coarse.columns.count(slot))
            writer.count(coarse.columns.covered(slot))
            if holdsAmounts {
                writer.signed(coarse.columns.amount[slot])
            } else {
                writer.float(coarse.columns.sum[slot])
                writer.float(coarse.columns.deviations[slot])
                writer.float(coarse.columns.low[slot])
                writer.float(coarse.columns.high[slot])
            }
        }
    }

    mutating func readHours(from reader: inout ByteReader, lastTick: Int64) throws(WireError) {
        let day = try reader.signed()
        let latest = lastTick / Self.coarseLength
        guard day >= 0, day <= Intake.lastTime / 86_400_000, try reader.bool() == holdsAmounts else {
            throw WireError(.malformed("hour panes of day \(day)"), at: reader.offset)
        }
        makeUnique()
        if latest >= 0 { coarse.advance(to: latest) }
        while !reader.isAtEnd {
            let hour = try reader.byte()
            let count = try reader.count()
            let covered = try reader.count()
            guard hour < 24 else { throw WireError(.malformed("hour \(hour)"), at: reader.offset) }
            var pane = (amount: Int64(0), sum: Float(0), deviations: Float(0), low: Float(0), high: Float(0))
            if holdsAmounts {
                pane.amount = try reader.signed()
            } else {
                pane.sum = try reader.float()
                pane.deviations = try reader.float()
                pane.low = try reader.float()
                pane.high = try reader.float()
            }
            // A part of an earlier turn of the ring has nothing to say.
            guard let slot = coarse.slot(day * 24 + Int64(hour)), day * 24 + Int64(hour) < latest else { continue }
            coarse.restore(slot, count: count, covered: Swift.min(Int(Self.coarseLength), Swift.max(0, covered)))
            if holdsAmounts {
                coarse.columns.amount[slot] = pane.amount
            } else {
                coarse.columns.sum[slot] = pane.sum
                coarse.columns.deviations[slot] = pane.deviations
                coarse.columns.low[slot] = pane.low
                coarse.columns.high[slot] = pane.high
            }
        }
    }
}
