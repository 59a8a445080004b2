import Glibc

/// A mean whose values weigh less the older they are: halved for every half-life.
struct WeightedMean {
    private var sum = 0.0
    private var weight = 0.0

    /// What weights are multiplied with when `milliseconds` pass.
    static func factor(of milliseconds: Double, halfLife: Double) -> Double {
        halfLife > 0 ? exp2(-milliseconds / halfLife) : 0
    }

    /// Time passes: everything known weighs less.
    mutating func age(factor: Double) {
        sum *= factor
        weight *= factor
    }

    mutating func age(by milliseconds: Double, halfLife: Double) {
        age(factor: Self.factor(of: milliseconds, halfLife: halfLife))
    }

    /// Adds values of one moment by their sum.
    mutating func add(_ total: Double, count: Double) {
        sum += total
        weight += count
    }

    /// NaN for none.
    var value: Double { weight > 0 ? sum / weight : .nan }
}
