import Vitals

@testable import RuleEngine

/// A small stand-in for the analysis: enough of windows, coverage, silence and sessions to run the tests inside rule
/// files against the rule machine alone. (The hub runs the same tests through the real path.)
struct Rehearsal {
    struct Outcome: Equatable {
        var edge: Trigger.Edge
        var onset: TimeSpan
        var decided: TimeSpan
        var action: Trigger.Action
        var evidence: Evidence
    }

    struct Series {
        var points: [(time: Double, value: Double, span: Double)] = []
        /// Of daily series: when each value came.
        var arrivals: [Double] = []
        var hold = 5.0

        /// Points with time from `from` until before `to`.
        func points(_ from: Double, _ to: Double) -> ArraySlice<(time: Double, value: Double, span: Double)> {
            points[index(from)..<max(index(from), index(to))]
        }

        /// The first point that is not before `time`.
        private func index(_ time: Double) -> Int {
            var (low, high) = (0, points.count)
            while low < high {
                let middle = (low + high) / 2
                if points[middle].time < time { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    struct Session { var start: Double; var end: Double }

    /// Runs one test with all rules of `book`; outcomes of the named rule.
    static func run(_ test: RuleTest, of rule: String, in book: RuleBook) -> [Outcome] {
        var series: [Metric: Series] = [:]
        for given in test.given {
            let isIncrement = given.metric.kind == .increment
            var one = series[given.metric] ?? Series()
            one.hold = min(max(2.5 * given.every.inSeconds, 5), 300)
            if given.metric.kind == .daily { one.hold = 48 * 3600 }
            for (offset, value) in given.samples {
                let span = isIncrement ? given.every.inSeconds : 0
                let time = offset.inSeconds + span
                // What is measured and comes late decides nothing: it is left out here.
                let arrival = max(time, given.delivered?.inSeconds ?? time)
                guard given.metric.kind == .daily || arrival - time < 5 else { continue }
                let isInOrder = one.points.last.map { $0.time <= time } ?? true
                let place = isInOrder ? one.points.count : one.points.firstIndex { $0.time > time } ?? 0
                one.points.insert((time, value, span), at: place)
                one.arrivals.insert(arrival, at: place)
            }
            series[given.metric] = one
        }
        let zone = (try? Zone(named: test.person.zone ?? "UTC")) ?? .utc
        let start = test.start.moment(in: zone)
        let person = test.person.applied(
            to: Person(id: PersonID(high: 1, low: 2), name: "test"), on: test.start.day)
        let end =
            max(
                test.given.map { ($0.after + $0.length).inSeconds }.filter { $0 < 80_000 }.max() ?? 0,
                test.expect.map(\.to.inSeconds).max() ?? 0) + 60
        var state = RuleState()
        var source = RehearsalSource(features: book.features, series: series, start: start, zone: zone, person: person)
        var sessions = Self.sessions(series[.steps])
        var outcomes: [Outcome] = []
        var time = 5.0
        while time <= end {
            source.now = time
            source.session = nil
            source.isActive = sessions.contains { $0.start <= time && time < $0.end }
            let tick = start + .milliseconds(Int64(time * 1000))
            var triggers = state.evaluate(book, at: tick, person: person, zone: zone, source: source)
            if let done = sessions.first, time >= done.end + 600 {
                sessions.removeFirst()
                source.session = done
                triggers += state.evaluate(
                    book, at: tick,
                    occasion: .sessionEnd(start: start, end: start + .milliseconds(Int64(done.end * 1000))),
                    person: person, zone: zone, source: source)
            }
            for trigger in triggers where trigger.rule == rule {
                outcomes.append(
                    Outcome(
                        edge: trigger.edge, onset: trigger.onset - start, decided: trigger.decided - start,
                        action: trigger.action,
                        evidence: trigger.evidence))
            }
            time += 5
        }
        return outcomes
    }

    /// Stretches of walking.
    private static func sessions(_ steps: Series?) -> [Session] {
        var sessions: [Session] = []
        for point in steps?.points ?? [] where point.value * 60 / point.span >= 60 {
            if let last = sessions.last, point.time - point.span - last.end < 120 {
                sessions[sessions.count - 1].end = point.time
            } else {
                sessions.append(Session(start: point.time - point.span, end: point.time))
            }
        }
        return sessions.filter { $0.end - $0.start >= 600 }
    }
}

struct RehearsalSource: FeatureSource {
    let features: [Feature]
    let series: [Metric: Rehearsal.Series]
    let start: Timestamp
    let zone: Zone
    let person: Person
    var now = 0.0
    var session: Rehearsal.Session?
    var isActive = false

    func detail(_ slot: Int) -> FeatureDetail { FeatureDetail(value: value(slot)) }

    func newestDay(_ slot: Int) -> DayReading? {
        guard features[slot].isOfDays, case .latest(let metric) = features[slot].plain,
            let last = last(metric, within: delay(features[slot]))
        else { return nil }
        let (index, time) = (last.index, start + .milliseconds(Int64(last.time * 1000)))
        return DayReading(time: time, isLate: (series[metric]?.arrivals[index] ?? 0) - last.time > 600)
    }

    private func delay(_ feature: Feature) -> Double {
        if case .late(_, let span) = feature { max(600, span.inSeconds) } else { 600 }
    }

    func value(_ slot: Int) -> Double {
        let tick = start + .milliseconds(Int64(now * 1000))
        switch features[slot].plain {
        case .latest(let metric):
            guard let last = last(metric, within: delay(features[slot])), now - last.time < series[metric]?.hold ?? 0
            else { return .nan }
            return last.value
        case .window(let function, let metric, let window, _):
            return windowValue(function, metric, now - window.inSeconds, now)
        case .stale(let metric, let span):
            return last(metric).map { now - $0.time >= span.inSeconds ? 1 : 0 } ?? .nan
        case .age(let metric): return last(metric).map { (now - $0.time) * 1000 } ?? .nan
        case .timeOfDay: return Double(zone.timeOfDay(tick).milliseconds)
        case .weekday: return Double(zone.day(of: tick).weekday)
        case .person(.maxHeartRate): return person.maxHeartRate ?? .nan
        case .personHas(let fact): return person.facts.contains(fact) ? 1 : 0
        case .session(let field): return sessionValue(field)
        default: return .nan
        }
    }

    private func last(
        _ metric: Metric, within delay: Double = 600
    ) -> (index: Int, time: Double, value: Double)? {
        guard let one = series[metric] else { return nil }
        let points = one.points(-1, now)
        for i in points.indices.reversed() {
            if metric.kind == .daily, one.arrivals[i] > now || one.arrivals[i] - points[i].time > delay { continue }
            return (i, points[i].time, points[i].value)
        }
        return nil
    }

    private func coverage(_ metric: Metric, _ from: Double, _ to: Double) -> Double {
        guard let one = series[metric] else { return .nan }
        var covered = 0.0
        var reached = from
        for point in one.points(from - one.hold, to + 300) where point.time - point.span < to {
            let begin = metric.kind == .increment ? point.time - point.span : point.time
            let end = metric.kind == .increment ? point.time : point.time + one.hold
            let piece = min(end, to) - max(begin, reached)
            if piece > 0 {
                covered += piece
                reached = min(end, to)
            }
        }
        return covered / (to - from)
    }

    private func windowValue(_ function: WindowFunction, _ metric: Metric, _ from: Double, _ to: Double) -> Double {
        let covered = coverage(metric, from, to)
        if function == .coverage { return covered }
        guard covered > 0, let one = series[metric] else { return .nan }
        if function == .sum {
            return one.points(from, to + 300).reduce(0) { sum, point in
                let overlap = min(point.time, to) - max(point.time - point.span, from)
                return overlap > 0 ? sum + point.value * overlap / point.span : sum
            }
        }
        let values = one.points(from, to).map(\.value)
        guard !values.isEmpty else { return .nan }
        switch function {
        case .mean: return values.reduce(0, +) / Double(values.count)
        case .min: return values.min() ?? .nan
        case .max: return values.max() ?? .nan
        case .last: return values.last ?? .nan
        default: return .nan
        }
    }

    private func sessionValue(_ field: SessionField) -> Double {
        if field == .active { return isActive ? 1 : 0 }
        guard let session else { return .nan }
        let resting = value(of: .restingHeartRate)
        let planned = person.plan.sessions.first?.intensity.upperBound ?? .nan
        let high = resting + planned * ((person.maxHeartRate ?? .nan) - resting)
        let rates = (series[.heartRate]?.points ?? [])
        let during = rates.filter { $0.time >= session.start && $0.time < session.end }
        switch field {
        case .minutes: return (session.end - session.start) / 60
        case .rangeHigh: return high
        case .minutesAboveRange: return Double(during.filter { $0.value > high }.count) / 60
        case .peakHeartRate: return during.map(\.value).max() ?? .nan
        case .recoveryHeartRate:
            let after = rates.filter { $0.time >= session.end + 300 && $0.time < session.end + 600 }.map(\.value)
            return after.isEmpty ? .nan : after.reduce(0, +) / Double(after.count)
        default: return .nan
        }
    }

    private func value(of metric: Metric) -> Double { last(metric, within: 172_800)?.value ?? .nan }
}
