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
    /// late when they are complete. What comes late within the day enters its baseline; hours told stay told.
    ///
    /// Minutes in which nothing is known of steps count as still, as they do for the authors, once the person has had
    /// any source of steps. So a rule on these series asks for `coverage(steps, 24h)` too.
    ///
    /// State: the baseline, and one day of minutes: 24 KB at most in a checkpoint.
    struct Stream: Detector {
        static let card = DetectorCard(
            name: "illness_cusum", version: 1, gives: [.illnessCusum, .illnessAlarm], reads: [.heartRate, .steps],
            memory: .everything,
            measures: "resting heart rate above the person's usual for the hour of day, summed up hour by hour; and "
                + "whether the sum grew as hardly ever in quiet weeks (1), for more than two days (2)",
            inputs: "heart_rate (median of each minute), steps (minutes with steps and ten after them are left out)",
            delay: "the end of the hour; confirmation comes 49 hours of data after an excursion began, at the earliest",
            source: "Mishra et al., Nature Biomedical Engineering 2020, doi 10.1038/s41551-020-00640-6",
            needs: "28 days with heart rate and a source of steps, then two hours of rest a day",
            limits: "drink, heat, travel, a new medicine look alike; minutes without word of steps count as still")

        /// A local day has 25 hours at most, zones with odd changes a little more.
        private static let mostMinutes = 26 * 60
        private static let minute: Int64 = 60_000
        /// What a value speaks of: the hour that ends at its time.
        private static let hour: UInt32 = 3_600_000
        /// More samples in a minute than this are thinned out evenly.
        private static let mostSamples = 256

        private(set) var core = IllnessCusum()
        /// The excursion of W that lasts at the begin of the day.
        private var excursion: Excursion?
        private var knowsSteps = false

        /// The day at hand: its span in UTC ms, empty before the first.
        private var day = Int32.min
        private var start: Int64 = 0
        private var end: Int64 = 0
        /// Median by UTC minute of the day, NaN for none; and which minutes held steps.
        private var minutes: [Float] = []
        private var moved: [Bool] = []
        /// The minute whose samples come in.
        private var open: Int64 = -1
        private var samples: [Float] = []
        /// Every so many samples of the open minute one is kept; and how many came since.
        private var stride = 1
        private var passed = 0
        /// Local hours that are over, and those whose values were told, by bit.
        private var hoursOver = 0
        private var told: UInt32 = 0
        /// Where the hour at hand ends, and the one before it did.
        private var nextHour: Int64 = 0
        private var lastHour: Int64 = 0
        /// Time of the newest heart rate of the day: hours without one are not worth a closing.
        private var newest: Int64 = -1
        /// What came for a day that is not yet at hand.
        private var waiting: [Sample] = []
        var isChanged = false

        init() {}

        var deadline: Int64? {
            if !waiting.isEmpty { return 0 }
            guard start < end, !minutes.isEmpty else { return nil }
            return newest >= lastHour ? nextHour : end
        }

        mutating func take(_ sample: Sample, _ arrival: Arrival) {
            guard sample.metric == .heartRate || sample.metric == .steps, sample.value.isFinite else { return }
            isChanged = true
            // The last millisecond of a span that ends at midnight is of the day before.
            let last = sample.time.milliseconds - (sample.span > 0 ? 1 : 0)
            if last >= end { waiting.append(sample) } else if last >= start { place(sample) }
        }

        private mutating func place(_ sample: Sample) {
            if minutes.isEmpty {
                minutes = Array(repeating: .nan, count: Self.mostMinutes)
                moved = Array(repeating: false, count: Self.mostMinutes)
            }
            let time = sample.time.milliseconds
            if sample.metric == .steps {
                knowsSteps = true
                guard sample.value > 0 else { return }
                let first = Int((Swift.max(sample.start.milliseconds, start) - start) / Self.minute)
                let last = Int((Swift.max(time - (sample.span > 0 ? 1 : 0), start) - start) / Self.minute)
                for i in first...Swift.max(first, last) where i < moved.count { moved[i] = true }
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
                let i = Int((time - start) / Self.minute)
                if i >= 0, i < minutes.count, minutes[i].isNaN { minutes[i] = sample.value }
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
            let i = Int((open * Self.minute - start) / Self.minute)
            if i >= 0, i < minutes.count { minutes[i] = Float(median) }
        }

        mutating func close(_ now: DetectorTick, into found: inout [DerivedValue]) {
            isChanged = true
            if start < end { tell(until: now.tick, now.zone, into: &found) }
            guard !waiting.isEmpty else { return }
            let list = waiting
            waiting = []
            for sample in list {
                let last = sample.time.milliseconds - (sample.span > 0 ? 1 : 0)
                if last >= end {
                    // A day that ended unnoticed, because nothing was due in it.
                    if start < end { tell(until: end, now.zone, into: &found) }
                    begin(now.zone.day(of: Timestamp(milliseconds: last)), now.zone)
                }
                if last >= start, last < end { place(sample) }
            }
            tell(until: now.tick, now.zone, into: &found)
        }

        private mutating func begin(_ next: LocalDay, _ zone: Zone) {
            // A zone that moves west shows a day again that was told: its hours stay as they were.
            guard next.number > day else { return }
            day = next.number
            start = zone.start(of: next).milliseconds
            end = Swift.max(start, zone.start(of: next + 1).milliseconds)
            (minutes, moved, open, hoursOver, told) = ([], [], -1, 0, 0)
            samples.removeAll(keepingCapacity: true)
            (lastHour, newest) = (start, -1)
            nextHour = hourEnd(0, zone)
        }

        private func hourEnd(_ hour: Int, _ zone: Zone) -> Int64 {
            hour >= 23
                ? end
                : zone.timestamp(day: LocalDay(number: day), timeOfDay: .hours(Int64(hour) + 1)).milliseconds
        }

        /// Tells the hours that are over, and takes the day into the baseline when all are.
        private mutating func tell(until tick: Int64, _ zone: Zone, into found: inout [DerivedValue]) {
            guard nextHour <= tick, !minutes.isEmpty else { return }
            if open >= 0, (open + 1) * Self.minute <= tick { finishMinute() }
            while hoursOver < 24, nextHour <= tick {
                hoursOver += 1
                lastHour = nextHour
                nextHour = hourEnd(Swift.min(hoursOver, 23), zone)
            }
            let (heartRate, steps) = local(zone)
            let isOver = hoursOver == 24
            var results: [Result] = []
            if !isOver {
                results = core.preview(
                    day: day, heartRate: Array(heartRate.prefix(hoursOver * 60)),
                    steps: Array(steps.prefix(hoursOver * 60)))
            } else if knowsSteps, heartRate.contains(where: { !$0.isNaN }) {
                results = core.take(day: day, heartRate: heartRate, steps: steps)
            }
            var current = excursion
            for result in results where !result.sum.isNaN {
                if result.run == 0 { current = nil } else { current = current ?? Excursion() }
                current?.take(result)
                let isToday = result.day == day
                if isToday, told & (1 << UInt32(result.hour)) != 0 { continue }
                if isToday { told |= 1 << UInt32(result.hour) }
                let time =
                    isToday
                    ? hourEnd(result.hour, zone)
                    : zone.timestamp(day: LocalDay(number: result.day), timeOfDay: .hours(Int64(result.hour) + 1))
                        .milliseconds
                let alarm = current.map { $0.isConfirmed ? 2.0 : $0.alarm != nil ? 1 : 0 } ?? 0
                found.append(DerivedValue(metric: .illnessCusum, value: result.sum, time: time, span: Self.hour))
                found.append(DerivedValue(metric: .illnessAlarm, value: alarm, time: time, span: Self.hour))
            }
            if isOver {
                excursion = current
                (minutes, moved, open) = ([], [], -1)
                start = end
            }
        }

        /// The day's minutes as wall clocks counted them; of an hour that came twice the means of both.
        private func local(_ zone: Zone) -> (heartRate: [Double], steps: [Double]) {
            var heartRate = [Double](repeating: .nan, count: minutesPerDay)
            var steps = [Double](repeating: 0, count: minutesPerDay)
            var cursor = ZoneCursor(zone)
            for i in 0..<Int((end - start) / Self.minute) where i < minutes.count {
                let time = Timestamp(milliseconds: start + Int64(i) * Self.minute)
                let place = Int(cursor.timeOfDay(time).milliseconds / Self.minute)
                guard place < minutesPerDay else { continue }
                if !minutes[i].isNaN {
                    let value = Double(minutes[i])
                    heartRate[place] = heartRate[place].isNaN ? value : (heartRate[place] + value) / 2
                }
                if moved[i] { steps[place] = 1 }
            }
            return (heartRate, steps)
        }
    }
}

extension IllnessCusum.Stream {
    func write(to writer: inout ByteWriter) {
        core.write(to: &writer)
        writer.optional(excursion) { $1.write(to: &$0) }
        writer.bool(knowsSteps)
        writer.integer(day)
        for time in [start, end, open, lastHour, nextHour, newest] { writer.integer(time) }
        // Minutes that have a value, by the distance from the one before.
        let known = minutes.indices.filter { !minutes[$0].isNaN || moved[$0] }
        writer.bool(!minutes.isEmpty)
        var before = 0
        writer.list(known) { writer, i in
            writer.count((i - before) << 1 | (moved[i] ? 1 : 0))
            writer.float(minutes[i])
            before = i
        }
        writer.list(samples) { $0.float($1) }
        for number in [stride, passed, hoursOver] { writer.count(number) }
        writer.integer(told)
        writer.list(waiting) { $0.wire($1) }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        self.init()
        core = try IllnessCusum(from: &reader)
        excursion = try reader.optional { (r: inout ByteReader) throws(WireError) in
            try IllnessCusum.Excursion(from: &r)
        }
        knowsSteps = try reader.bool()
        day = try reader.integer()
        start = try reader.integer()
        end = try reader.integer()
        open = try reader.integer()
        lastHour = try reader.integer()
        nextHour = try reader.integer()
        newest = try reader.integer()
        let at = reader.offset
        guard DetectorDay.canBe(start: start, end: end), end >= start, open >= -1, open <= Intake.lastTime,
            nextHour >= 0, nextHour <= end, lastHour >= 0, lastHour <= end, newest >= -1, newest <= Intake.lastTime
        else { throw WireError(.malformed("a day that cannot be"), at: at) }
        if try reader.bool() {
            minutes = Array(repeating: .nan, count: Self.mostMinutes)
            moved = Array(repeating: false, count: Self.mostMinutes)
        }
        var before = 0
        for _ in 0..<(try reader.length()) {
            let step = try reader.count()
            let (place, overflow) = before.addingReportingOverflow(step >> 1)
            guard step >= 0, !overflow, place < minutes.count else {
                throw WireError(.malformed("minute \(place) of a day"), at: reader.offset)
            }
            moved[place] = step & 1 == 1
            minutes[place] = try reader.float()
            before = place
        }
        samples = try reader.list { (r: inout ByteReader) throws(WireError) in try r.float() }
        stride = try reader.count()
        passed = try reader.count()
        hoursOver = try reader.count()
        told = try reader.integer()
        waiting = try reader.list { (r: inout ByteReader) throws(WireError) in try r.wire() }
        guard stride > 0, stride < 1 << 40, passed >= 0, passed < 1 << 40, (0...24).contains(hoursOver),
            samples.count < Self.mostSamples, waiting.allSatisfy({ Intake.isMoment($0.time) && $0.value.isFinite })
        else {
            throw WireError(.malformed("an open minute that cannot be"), at: reader.offset)
        }
    }
}
