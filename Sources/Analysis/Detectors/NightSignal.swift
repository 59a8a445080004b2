/// NightSignal (Alavi et al., Nature Medicine 2022, doi 10.1038/s41591-021-01593-2): does the night's resting heart
/// rate lie above the median of all nights so far, two nights in a row?
///
/// - Measures: a rise of the resting heart rate at night, as before and during many infections, after drink, in heat.
/// - Inputs: one average per local night, of heart rate between 00:00 and 06:59:59 in minutes without a step.
/// - Output: 0 nothing, 1 a rise of 3 to under 4 beats on two nights, 2 of 4 or more; stamped 07:00.
/// - Delay: the second night of the rise, at 07:00.
/// - Published: a signal before or without symptoms in 67 of 84 infections (80 %), median 3 days before; 1.15 alert
///   days a person outside of them. On seven public wearers with onset dates: red in 7 of 10 labelled people of the
///   same cohort, 1.7 red nights in 30 healthy ones.
/// - Limits: says nothing about why. The published form judges from the first night on, a night of one sample counts,
///   and truncation moves its thresholds: `published` keeps all that, the daemon's own mode (`own`) does not.
public enum NightSignal {
    /// A night that has an average, by its local day.
    public struct Night: Sendable, Hashable {
        public var day: Int32
        /// Beats a minute.
        public var average: Double

        public init(day: Int32, average: Double) {
            self.day = day
            self.average = average
        }
    }

    /// What became of a night.
    public struct Judgement: Sendable, Hashable {
        public var day: Int32
        public var average: Double
        /// Median of the averages up to and including this night.
        public var median: Double
        /// The night had no data and stands between two that had.
        public var isImputed: Bool
        /// 0, 1 or 2.
        public var signal: Int
    }

    /// Rise above the median that makes a night suspicious, in beats a minute.
    static let yellow = 3.0
    static let red = 4.0

    /// How the published scripts fill a missing night between two others.
    public enum Imputation: Sendable {
        /// The mean as a whole number, where two nights follow the gap or two precede it.
        case whole
        /// The mean to one decimal, where two nights follow the gap.
        case decimal
    }

    /// The published arithmetic, whole numbers and quirks included.
    ///
    /// - Parameter nights: In order of days; averages as `average(of:)` gives them. O(n²) in nights.
    public static func published(_ nights: [Night], imputation: Imputation) -> [Judgement] {
        var filled: [(night: Night, isImputed: Bool)] = []
        for (i, night) in nights.enumerated() {
            if i > 0, night.day == nights[i - 1].day + 2 {
                let isFollowed = i + 1 < nights.count && nights[i + 1].day == night.day + 1
                let isPreceded = i > 1 && nights[i - 2].day == nights[i - 1].day - 1
                let mean = (nights[i - 1].average + night.average) / 2
                let value: Double? =
                    switch imputation {
                    case .whole: isFollowed || isPreceded ? mean.rounded(.down) : nil
                    case .decimal: isFollowed ? mean : nil
                    }
                if let value { filled.append((Night(day: night.day - 1, average: value), true)) }
            }
            filled.append((night, false))
        }
        var sorted = [Double]()
        var result: [Judgement] = []
        for (night, isImputed) in filled {
            sorted.insert(night.average, at: sorted.firstIndex { $0 > night.average } ?? sorted.count)
            let median = Self.median(sorted).rounded(.down)
            result.append(
                Judgement(day: night.day, average: night.average, median: median, isImputed: isImputed, signal: 0))
        }
        judge(&result)
        return result
    }

    /// The night's average as the published script takes it: of whole beats, and whole itself. `nil` for no sample.
    public static func average(of heartRates: some Collection<Double>) -> Double? {
        guard !heartRates.isEmpty else { return nil }
        return (heartRates.reduce(0) { $0 + $1.rounded(.down) } / Double(heartRates.count)).rounded(.down)
    }

    /// Two nights in a row above a threshold make its signal.
    static func judge(_ nights: inout [Judgement]) {
        for i in nights.indices.dropFirst() where nights[i].day == nights[i - 1].day + 1 {
            func both(_ rise: Double) -> Bool {
                nights[i].average >= nights[i].median + rise && nights[i - 1].average >= nights[i - 1].median + rise
            }
            nights[i].signal = both(red) ? 2 : both(yellow) ? 1 : 0
        }
    }

    static func median(_ sorted: [Double]) -> Double {
        let n = sorted.count
        return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2
    }
}
