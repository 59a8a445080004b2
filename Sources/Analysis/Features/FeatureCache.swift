import Synchronization

/// Values of the feature slots at the present tick, each computed when it is first asked for.
///
/// `@unchecked Sendable`: every word is an atomic, and a word only ever goes from *empty* to a value that is a pure
/// function of the state all sharers have; whoever changes that state first makes sure not to share (`PersonAnalysis`).
final class FeatureCache: @unchecked Sendable {
    /// A NaN no computation yields.
    private static let empty: UInt64 = 0x7FFF_DEAD_BEEF_0001

    let count: Int
    private let words: UnsafeMutablePointer<Atomic<UInt64>>

    init(count: Int) {
        self.count = count
        words = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: Swift.max(count, 1))
        for i in 0..<Swift.max(count, 1) { (words + i).initialize(to: Atomic(Self.empty)) }
    }

    deinit {
        words.deinitialize(count: Swift.max(count, 1))
        words.deallocate()
    }

    func clear() { for i in 0..<count { words[i].store(Self.empty, ordering: .relaxed) } }

    @inline(__always) subscript(slot: Int) -> Double? {
        let word = words[slot].load(ordering: .relaxed)
        return word == Self.empty ? nil : Double(bitPattern: word)
    }

    func set(_ slot: Int, _ value: Double) {
        words[slot].store((value.isNaN ? Double.nan : value).bitPattern, ordering: .relaxed)
    }
}
