import Vitals

extension SampleFile {
    /// Turns the columns' rows into samples in order of time, then metric.
    static func samples(
        _ tables: [Table], _ layout: Layout, _ options: ImportOptions, _ report: inout ImportReport
    ) -> [Sample] {
        var samples: [Sample] = []
        samples.reserveCapacity(tables.reduce(0) { $0 + $1.rows.count })
        var tables = tables
        for slot in tables.indices {
            let column = layout.values[slot]
            let before = samples.count
            var span: TimeSpan?
            if column.metric == .rrInterval { convert(&tables[slot].rows, column.unit) }
            if layout.time == nil {
                place(&tables[slot].rows, start: options.start)
            } else if layout.form == .elapsed {
                shift(&tables[slot].rows, start: options.start, isBeat: column.metric.kind == .beat, unit: options.unit)
            }
            if !tables[slot].isSorted { tables[slot].rows.sort { $0.time < $1.time } }
            switch column.metric.kind {
            case .increment: span = increments(tables[slot].rows, column.metric, options, &samples, &report)
            case .beat: beats(tables[slot].rows, column.metric, options, &samples, &report)
            default: gauges(tables[slot].rows, column.metric, options, &samples, &report)
            }
            tables[slot].rows = []
            report.columns.append(
                ImportReport.Column(
                    name: column.name, role: .metric(column.metric), samples: samples.count - before, span: span))
        }
        if layout.time != nil { report.columns.insert(.init(name: layout.timeName, role: .time, samples: 0), at: 0) }
        report.ignoredColumns = layout.ignored
        if tables.count > 1 {
            samples.sort { ($0.time, $0.metric.rawValue) < ($1.time, $1.metric.rawValue) }
            merge(&samples, &report)
        }
        report.kept = samples.count
        return samples
    }

    /// Intervals to milliseconds. Without a unit their size tells: most below 10 are seconds (no heart beats every 10 s,
    /// none 100 times a second).
    private static func convert(_ rows: inout [Row], _ unit: ImportOptions.IntervalUnit?) {
        let isSeconds =
            switch unit {
            case .seconds: true
            case .milliseconds: false
            case nil: rows.count { $0.value < 10 } * 2 > rows.count
            }
        guard isSeconds else { return }
        for index in rows.indices { rows[index].value *= 1000 }
    }

    /// Beat times as the running sum of the intervals, each at the beat that ends it.
    private static func place(_ rows: inout [Row], start: Timestamp?) {
        var elapsed = 0.0
        let start = Double(start?.milliseconds ?? 0)
        for index in rows.indices {
            elapsed += rows[index].value
            rows[index].time = (start + elapsed).rounded()
        }
    }

    /// Elapsed times to moments. Of beats, whether they are seconds or milliseconds is told by the intervals themselves:
    /// their sum is the time that passed. Other elapsed times are seconds unless an option says milliseconds.
    private static func shift(
        _ rows: inout [Row], start: Timestamp?, isBeat: Bool, unit: ImportOptions.IntervalUnit?
    ) {
        var scale = unit == .milliseconds ? 1.0 : 1000
        if isBeat, let first = rows.first, let last = rows.last, last.time > first.time {
            let passed = rows.dropFirst().reduce(0) { $0 + $1.value }
            scale = passed / (last.time - first.time) > 30 ? 1000 : 1
        }
        let start = Double(start?.milliseconds ?? 0)
        for index in rows.indices { rows[index].time = (start + rows[index].time * scale).rounded() }
    }

    private static func gauges(
        _ rows: [Row], _ metric: Metric, _ options: ImportOptions, _ samples: inout [Sample],
        _ report: inout ImportReport
    ) {
        let plausible = metric.plausible
        var lastTime = -Double.infinity
        var lastValue = 0.0
        for row in rows {
            if row.time == lastTime {
                if row.value == lastValue { report.duplicates += 1 } else { report.conflicts += 1 }
                continue
            }
            (lastTime, lastValue) = (row.time, row.value)
            append(row.time, row.value, span: 0, metric, plausible, options.source, &samples, &report)
        }
    }

    /// Beats that share a time stamp are all kept: they are put before it by their own lengths.
    private static func beats(
        _ rows: [Row], _ metric: Metric, _ options: ImportOptions, _ samples: inout [Sample],
        _ report: inout ImportReport
    ) {
        let plausible = metric.plausible
        var first = 0
        while first < rows.count {
            var next = first + 1
            while next < rows.count, rows[next].time == rows[first].time { next += 1 }
            var time = rows[first].time - rows[(first + 1)..<next].reduce(0) { $0 + $1.value }
            for index in first..<next {
                if index > first { time += rows[index].value }
                append(time.rounded(), rows[index].value, span: 0, metric, plausible, options.source, &samples, &report)
            }
            first = next
        }
    }

    /// Increments with the span they cover; `time` is its end. No span reaches into the next one.
    ///
    /// - Returns: the span that was used where the rows had none of their own.
    private static func increments(
        _ rows: [Row], _ metric: Metric, _ options: ImportOptions, _ samples: inout [Sample],
        _ report: inout ImportReport
    ) -> TimeSpan? {
        let plausible = metric.plausible
        var distinct: [Row] = []
        distinct.reserveCapacity(rows.count)
        for row in rows {
            if let last = distinct.last, last.time == row.time {
                if last.value == row.value { report.duplicates += 1 } else { report.conflicts += 1 }
            } else {
                distinct.append(row)
            }
        }
        let hasOwn = distinct.contains { $0.span > 0 }
        let own = hasOwn ? nil : options.span ?? step(distinct)
        if own == nil, !hasOwn {
            report.notes.append("\(metric.name) has one row only, taken for a minute; --span says otherwise")
        }
        let usual = Double((own ?? .minutes(1)).milliseconds)
        for index in distinct.indices {
            let row = distinct[index]
            if row.span > 0 {
                append(
                    row.time + row.span, row.value, span: row.span, metric, plausible, options.source, &samples, &report
                )
            } else if options.stamp == .start {
                let room = index + 1 < distinct.count ? distinct[index + 1].time - row.time : .infinity
                let span = min(usual, room)
                append(row.time + span, row.value, span: span, metric, plausible, options.source, &samples, &report)
            } else {
                let room = index > 0 ? row.time - distinct[index - 1].time : .infinity
                append(
                    row.time, row.value, span: min(usual, room), metric, plausible, options.source, &samples, &report)
            }
        }
        return own
    }

    /// The most frequent distance of neighbouring rows; of equally frequent ones the shortest.
    private static func step(_ rows: [Row]) -> TimeSpan? {
        let rowsSeen = 100_000
        var counts: [Double: Int] = [:]
        for index in rows.indices.dropFirst().prefix(rowsSeen) {
            counts[rows[index].time - rows[index - 1].time, default: 0] += 1
        }
        let best = counts.max { $0.value == $1.value ? $0.key > $1.key : $0.value < $1.value }
        return best.flatMap { Int64(exactly: $0.key.rounded()) }.map { TimeSpan(milliseconds: $0) }
    }

    /// Two columns may hold the same metric: one (metric, time) stays one sample, the first column's.
    private static func merge(_ samples: inout [Sample], _ report: inout ImportReport) {
        var kept = 0
        for index in samples.indices {
            if kept > 0, samples[kept - 1].time == samples[index].time,
                samples[kept - 1].metric == samples[index].metric,
                samples[index].metric.kind != .beat
            {
                if samples[kept - 1].value == samples[index].value {
                    report.duplicates += 1
                } else {
                    report.conflicts += 1
                }
                continue
            }
            samples[kept] = samples[index]
            kept += 1
        }
        samples.removeSubrange(kept...)
    }

    @inline(__always) private static func append(
        _ time: Double, _ value: Double, span: Double, _ metric: Metric, _ plausible: ClosedRange<Float>,
        _ source: DeviceID, _ samples: inout [Sample], _ report: inout ImportReport
    ) {
        let value = Float(value)
        guard value.isFinite, let milliseconds = Int64(exactly: time) else { return }
        let isPlausible = plausible.contains(value)
        if !isPlausible { report.implausible += 1 }
        let moment = Timestamp(milliseconds: milliseconds)
        samples.append(
            Sample(
                metric: metric, value: value, time: moment, span: span < 4_294_967_295 ? UInt32(max(span, 0)) : .max,
                received: moment, source: source, quality: isPlausible ? [] : .implausible))
    }
}
