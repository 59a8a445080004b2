import Vitals

extension IllnessCusum {
    /// One local day minute by minute, and what was told of its hours.
    struct RecordedDay: Sendable {
        /// A local day has 25 hours at most, zones with odd changes a little more.
        private static let mostMinutes = 26 * 60
        static let minute: Int64 = 60_000

        /// What was stored of an hour.
        struct Told: Sendable, Equatable {
            var sum: Float
            var alarm: UInt8
        }

        private(set) var number = Int32.min
        /// Its span in UTC ms, empty before the first day.
        private(set) var start: Int64 = 0
        private(set) var end: Int64 = 0
        /// Median by UTC minute of the day, NaN for none; and which minutes held steps.
        private var heartRate: [Float] = []
        private var moved: [Bool] = []
        /// By local hour.
        var told: [Told?] = Array(repeating: nil, count: 24)

        init() {}

        init(_ day: LocalDay, _ zone: Zone) {
            number = day.number
            start = zone.start(of: day).milliseconds
            end = Swift.max(start, zone.start(of: day + 1).milliseconds)
        }

        /// Nothing was heard of it.
        var isEmpty: Bool { heartRate.isEmpty }
        var hasHeartRate: Bool { heartRate.contains { !$0.isNaN } }

        func contains(_ time: Int64) -> Bool { time >= start && time < end }

        private mutating func place(of time: Int64) -> Int? {
            if heartRate.isEmpty {
                heartRate = Array(repeating: .nan, count: Self.mostMinutes)
                moved = Array(repeating: false, count: Self.mostMinutes)
            }
            let place = Int((time - start) / Self.minute)
            return heartRate.indices.contains(place) ? place : nil
        }

        /// Sets the rate of the minute that holds `time`.
        mutating func set(_ rate: Float, at time: Int64) {
            if let place = place(of: time) { heartRate[place] = rate }
        }

        /// The same of a minute that has none yet; tells whether it had none.
        mutating func complete(_ rate: Float, at time: Int64) -> Bool {
            guard let place = place(of: time), heartRate[place].isNaN else { return false }
            heartRate[place] = rate
            return true
        }

        /// Notes steps in `[from, to]`; tells whether they were news. No steps are noted as having been heard of.
        mutating func move(from: Int64, to: Int64, steps: Float) -> Bool {
            guard let first = place(of: Swift.max(from, start)), steps > 0 else { return false }
            let last = Swift.min(Int((Swift.max(to, start) - start) / Self.minute), Self.mostMinutes - 1)
            var isNews = false
            for i in first...Swift.max(first, last) where !moved[i] {
                moved[i] = true
                isNews = true
            }
            return isNews
        }

        /// When a local hour is over.
        func hourEnd(_ hour: Int, _ zone: Zone) -> Int64 {
            hour >= 23
                ? end
                : zone.timestamp(day: LocalDay(number: number), timeOfDay: .hours(Int64(hour) + 1)).milliseconds
        }

        /// The minutes as wall clocks counted them; of an hour that came twice the means of both.
        func local(_ zone: Zone) -> (heartRate: [Double], steps: [Double]) {
            var rates = [Double](repeating: .nan, count: minutesPerDay)
            var steps = [Double](repeating: 0, count: minutesPerDay)
            var cursor = ZoneCursor(zone)
            for i in 0..<Int((end - start) / Self.minute) where i < heartRate.count {
                let time = Timestamp(milliseconds: start + Int64(i) * Self.minute)
                let place = Int(cursor.timeOfDay(time).milliseconds / Self.minute)
                guard place < minutesPerDay else { continue }
                if !heartRate[i].isNaN {
                    let value = Double(heartRate[i])
                    rates[place] = rates[place].isNaN ? value : (rates[place] + value) / 2
                }
                if moved[i] { steps[place] = 1 }
            }
            return (rates, steps)
        }
    }
}

extension IllnessCusum.RecordedDay {
    /// What a value speaks of: the hour that ends at its time.
    private static let hour: UInt32 = 3_600_000

    /// Tells this day's hours where they were not told like this before; of other days (the first baseline's) all, once.
    ///
    /// - Parameters:
    ///   - excursion: what lasted before the results.
    ///   - isAgain: the results were told before, with less data.
    /// - Returns: the excursion that lasts after them.
    mutating func tell(
        _ results: [IllnessCusum.Result], from excursion: IllnessCusum.Excursion?, _ zone: Zone, isAgain: Bool,
        into found: inout [DerivedValue]
    ) -> IllnessCusum.Excursion? {
        var current = excursion
        for result in results where !result.sum.isNaN {
            if result.run == 0 { current = nil } else { current = current ?? IllnessCusum.Excursion() }
            current?.take(result)
            let alarm: UInt8 = current.map { $0.isConfirmed ? 2 : $0.alarm != nil ? 1 : 0 } ?? 0
            let isOwn = result.day == number
            if !isOwn, isAgain { continue }
            let before = isOwn ? told[result.hour] : nil
            let now = Told(sum: Float(result.sum), alarm: alarm)
            if isOwn { told[result.hour] = now }
            let time =
                isOwn
                ? hourEnd(result.hour, zone)
                : zone.timestamp(day: LocalDay(number: result.day), timeOfDay: .hours(Int64(result.hour) + 1))
                    .milliseconds
            func tell(_ metric: Metric, _ value: Double) {
                found.append(
                    DerivedValue(
                        metric: metric, value: value, time: time, span: Self.hour, isCorrection: before != nil))
            }
            if before?.sum != now.sum { tell(.illnessCusum, result.sum) }
            if before?.alarm != alarm { tell(.illnessAlarm, Double(alarm)) }
        }
        return current
    }
}

extension IllnessCusum.RecordedDay {
    func write(to writer: inout ByteWriter) {
        writer.integer(number)
        writer.integer(start)
        writer.integer(end)
        writer.bool(!heartRate.isEmpty)
        // Minutes that have a value, by the distance from the one before.
        let known = heartRate.indices.filter { !heartRate[$0].isNaN || moved[$0] }
        var before = 0
        writer.list(known) { writer, i in
            writer.count((i - before) << 1 | (moved[i] ? 1 : 0))
            writer.float(heartRate[i])
            before = i
        }
        writer.list(told) { writer, hour in
            writer.optional(hour) {
                $0.float($1.sum)
                $0.byte($1.alarm)
            }
        }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        let at = reader.offset
        number = try reader.integer()
        start = try reader.integer()
        end = try reader.integer()
        guard DetectorDay.canBe(start: start, end: end), end >= start else {
            throw WireError(.malformed("a day that cannot be"), at: at)
        }
        if try reader.bool() {
            heartRate = Array(repeating: .nan, count: Self.mostMinutes)
            moved = Array(repeating: false, count: Self.mostMinutes)
        }
        var before = 0
        for _ in 0..<(try reader.length()) {
            let step = try reader.count()
            let (place, overflow) = before.addingReportingOverflow(step >> 1)
            guard step >= 0, !overflow, place < heartRate.count else {
                throw WireError(.malformed("minute \(place) of a day"), at: reader.offset)
            }
            moved[place] = step & 1 == 1
            heartRate[place] = try reader.float()
            before = place
        }
        told = try reader.list { (r: inout ByteReader) throws(WireError) in
            try r.optional { (r: inout ByteReader) throws(WireError) in
                Told(sum: try r.float(), alarm: try r.byte())
            }
        }
        guard told.count == 24 else { throw WireError(.malformed("a day of \(told.count) hours"), at: reader.offset) }
    }
}
