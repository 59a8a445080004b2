import Kernels

/// CuSum of resting heart rate against a person's own hours of the day (Mishra et al., Nature Biomedical Engineering
/// 2020, doi 10.1038/s41551-020-00640-6).
///
/// - Measures: a resting heart rate that stays above the person's usual for this hour of day, summed up hour by hour.
/// - Inputs: one heart rate a minute (the median of its samples), and which minutes held steps; those and the ten
///   after them are left out. A minute without any word about steps counts as still, as published; see `Stream` for
///   what that asks of a rule.
/// - Output: the sum W, one value per hour with data; the share of quiet-time excursions that grew as large; 28 days of
///   warm-up.
/// - Delay: published alarms are confirmed up to two days after their first hour (an excursion longer than 48 h that
///   grew for more than 24 h); the first remarkable hour of an excursion is what was known in time.
/// - State: at most 28 days of 24 hours, 11.5 KB in a checkpoint and 23 KB in memory; it does not grow.
/// - Published: 63 % of 24 people in real time before onset. Seven public wearers: 4 of 8 monitored people alarmed in
///   the 21 days before onset with 1.8 alarms in 30 healthy days when confirmed;
///   7 of 8 with 5.3 at first crossings.
/// - Limits: a holiday, heat, alcohol or a new medicine looks alike. Hours without rest are skipped, not guessed.
public struct IllnessCusum: Sendable {
    /// Days of the baseline.
    public static let baselineDays = 28
    public static let minutesPerDay = 1440
    /// Minutes after steps that are not rest.
    static let afterSteps = 10
    /// Length of the trailing mean that smooths the first baseline, in minutes.
    static let smoothing = 10
    /// Residuals beyond this many standard deviations count as this many.
    static let largestResidual = 4.0
    static let quantile = 0.9
    /// An hour is remarkable below this share of equally long quiet excursions.
    static let level = 0.01
    /// A day joins nothing below this many hours of rest.
    static let fewestHours = 2

    /// The rest minutes of one hour: number, mean and Σ (x − mean)².
    struct Hour: Sendable, Hashable {
        var count = 0.0
        var mean = Double.nan
        var deviations = 0.0

        mutating func add(_ other: Hour) {
            guard other.count > 0 else { return }
            guard count > 0 else {
                self = other
                return
            }
            let n = count + other.count
            let d = other.mean - mean
            deviations += other.deviations + d * d * count * other.count / n
            mean += d * other.count / n
            count = n
        }
    }

    /// What one hour came to.
    public struct Result: Sendable, Hashable {
        public var day: Int32
        /// Local hour of the day.
        public var hour: Int
        /// Residual in standard deviations; NaN for an hour without rest.
        public var residual: Double
        /// W after this hour; NaN for an hour without rest.
        public var sum: Double
        /// Hours since W was last zero.
        public var run: Int
        /// What W loses each hour.
        public var threshold: Double
        /// Share of quiet excursions of this length that grew larger; NaN where there is nothing to compare with.
        public var share: Double

        /// W is larger than nearly every quiet excursion of its length ever was.
        public var isRemarkable: Bool { share < IllnessCusum.level }
    }

    /// An excursion of W above zero.
    public struct Excursion: Sendable, Hashable {
        /// The first remarkable hour, once there was one.
        public internal(set) var alarm: Result?
        /// Hours with data from its begin to its largest sum, and to its end or now.
        public internal(set) var hoursToMost = 0
        public internal(set) var hours = 0
        public internal(set) var most = 0.0

        /// As published: longer than 48 hours, and more than 24 of them rising. Neither can be lost again, so the
        /// excursion is confirmed from the hour on in which both first hold.
        public var isConfirmed: Bool { alarm != nil && hours > 48 && hoursToMost > 24 }

        init() {}

        mutating func take(_ result: Result) {
            hours += 1
            if result.sum > most {
                most = result.sum
                hoursToMost = hours
            }
            if alarm == nil, result.isRemarkable { alarm = result }
        }
    }

    var baseline: [[Hour]] = []
    private var center: [Double] = []
    private var spread: [Double] = []
    private var threshold = Double.nan
    /// W over the baseline's hours, the places where it leaves zero, and the longest way from one to the next.
    private var quiet: [Double] = []
    private var begins: [Int] = []
    private var longest = 0
    var sum = 0.0
    var run = 0
    /// Minutes before the next day's first, for smoothing across midnight while the first baseline is gathered.
    var tail: [Double] = []
    var gathered: [(day: Int32, hours: [Hour])] = []
    /// No gathered day had ten measured minutes in a row.
    var isCoarse = true

    public init() {}

    /// Takes the next recorded day.
    ///
    /// - Parameters:
    ///   - day: Local day; later than the one before.
    ///   - heartRate: medians by minute, NaN where there is none; minutes left out at the end have none.
    ///   - steps: step counts by minute; only whether they are above zero matters.
    /// - Returns: 24 results a day; all 28 days at once when the baseline is complete, none before. O(minutes).
    public mutating func take(day: Int32, heartRate: [Double], steps: [Double]) -> [Result] {
        let heartRate = Self.day(of: heartRate, missing: .nan)
        let steps = Self.day(of: steps, missing: 0)
        let isFirst = baseline.isEmpty
        var hours = Self.hours(isFirst ? smoothed(heartRate) : heartRate, measured: heartRate, steps: steps)
        guard isFirst else { return judge(day, hours) }
        // A device that measures every few minutes has no ten in a row, and as published never a baseline: its minutes
        // are taken as they are, unless a day with ten in a row comes after all.
        if hours.contains(where: { $0.count > 0 }) {
            if isCoarse { for i in gathered.indices { gathered[i].hours = Array(repeating: Hour(), count: 24) } }
            isCoarse = false
        } else if isCoarse {
            hours = Self.hours(heartRate, measured: heartRate, steps: steps)
        }
        gathered.append((day, hours))
        guard gathered.count == Self.baselineDays else { return [] }
        defer { (gathered, tail) = ([], []) }
        return begin(gathered)
    }

    /// What `take` would return of a day that is not over; nothing changes, and nothing comes before the baseline is
    /// complete. Hours still to come are missing minutes. O(minutes).
    public func preview(day: Int32, heartRate: [Double], steps: [Double]) -> [Result] {
        guard !baseline.isEmpty else { return [] }
        let heartRate = Self.day(of: heartRate, missing: .nan)
        var copy = self
        return copy.results(
            day, Self.hours(heartRate, measured: heartRate, steps: Self.day(of: steps, missing: 0)))
    }

    /// As many minutes as a day has.
    private static func day(of minutes: [Double], missing: Double) -> [Double] {
        Array(minutes.prefix(minutesPerDay))
            + Array(repeating: missing, count: Swift.max(0, minutesPerDay - minutes.count))
    }

    /// Trailing means of ten minutes, each of them measured, across midnight too.
    private mutating func smoothed(_ x: [Double]) -> [Double] {
        let all = tail + x
        tail = Array(all.suffix(Self.smoothing - 1))
        let lead = all.count - x.count
        return x.indices.map { i in
            let end = lead + i
            guard end >= Self.smoothing - 1 else { return .nan }
            return all[(end - Self.smoothing + 1)...end].reduce(0, +) / Double(Self.smoothing)
        }
    }

    private static func hours(_ x: [Double], measured: [Double], steps: [Double]) -> [Hour] {
        var rest = [Bool](repeating: true, count: minutesPerDay)
        for i in 0..<minutesPerDay where steps[i] > 0 {
            for j in i...Swift.min(i + afterSteps, minutesPerDay - 1) { rest[j] = false }
        }
        return (0..<24).map { hour in
            let values = (hour * 60..<hour * 60 + 60).filter { rest[$0] && !measured[$0].isNaN && !x[$0].isNaN }.map {
                x[$0]
            }
            guard !values.isEmpty else { return Hour() }
            let mean = values.reduce(0, +) / Double(values.count)
            return Hour(
                count: Double(values.count), mean: mean,
                deviations: values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) })
        }
    }

    /// The first baseline is judged against itself.
    private mutating func begin(_ days: [(day: Int32, hours: [Hour])]) -> [Result] {
        baseline = days.map(\.hours)
        let residuals = compare()
        var results: [Result] = []
        for (d, one) in days.enumerated() {
            for hour in 0..<24 { results.append(step(one.day, hour, residuals[d * 24 + hour])) }
        }
        return results
    }

    /// A later day, judged by the baseline.
    private mutating func results(_ day: Int32, _ hours: [Hour]) -> [Result] {
        let residuals = (0..<24).map { residual(hours[$0], $0) }
        guard residuals.count(where: { !$0.isNaN }) >= Self.fewestHours else { return [] }
        return (0..<24).map { step(day, $0, residuals[$0]) }
    }

    /// A later day that is over becomes part of the baseline unless something in it was remarkable.
    private mutating func judge(_ day: Int32, _ hours: [Hour]) -> [Result] {
        let results = results(day, hours)
        if !results.isEmpty, !results.contains(where: \.isRemarkable) {
            baseline.append(hours)
            baseline.removeFirst(Swift.max(0, baseline.count - Self.baselineDays))
            compare()
        }
        return results
    }

    private func residual(_ hour: Hour, _ place: Int) -> Double {
        guard hour.count > 0 else { return .nan }
        let z = (hour.mean - center[place]) / spread[place]
        return z.isNaN ? .nan : Swift.min(Swift.max(z, -Self.largestResidual), Self.largestResidual)
    }

    /// Makes center, spread, threshold and quiet excursions of the baseline anew; returns its residuals.
    @discardableResult mutating func compare() -> [Double] {
        center = []
        spread = []
        for place in 0..<24 {
            var all = Hour()
            for day in baseline { all.add(day[place]) }
            center.append(all.mean)
            spread.append(all.count > 1 ? (all.deviations / (all.count - 1)).squareRoot() : .nan)
        }
        let residuals = baseline.flatMap { day in (0..<24).map { residual(day[$0], $0) } }
        let known = residuals.filter { !$0.isNaN }
        var order = SortedWindow(capacity: known.count)
        for z in known { order.insert(z) }
        threshold = order.quantile(Self.quantile) / 2
        quiet = []
        var w = 0.0
        for z in known {
            w = Swift.max(0, w + z - threshold)
            quiet.append(w)
        }
        begins = quiet.indices.dropLast().filter { quiet[$0] == 0 && quiet[$0 + 1] > 0 }
        longest = begins.isEmpty ? 0 : zip(begins.dropFirst(), begins).map { $0 - $1 }.max() ?? 1
        return residuals
    }

    private mutating func step(_ day: Int32, _ hour: Int, _ z: Double) -> Result {
        guard !z.isNaN else {
            return Result(
                day: day, hour: hour, residual: .nan, sum: .nan, run: 0, threshold: threshold, share: .nan)
        }
        sum = Swift.max(0, sum + z - threshold)
        run = sum > 0 ? run + 1 : 0
        return Result(
            day: day, hour: hour, residual: z, sum: sum, run: run, threshold: threshold, share: share(sum, run))
    }

    /// Sums as large but for rounding count as larger, as published.
    private static let rounding = 0.001

    /// Of the quiet excursions that have a `run`-th hour, the share whose largest sum until then was larger. Looked up
    /// rather than kept by length, which would take half a megabyte a person. O(excursions · run).
    private func share(_ sum: Double, _ run: Int) -> Double {
        if run > longest { return 0 }
        guard run >= 2 else { return .nan }
        let limit = sum - Self.rounding
        var known = 0
        var smaller = 0
        for begin in begins where begin + run < quiet.count {
            known += 1
            if !quiet[begin...begin + run].contains(where: { $0 > limit }) { smaller += 1 }
        }
        return known > 0 ? 1 - Double(smaller) / Double(known) : .nan
    }

    /// The excursions with a remarkable hour in results of consecutive days.
    public static func excursions(_ results: [Result]) -> [Excursion] {
        var found: [Excursion] = []
        var open: Excursion?
        for result in results where !result.sum.isNaN {
            guard result.run > 0 else {
                if let open, open.alarm != nil { found.append(open) }
                open = nil
                continue
            }
            var current = open ?? Excursion()
            current.take(result)
            open = current
        }
        if let open, open.alarm != nil { found.append(open) }
        return found
    }
}
