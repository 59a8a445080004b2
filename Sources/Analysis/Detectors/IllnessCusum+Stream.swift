import Vitals

extension IllnessCusum {
    /// The CuSum hour by hour, as the daemon runs it.
    ///
    /// Gives W (`illness_cusum`) at the end of each hour with rest, and with it `illness_alarm`: 1 from the first
    /// remarkable hour of an excursion on, 2 from the hour on in which the excursion is confirmed, else 0. Nothing looks
    /// ahead: a published alarm is this series turning 2, told up to two days after its first hour.
    ///
    /// The same numbers as `IllnessCusum` over whole days, with the day's first hour told together with its second (a
    /// day of one hour counts for nothing) and the 28 days of the first baseline, which are judged by themselves, told
    /// late when they are complete.
    ///
    /// What comes late, up to 24 hours, enters its minutes where these have no heart rate yet, today's and yesterday's:
    /// from there on the sums are made again, baseline and excursion included. An hour told already is then corrected,
    /// hours before yesterday stay: the definition lets a day into the baseline when it is over, and what is older than
    /// 24 hours reaches no detector. An hour whose rest turns out to have been steps keeps its value.
    ///
    /// Minutes in which nothing is known of steps count as still, as they do for the authors, once the person has had
    /// any source of steps. So a rule on these series asks for `coverage(steps, 24h)` too.
    ///
    /// State: the baseline, and two days of minutes: 30 KB at most in a checkpoint.
    struct Stream: Detector {
        static let card = DetectorCard(
            name: "illness_cusum", version: 2, gives: [.illnessCusum, .illnessAlarm], reads: [.heartRate, .steps],
            memory: .everything,
            measures: "resting heart rate above the person's usual for the hour of day, summed up hour by hour; and "
                + "whether the sum grew as hardly ever in quiet weeks (1), for more than two days (2)",
            inputs: "heart_rate (median of each minute), steps (minutes with steps and ten after them are left out)",
            delay:
                "the end of the hour; confirmation comes 49 hours of data after an excursion began, at the earliest; "
                + "corrected by what comes up to 24 hours late, stored a day later",
            source: "Mishra et al., Nature Biomedical Engineering 2020, doi 10.1038/s41551-020-00640-6",
            needs: "28 days with heart rate and a source of steps, then two hours of rest a day",
            limits: "drink, heat, travel, a new medicine look alike; minutes without word of steps count as still")

        private static let minute = RecordedDay.minute
        /// More samples in a minute than this are thinned out evenly.
        private static let mostSamples = 256
        /// Hours are made again because of late data at most this often.
        private static let patience: Int64 = 10 * 60_000

        /// As it stood before `yesterday`, with the excursion that lasted then.
        private var settled = IllnessCusum()
        private var settledExcursion: Excursion?
        /// As it stands before `today`; `nil` after a restart, made again from `settled` and `yesterday`.
        private var current: (core: IllnessCusum, excursion: Excursion?)? = (IllnessCusum(), nil)
        /// The last day that is over; the same as `today` until another begins.
        private var yesterday = RecordedDay()
        /// Yesterday counts: it had heart rate, and a source of steps was known.
        private var isTaken = false
        private var today = RecordedDay()
        private var knowsSteps = false
        /// The minute whose samples come in.
        private var open: Int64 = -1
        private var samples: [Float] = []
        /// Every so many samples of the open minute one is kept; and how many came since.
        private var stride = 1
        private var passed = 0
        /// Local hours of today that are over.
        private var hoursOver = 0
        /// Where the hour at hand ends, and the one before it did.
        private var nextHour: Int64 = 0
        private var lastHour: Int64 = 0
        /// Time of the newest heart rate of the day: hours without one are not worth a closing.
        private var newest: Int64 = -1
        /// Late data entered yesterday, or hours of today that are over.
        private var isYesterdayStale = false
        private var isTodayStale = false
        /// When it was closed last.
        private var closedAt: Int64 = 0
        /// What came for a day that is not yet at hand.
        private var waiting: [Sample] = []
        var isChanged = false

        init() {}

        private var isOpen: Bool { today.start < today.end && hoursOver < 24 }

        var deadline: Int64? {
            if !waiting.isEmpty { return 0 }
            var next: Int64?
            if isOpen, !today.isEmpty { next = newest >= lastHour ? nextHour : today.end }
            if isYesterdayStale || isTodayStale { next = Swift.min(next ?? .max, closedAt + Self.patience) }
            return next
        }

        // MARK: Samples

        mutating func take(_ sample: Sample, _ arrival: Arrival) {
            guard sample.metric == .heartRate || sample.metric == .steps, sample.value.isFinite else { return }
            isChanged = true
            // The last millisecond of a span that ends at midnight is of the day before.
            let last = sample.time.milliseconds - (sample.span > 0 ? 1 : 0)
            if last >= today.end {
                waiting.append(sample)
            } else if isOpen, last >= today.start {
                place(sample)
            } else if yesterday.contains(last) {
                if sample.metric == .steps { knowsSteps = true }
                let isNews =
                    sample.metric == .steps
                    ? yesterday.move(from: sample.start.milliseconds, to: last, steps: sample.value)
                    : yesterday.complete(sample.value, at: last)
                isYesterdayStale = isYesterdayStale || isNews
            }
        }

        private mutating func place(_ sample: Sample) {
            let time = sample.time.milliseconds
            if sample.metric == .steps {
                knowsSteps = true
                let last = Swift.max(time - (sample.span > 0 ? 1 : 0), today.start)
                let isNews = today.move(from: sample.start.milliseconds, to: last, steps: sample.value)
                if isNews, sample.start.milliseconds < lastHour { isTodayStale = true }
                return
            }
            newest = Swift.max(newest, time)
            let minute = time / Self.minute
            if minute > open {
                finishMinute()
                (open, stride, passed) = (minute, 1, 0)
            }
            guard minute == open else {
                // Late: enters a minute that has nothing yet.
                if today.complete(sample.value, at: time), time < lastHour { isTodayStale = true }
                return
            }
            passed += 1
            guard passed % stride == 0 else { return }
            samples.append(sample.value)
            if samples.count == Self.mostSamples {
                samples = samples.indices.filter { $0 % 2 == 1 }.map { samples[$0] }
                stride *= 2
            }
        }

        private mutating func finishMinute() {
            defer { samples.removeAll(keepingCapacity: true) }
            guard !samples.isEmpty, let median = OrderedSamples.quantile(0.5, of: samples) else { return }
            today.set(Float(median), at: open * Self.minute)
        }

        // MARK: Closing

        mutating func close(_ now: DetectorTick, into found: inout [DerivedValue]) {
            isChanged = true
            closedAt = now.tick
            if current == nil || isYesterdayStale { remake(now.zone, into: &found) }
            if isOpen { tell(until: now.tick, now.zone, into: &found) }
            guard !waiting.isEmpty else { return }
            let list = waiting
            waiting = []
            for sample in list {
                let last = sample.time.milliseconds - (sample.span > 0 ? 1 : 0)
                if last >= today.end {
                    // A day that ended unnoticed, because nothing was due in it.
                    if isOpen { tell(until: today.end, now.zone, into: &found) }
                    begin(now.zone.day(of: Timestamp(milliseconds: last)), now.zone)
                }
                if isOpen, today.contains(last) { place(sample) }
            }
            tell(until: now.tick, now.zone, into: &found)
        }

        private mutating func begin(_ next: LocalDay, _ zone: Zone) {
            // A zone that moves west shows a day again that was told: its hours stay as they were.
            guard next.number > today.number else { return }
            today = RecordedDay(next, zone)
            (open, hoursOver, isTodayStale) = (-1, 0, false)
            samples.removeAll(keepingCapacity: true)
            (lastHour, newest) = (today.start, -1)
            nextHour = today.hourEnd(0, zone)
        }

        /// Makes the sum before today again: after a restart, or because yesterday got more. Then its hours are told
        /// anew where they differ, and today's are looked at.
        private mutating func remake(_ zone: Zone, into found: inout [DerivedValue]) {
            var core = settled
            var excursion = settledExcursion
            if isYesterdayStale { isTaken = knowsSteps && yesterday.hasHeartRate }
            if isTaken {
                let (heartRate, steps) = yesterday.local(zone)
                let results = core.take(day: yesterday.number, heartRate: heartRate, steps: steps)
                var day = yesterday
                var corrections: [DerivedValue] = []
                excursion = day.tell(results, from: excursion, zone, isAgain: true, into: &corrections)
                if isYesterdayStale {
                    yesterday = day
                    found += corrections
                    isTodayStale = isTodayStale || isOpen
                }
            }
            isYesterdayStale = false
            current = (core, excursion)
        }

        /// Tells the hours that are over, and takes the day into the baseline when all are.
        private mutating func tell(until tick: Int64, _ zone: Zone, into found: inout [DerivedValue]) {
            guard isOpen, nextHour <= tick || isTodayStale, !today.isEmpty, var (core, excursion) = current else {
                return
            }
            isTodayStale = false
            if open >= 0, (open + 1) * Self.minute <= tick { finishMinute() }
            while hoursOver < 24, nextHour <= tick {
                hoursOver += 1
                lastHour = nextHour
                nextHour = today.hourEnd(Swift.min(hoursOver, 23), zone)
            }
            let (heartRate, steps) = today.local(zone)
            guard hoursOver == 24 else {
                let results = core.preview(
                    day: today.number, heartRate: Array(heartRate.prefix(hoursOver * 60)),
                    steps: Array(steps.prefix(hoursOver * 60)))
                _ = today.tell(results, from: excursion, zone, isAgain: false, into: &found)
                return
            }
            (settled, settledExcursion) = (core, excursion)
            isTaken = knowsSteps && today.hasHeartRate
            if isTaken {
                let results = core.take(day: today.number, heartRate: heartRate, steps: steps)
                excursion = today.tell(results, from: excursion, zone, isAgain: false, into: &found)
            }
            current = (core, excursion)
            yesterday = today
            open = -1
        }
    }
}

extension IllnessCusum.Stream {
    func write(to writer: inout ByteWriter) {
        settled.write(to: &writer)
        writer.optional(settledExcursion) { $1.write(to: &$0) }
        yesterday.write(to: &writer)
        today.write(to: &writer)
        for flag in [isTaken, knowsSteps, isYesterdayStale, isTodayStale] { writer.bool(flag) }
        for time in [open, lastHour, nextHour, newest, closedAt] { writer.integer(time) }
        writer.list(samples) { $0.float($1) }
        for number in [stride, passed, hoursOver] { writer.count(number) }
        writer.list(waiting) { $0.wire($1) }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        self.init()
        settled = try IllnessCusum(from: &reader)
        settledExcursion = try reader.optional { (r: inout ByteReader) throws(WireError) in
            try IllnessCusum.Excursion(from: &r)
        }
        yesterday = try IllnessCusum.RecordedDay(from: &reader)
        today = try IllnessCusum.RecordedDay(from: &reader)
        isTaken = try reader.bool()
        knowsSteps = try reader.bool()
        isYesterdayStale = try reader.bool()
        isTodayStale = try reader.bool()
        open = try reader.integer()
        lastHour = try reader.integer()
        nextHour = try reader.integer()
        newest = try reader.integer()
        closedAt = try reader.integer()
        let at = reader.offset
        guard open >= -1, open <= Intake.lastTime, nextHour >= 0, nextHour <= today.end, lastHour >= 0,
            lastHour <= today.end, newest >= -1, newest <= Intake.lastTime, (0...Intake.lastTime).contains(closedAt)
        else { throw WireError(.malformed("a day that cannot be"), at: at) }
        samples = try reader.list { (r: inout ByteReader) throws(WireError) in try r.float() }
        stride = try reader.count()
        passed = try reader.count()
        hoursOver = try reader.count()
        waiting = try reader.list { (r: inout ByteReader) throws(WireError) in try r.wire() }
        guard stride > 0, stride < 1 << 40, passed >= 0, passed < 1 << 40, (0...24).contains(hoursOver),
            samples.count < Self.mostSamples, waiting.allSatisfy({ Intake.isMoment($0.time) && $0.value.isFinite })
        else { throw WireError(.malformed("an open minute that cannot be"), at: reader.offset) }
        current = nil
    }
}
