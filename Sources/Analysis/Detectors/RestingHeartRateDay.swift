import Vitals

/// The waking day's resting heart rate: mean of the heart-rate samples between 07:00 and 23:00 local time in minutes at
/// whose end the person had not taken a step for ten minutes.
///
/// The ten minutes are those after which Mishra et al. (2020) take heart rate to be at rest again. It lies above the
/// night's, follows stress, meals and illness of the day, and exists where nobody wears a sensor in bed.
struct RestingHeartRateDay: Detector {
    static let card = DetectorCard(
        name: "resting_heart_rate_day", version: 1, gives: [.restingHeartRateDay], reads: [.heartRate, .steps],
        memory: .days(2),
        measures: "mean heart rate of a day, 07:00 to 23:00 local time, in minutes after ten without a step",
        inputs: "heart_rate, steps; minutes of both, in time or late",
        delay: "23:02 of the same evening; completed by what comes late until 07:00",
        source: "rest as in Mishra et al., Nature Biomedical Engineering 2020, doi 10.1038/s41551-020-00640-6",
        needs: "60 minutes with heart rate whose steps, and those of the ten minutes before, are known to be none",
        limits: "sitting at a desk and in an argument look alike; cycling and rowing make no steps")

    static let enoughMinutes = 60
    /// Minutes without a step before heart rate is taken to be at rest.
    static let calm = 10

    private var part = DailyWindow(from: .hours(7), to: .hours(23), due: .minutes(23 * 60 + 2))

    init() {}

    var isChanged: Bool {
        get { part.isChanged }
        set { part.isChanged = newValue }
    }

    var deadline: Int64? { part.deadline }

    @inline(__always) mutating func take(_ sample: Sample, _ arrival: Arrival) { part.take(sample) }

    mutating func close(_ now: DetectorTick, into found: inout [DerivedValue]) {
        guard let minutes = part.part(at: now.tick, zone: now.zone) else { return }
        let rest = now.view.resting(from: minutes.lowerBound, to: minutes.upperBound, after: Self.calm)
        guard rest.minutes >= Self.enoughMinutes, rest.count > 0 else { return }
        found.append(DerivedValue(metric: .restingHeartRateDay, value: rest.sum / Double(rest.count), time: part.end))
    }

    func write(to writer: inout ByteWriter) { part.write(to: &writer) }
    init(from reader: inout ByteReader) throws(WireError) { try part.read(from: &reader) }
}
