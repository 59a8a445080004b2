import CKernels

/// How values are written as bytes: value = offset + step · code, codes from 1 to 255, and 0 where nothing was measured.
///
/// Most of what sensors send fits: whole beats a minute, percent of oxygen, steps, half degrees. Sums of codes are whole
/// numbers: exact, whatever came and went before.
public struct CodeScale: Sendable, Equatable {
    public let offset: Float
    /// A power of two, 1/16 or more.
    public let step: Float

    /// Finest step, as a share of the unit.
    private static let finest: Float = 1.0 / 16
    /// Codes that stand for values.
    static let codes = 255

    /// The coarsest scale that writes every number of the series exactly; `nil` where none does. NaN and infinities are
    /// no numbers. O(n), one pass.
    public init?(fitting values: UnsafeBufferPointer<Float>) {
        guard let first = values.first(where: \.isFinite), abs(first) < 0x1p19 else {
            // Nothing to write: any scale does.
            guard !values.contains(where: \.isFinite) else { return nil }
            (offset, step) = (0, 1)
            return
        }
        let unit = Int32(first / Self.finest)
        var survey = vk_survey(low: first, high: first, bits: 0, misfits: Float(unit) * Self.finest == first ? 0 : -1)
        let whole = values.count / 16 * 16
        if let base = values.baseAddress {
            var place = 0
            // In pieces: a series of any numbers is found out at its beginning.
            while place < whole, survey.misfits == 0 {
                let count = Swift.min(whole - place, 4096)
                survey = vk_survey_floats(base + place, Int64(count), survey, unit)
                place += count
            }
            if whole < values.count {
                let rest = SIMD16<Float>((0..<16).map { whole + $0 < values.count ? values[whole + $0] : .nan })
                withUnsafeBytes(of: rest) { bytes in
                    if let p = bytes.bindMemory(to: Float.self).baseAddress {
                        survey = vk_survey_floats(p, 16, survey, unit)
                    }
                }
            }
        }
        guard survey.misfits == 0 else { return nil }
        step = survey.bits == 0 ? 1 : Float(1 << survey.bits.trailingZeroBitCount) * Self.finest
        offset = survey.low - step
        guard (survey.high - offset) / step <= Float(Self.codes) else { return nil }
    }

    /// The code of a value that fits; 0 for what is no number.
    @inline(__always) func code(_ value: Float) -> UInt8 { value.isFinite ? UInt8((value - offset) / step) : 0 }

    /// The value of a code; NaN for 0.
    @inline(__always) func value(_ code: UInt8) -> Float { code == 0 ? .nan : offset + step * Float(code) }

    /// Whether Float holds the sum of every window of so many values exactly.
    func sumsFitFloat(window: Int) -> Bool {
        let farthest = Swift.max(abs(offset), abs(offset + step * Float(Self.codes))) / step
        return Double(window) * Double(farthest) <= 0x1p24
    }
}
