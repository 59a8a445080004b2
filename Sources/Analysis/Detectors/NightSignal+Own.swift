import Vitals

extension NightSignal {
    /// Nights judged by those of the two months before them: long enough for a steady median, short enough to follow
    /// training and the seasons.
    static let memory: Int64 = 60
    /// Nights before the judged one below which there is no usual (as for any daily baseline here, ALGORITHMS §5).
    static let enoughNights = 10
    /// The rise must have been there on the night before, or on the one before that when that one is missing.
    static let bridge: Int64 = 2

    /// The daemon's own judgement of the last of these nights; `nil`: not enough data.
    ///
    /// Against the published form: averages are not truncated, so that a rise of 3.9 beats is not 4 by luck; the median
    /// is of the nights *before* (60 days, at least ten of them), so that neither the judged night nor the very first
    /// ones decide; nothing is filled in from later nights, a single missing night is bridged instead. A suspicious
    /// night whose two forerunners are missing, or have no usual themselves, is not judged.
    ///
    /// - Parameter nights: In order of days; those of the last `memory + bridge` days matter. O(n log n).
    public static func own(_ nights: some BidirectionalCollection<Night>) -> Int? {
        guard let last = nights.last, let rise = rise(of: last, among: nights) else { return nil }
        guard rise >= yellow else { return 0 }
        guard let before = nights.dropLast().last, Int64(last.day) - Int64(before.day) <= bridge,
            let earlier = Self.rise(of: before, among: nights)
        else { return nil }
        return Swift.min(rise, earlier) >= red ? 2 : earlier >= yellow ? 1 : 0
    }

    /// How far a night lies above the median of those before it, in beats a minute.
    private static func rise(of night: Night, among nights: some BidirectionalCollection<Night>) -> Double? {
        guard night.average.isFinite else { return nil }
        let before = nights.filter {
            $0.day < night.day && Int64($0.day) >= Int64(night.day) - memory && $0.average.isFinite
        }.map(\.average).sorted()
        guard before.count >= enoughNights else { return nil }
        return night.average - median(before)
    }

    /// The own mode on the daily series `resting_heart_rate`, wherever that comes from. It keeps nothing but which days
    /// are to be judged anew: everything else is in the daily values, so an interruption cannot change it.
    struct Stream: Detector {
        static let card = DetectorCard(
            name: "night_signal", version: 1, gives: [.nightSignal], reads: [.restingHeartRate], memory: .days(64),
            measures: "whether the resting heart rate at night lies above the median of the two months before, two "
                + "nights in a row: 1 by 3 beats, 2 by 4",
            inputs: "resting_heart_rate",
            delay: "07:02 after the second night of the rise; again when a night is completed late",
            source: "Alavi et al., Nature Medicine 2022, doi 10.1038/s41591-021-01593-2, without its truncation, "
                + "filling in and judging from the first night on",
            needs: "10 nights of the 60 days before; for a raised night one of the two nights before it",
            limits: "drink, heat, late meals, travel and a new medicine look alike; it does not tell why")

        /// When nights are stamped whose value came: to be judged, with those that lean on them.
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
            // A night corrected late moves the judgement of those that follow it closely, and no others worth telling.
            for entry in entries
            where days.contains(where: { entry.day >= $0 && Int64(entry.day) <= Int64($0) + bridge }) {
                let nights = entries.filter {
                    $0.day <= entry.day && Int64($0.day) >= Int64(entry.day) - memory - bridge
                }
                .map { Night(day: $0.day, average: Double($0.value)) }
                guard let signal = own(nights) else { continue }
                found.append(DerivedValue(metric: .nightSignal, value: Double(signal), time: entry.time))
            }
        }

        func write(to writer: inout ByteWriter) { writer.list(times) { $0.integer($1) } }

        init(from reader: inout ByteReader) throws(WireError) {
            times = try reader.list { (r: inout ByteReader) throws(WireError) in try r.integer() }
        }
    }
}
