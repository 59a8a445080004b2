/// Arithmetic and three-valued logic over `Double`: *unknown* is NaN, booleans are 1 and 0.
///
/// The logic is Kleene's: what an unknown operand cannot change is known. Arithmetic never yields infinity: a division
/// by zero or an overflow is unknown, because no measurement stands behind it.
@usableFromInline enum Logic {
    /// Any finite number as it is, everything else unknown (with one bit pattern, so that evidence compares equal).
    @inlinable static func known(_ value: Double) -> Double { value.isFinite ? value : .nan }

    /// A yes/no value of a source: anything known but 0 is true.
    @inlinable static func flag(_ value: Double) -> Double { value.isNaN ? .nan : truth(value != 0) }

    @inlinable static func truth(_ value: Bool) -> Double { value ? 1 : 0 }

    @inlinable static func not(_ a: Double) -> Double { a.isNaN ? .nan : truth(a == 0) }

    @inlinable static func and(_ a: Double, _ b: Double) -> Double {
        if a == 0 || b == 0 { return 0 }
        return a.isNaN || b.isNaN ? .nan : 1
    }

    @inlinable static func or(_ a: Double, _ b: Double) -> Double {
        // NaN compares unequal to everything, itself included: a NaN here is not "true".
        if (!a.isNaN && a != 0) || (!b.isNaN && b != 0) { return 1 }
        return a.isNaN || b.isNaN ? .nan : 0
    }

    @inlinable static func minimum(_ a: Double, _ b: Double) -> Double {
        a.isNaN || b.isNaN ? .nan : (b < a ? b : a)
    }

    @inlinable static func maximum(_ a: Double, _ b: Double) -> Double {
        a.isNaN || b.isNaN ? .nan : (b > a ? b : a)
    }

    @inlinable static func clamp(_ x: Double, _ low: Double, _ high: Double) -> Double {
        minimum(maximum(x, low), high)
    }

    @inlinable static func compare(_ comparison: Comparison, _ a: Double, _ b: Double) -> Double {
        if a.isNaN || b.isNaN { return .nan }
        switch comparison {
        case .less: return truth(a < b)
        case .lessOrEqual: return truth(a <= b)
        case .greater: return truth(a > b)
        case .greaterOrEqual: return truth(a >= b)
        case .equal: return truth(a == b)
        case .notEqual: return truth(a != b)
        }
    }
}

/// How two values are compared.
@usableFromInline enum Comparison: UInt8, Sendable {
    case less, lessOrEqual, greater, greaterOrEqual, equal, notEqual
}
