import Testing
import Vitals

@testable import Analysis

@Suite("A ledger of claims")
struct LedgerTests {
    /// The largest sum of claims that do not overlap, by trying all of them.
    private func largest(_ claims: ArraySlice<Ledger.Claim>, after time: Int64 = .min) -> Double {
        var best = 0.0
        for (n, claim) in zip(claims.indices, claims) where claim.from >= time {
            best = max(best, claim.amount + largest(claims[(n + 1)...], after: claim.to))
        }
        return best
    }

    @Test(
        "counts the largest sum of claims that do not overlap, and survives a restart",
        arguments: 1...20 as ClosedRange<UInt64>)
    func largestSum(seed: UInt64) throws {
        var random = Random(seed)
        var ledger = Ledger()
        var counted = 0.0
        for n in 0..<14 {
            let from = Int64.random(in: 0..<40, using: &random) * Ledger.grain
            let to = from + Int64.random(in: 1...6, using: &random) * Ledger.grain
            let claim = Ledger.Claim(
                from: from, to: to, amount: Double(Int.random(in: 0...50, using: &random)), isBlock: true, stamp: to)
            guard ledger.block(from: from, to: .max) == nil else { continue }
            counted += ledger.claim(claim, replacing: nil)
            #expect(counted == largest(ledger.claims[...]), "after \(n)")
            var writer = ByteWriter()
            ledger.write(to: &writer)
            var reader = ByteReader(writer.bytes)
            #expect(try Ledger(from: &reader) == ledger)
        }
    }

    @Test("remembers a bounded number of claims, and takes none from before")
    func bounded() {
        var ledger = Ledger()
        for n in 0..<Int64(Ledger.capacity + 50) {
            let news = ledger.claim(
                Ledger.Claim(from: n * 900, to: n * 900 + 900, amount: 2, isBlock: true), replacing: nil)
            #expect(news == 2)
        }
        #expect(ledger.claims.count == Ledger.capacity)
        #expect(ledger.floor == 50 * 900)
    }
}
