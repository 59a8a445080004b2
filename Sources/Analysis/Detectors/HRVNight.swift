import Vitals

/// The night's heart-rate variability: median RMSSD of the five-minute stretches between 00:00 and 06:59:59 local time.
///
/// Each stretch is corrected for ectopic beats on its own and withheld as any other variability is (`BeatWindow`), so
/// that a restless hour costs stretches, not truth; the median is not moved by a few of them. Late data completes a
/// night for 24 hours after its midnight, with a higher revision.
struct HRVNight: Detector {
    static let card = DetectorCard(
        name: "hrv_night", version: 1, gives: [.hrvNight], reads: [.rrInterval], memory: .days(2),
        measures: "median RMSSD, in ms, of the five-minute stretches of a night, 00:00 to 07:00 local time",
        inputs: "rr_interval, in time or late",
        delay: "07:02 of the same morning; completed by what comes late within 24 hours of midnight",
        source: "Task Force 1996 (five minutes, RMSSD), corrected as Lipponen & Tarvainen 2019 say; a rolling mean of "
            + "ln(hrv_night) over seven days against the month before is what training is guided by (Plews 2013)",
        needs: "12 stretches that beats fill to 70 % and of which at most 5 % had to be corrected",
        limits: "a night is 00:00 to 07:00, whoever sleeps when; numbers of other makers, from other hours or other "
            + "measures of variability, are not comparable")

    /// Stretches below which a night says too little: one of its seven hours.
    static let enough = 12

    private var variability = FiveMinuteVariability()
    private var night = DailyWindow(from: .zero, to: .hours(7), due: .minutes(7 * 60 + 2))
    private var isFed = false

    init() {}

    var isChanged: Bool {
        get { isFed || night.isChanged }
        set { (isFed, night.isChanged) = (newValue, newValue) }
    }

    @inline(__always) mutating func take(_ sample: Sample, _ arrival: Arrival) {
        guard sample.metric == .rrInterval else { return }
        night.saw(sample, isWorn: true)
        guard night.mayHold(sample.time.milliseconds) else { return }
        variability.take(sample.value, at: sample.time.milliseconds, isLate: arrival.isLate)
        isFed = true
    }

    var deadline: Int64? { night.deadline }

    mutating func close(_ now: DetectorTick, into found: inout [DerivedValue]) {
        guard night.part(at: now.tick, zone: now.zone) != nil else { return }
        let values = variability.values(from: night.start, to: night.end)
        isFed = true
        guard values.count >= Self.enough, let median = OrderedSamples.quantile(0.5, of: values) else { return }
        found.append(DerivedValue(metric: .hrvNight, value: median, time: night.end))
    }

    func write(to writer: inout ByteWriter) {
        variability.write(to: &writer)
        night.write(to: &writer)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        variability = try FiveMinuteVariability(from: &reader)
        try night.read(from: &reader)
    }
}
