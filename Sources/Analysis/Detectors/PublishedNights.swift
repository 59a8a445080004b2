import Vitals

/// The nights of a recording as NightSignal's published scripts take them, to be judged by `NightSignal.published`.
///
/// Two forms, as there are two scripts. Steps by the minute, zeros included (wristbands): heart rate before 07:00 counts
/// in minutes whose steps are exactly zero; missing nights are filled as whole numbers. Steps as intervals of walking
/// (watches): the minutes in which one begins are left out, and days without any; missing nights are filled to one decimal.
/// Without steps every heart rate before 07:00 counts, as in a recording of resting rates only.
public enum PublishedNights {
    private static let nightEnd = TimeSpan.hours(7)
    private static let minute: Int64 = 60_000

    /// - Parameter samples: Heart rate and steps of one person, in any order.
    public static func judgements(of samples: [Sample], zone: Zone) -> [NightSignal.Judgement] {
        let steps = samples.filter { $0.metric == .steps }
        let isByMinute = steps.contains { $0.value == 0 }
        let moving = isByMinute ? [] : Set(steps.lazy.filter { $0.value > 0 }.map { $0.start.milliseconds / minute })
        let still = Set(steps.lazy.filter { $0.value == 0 }.map { $0.start.milliseconds / minute })
        let known = Set(steps.lazy.map { zone.day(of: $0.start).number })
        var nights: [Int32: [Double]] = [:]
        var days = DayCursor()
        for sample in samples where sample.metric == .heartRate {
            let time = sample.time.milliseconds
            let day = days.day(of: time, in: zone)
            guard zone.timeOfDay(sample.time) < nightEnd else { continue }
            let at = time / minute
            if !steps.isEmpty {
                guard isByMinute ? still.contains(at) : known.contains(day.number) && !moving.contains(at) else {
                    continue
                }
            }
            nights[day.number, default: []].append(Double(sample.value))
        }
        let averages = nights.compactMap { day, rates in
            NightSignal.average(of: rates).map { NightSignal.Night(day: day, average: $0) }
        }
        return NightSignal.published(
            averages.sorted { $0.day < $1.day }, imputation: isByMinute ? .whole : .decimal)
    }

    /// When a night's signal is stamped: 07:00 of its day.
    public static func time(of night: NightSignal.Judgement, zone: Zone) -> Timestamp {
        zone.timestamp(day: LocalDay(number: night.day), timeOfDay: nightEnd)
    }
}
