import Vitals

/// Where expressions get their values: one person's features at one moment.
///
/// Slots are indices into the `features` of the `RuleBook` or the `Expression`. Only what an evaluation needs is asked
/// for, so an expensive feature costs nothing while a cheaper condition before it decides.
public protocol FeatureSource {
    /// The value of a feature; NaN when unknown. Durations in milliseconds, booleans 1 and 0.
    func value(_ slot: Int) -> Double
    /// The same value with its window, coverage and sources, for explanations.
    func detail(_ slot: Int) -> FeatureDetail
    /// Of a feature of a daily series: the newest value it reads, and whether that came late.
    func newestDay(_ slot: Int) -> DayReading?
}

extension FeatureSource {
    public func newestDay(_ slot: Int) -> DayReading? { nil }
}
