import Vitals

@testable import RuleEngine

/// Answers every slot from a list, and remembers which were asked.
struct FixedSource: FeatureSource {
    final class Log { var asked: [Int] = [] }
    var values: [Double]
    let log = Log()

    func value(_ slot: Int) -> Double {
        log.asked.append(slot)
        return slot < values.count ? values[slot] : .nan
    }

    func detail(_ slot: Int) -> FeatureDetail { FeatureDetail(value: slot < values.count ? values[slot] : .nan) }
}

/// Answers features by meaning: what a table says, else unknown.
struct TableSource: FeatureSource {
    var features: [Feature]
    var table: [Feature: Double]
    /// By feature as it stands in the book.
    var days: [Feature: DayReading] = [:]

    func value(_ slot: Int) -> Double { table[features[slot]] ?? .nan }
    func newestDay(_ slot: Int) -> DayReading? { days[features[slot]] }
    func detail(_ slot: Int) -> FeatureDetail { FeatureDetail(value: value(slot), sources: []) }
}

/// Small random numbers, the same in every run (SplitMix64, Steele et al. 2014).
struct Dice {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func roll(_ sides: Int) -> Int { Int(next() % UInt64(sides)) }
    mutating func pick<T>(_ items: [T]) -> T { items[roll(items.count)] }
}
