import Kernels
import Vitals

/// Control charts of the night's resting heart rate, in its own standard deviations.
///
/// `control_score` is each night's robust z-score, against median and MAD of the 28 days before: for one wild night.
/// `control_chart` is the EWMA of the scores in multiples of its standard deviation, so that ±2.962 are the chart's usual
/// limits whatever the person: for small lasting shifts. `control_cusum` is the tabular CUSUM (`CusumChart`) of the scores,
/// the larger of its two sums, negative for the one below; usual limits are ±5: for shifts of about one deviation, and how
/// long they have lasted.
///
/// In both charts scores beyond ±4 count as ±4: one wild night moves the mean by 0.8 at most, the sum by 3.5. After a week
/// without nights they start anew; they know of the last 50 days, and a sum is not begun again by crossing a limit.
struct ControlChart: Detector {
    static let card = DetectorCard(
        name: "control_chart", version: 2, gives: [.controlChart, .controlCusum, .controlScore],
        reads: [.restingHeartRate], memory: .days(80),
        measures: "a shift of the resting heart rate at night: its robust z-score (control_score), EWMA of that in "
            + "standard deviations (control_chart; usual limits -2.96 and 2.96), and its two-sided CUSUM (control_cusum; "
            + "usual limits -5 and 5, negative below the usual)",
        inputs: "resting_heart_rate",
        delay: "07:02; a lasting shift of one standard deviation crosses either limit in ten nights on average",
        source: "Roberts 1959, Technometrics 1:239; limits: Lucas & Saccucci 1990, Technometrics 32:1; Page 1954, "
            + "Biometrika 41:100; Montgomery 2009, table 9.3",
        needs: "7 nights of the 28 days before, not all alike",
        limits: "takes nights as independent, which they are not quite: limits are crossed more often than tables say")

    static let largest = 4.0
    static let baselineDays = 28
    /// A chart does not go on over a longer pause.
    static let pause: Int32 = 7
    /// Nights from which the charts are made again: of the EWMA 0.8⁵⁰ of an older one is left, 1 in 70 000.
    static let memory: Int32 = 50

    private var times: [Int64] = []
    var isChanged = false

    init() {}

    var deadline: Int64? { times.isEmpty ? nil : 0 }

    mutating func take(_ sample: Sample, _ arrival: Arrival) {
        guard sample.metric == .restingHeartRate else { return }
        times.append(sample.time.milliseconds)
        isChanged = true
    }

    mutating func close(_ now: DetectorTick, into found: inout [DerivedValue]) {
        guard !times.isEmpty else { return }
        let days = times.map { now.zone.day(of: Timestamp(milliseconds: $0)).number }
        times = []
        isChanged = true
        let entries = now.daily.of(.restingHeartRate)
        for entry in entries where days.contains(entry.day) {
            let scores = entries.filter {
                $0.day <= entry.day && Int64($0.day) >= Int64(entry.day) - Int64(Self.memory)
            }.map {
                (day: $0.day, score: now.daily.zscore(.restingHeartRate, days: Self.baselineDays, today: $0.day))
            }
            guard let last = scores.last, !last.score.isNaN else { continue }
            let charts = Self.charts(scores)
            found.append(DerivedValue(metric: .controlChart, value: charts.mean, time: entry.time))
            found.append(DerivedValue(metric: .controlCusum, value: charts.sum, time: entry.time))
            found.append(DerivedValue(metric: .controlScore, value: last.score, time: entry.time))
        }
    }

    /// The EWMA's and the CUSUM's value after these days' scores, NaN where there is none.
    static func charts(_ scores: [(day: Int32, score: Double)]) -> (mean: Double, sum: Double) {
        // Limits at one deviation: the mean over them is the mean in deviations.
        let fresh = EWMAChart(centre: 0, deviation: 1, width: 1)
        var chart = fresh
        var cusum = CusumChart(centre: 0, deviation: 1)
        var value = Double.nan
        var before: Int32?
        for (day, score) in scores where !score.isNaN {
            if let before, Int64(day) - Int64(before) > Int64(pause) {
                chart = fresh
                cusum.reset()
            }
            before = day
            let held = Swift.min(Swift.max(score, -largest), largest)
            let point = chart.take(held)
            cusum.take(held)
            value = point.value / point.high
        }
        guard before != nil else { return (.nan, .nan) }
        return (value, cusum.above >= cusum.below ? cusum.above : -cusum.below)
    }

    func write(to writer: inout ByteWriter) { writer.list(times) { $0.integer($1) } }

    init(from reader: inout ByteReader) throws(WireError) {
        times = try reader.list { (r: inout ByteReader) throws(WireError) in try r.integer() }
    }
}
