import Kernels
import Testing

@Suite("Selection")
struct SelectionTests {
    @Test("quantiles and deviations equal those of sorted values, for every length from 1 to 257")
    func sorted() {
        var numbers = Numbers(seed: 12)
        for count in 1...257 {
            // Few different values: what many pivots are equal to.
            let kinds = [3.0, 40, 1e6][count % 3]
            let values = (0..<count).map { _ in Float(Double.random(in: -kinds...kinds, using: &numbers).rounded()) }
            for share in [0, 0.1, 0.5, 0.77, 1] {
                #expect(Selection.quantile(share, of: values) == RollingTwin.quantile(share)(values[...]))
            }
            let twin = RollingTwin.mad(values[...]) ?? .nan
            #expect(near(Selection.medianDeviation(of: values) ?? .infinity, twin, 1e-12))
        }
    }

    @Test("ordered, reversed, constant and comb-like values are selected from, too")
    func patterns() {
        let n = 2000
        let patterns: [[Float]] = [
            (0..<n).map { Float($0) }, (0..<n).map { Float(n - $0) }, Array(repeating: 7, count: n),
            (0..<n).map { Float($0 % 2 == 0 ? $0 : n - $0) }, (0..<n).map { Float($0 < n / 2 ? $0 : n - $0) },
        ]
        for values in patterns {
            #expect(Selection.quantile(0.5, of: values) == RollingTwin.quantile(0.5)(values[...]))
            #expect(Selection.quantile(0.9, of: values) == RollingTwin.quantile(0.9)(values[...]))
        }
    }

    @Test("of nothing there is no quantile, of one value it is that")
    func few() {
        #expect(Selection.quantile(0.5, of: []) == nil && Selection.medianDeviation(of: []) == nil)
        #expect(Selection.quantile(0.3, of: [4]) == 4 && Selection.medianDeviation(of: [4]) == 0)
        #expect(Selection.quantile(-1, of: [1, 2]) == 1 && Selection.quantile(9, of: [1, 2]) == 2)
    }
}
