/// The memory of one decoder, in fixed places.
///
/// `@unchecked Sendable`: a decoder changes it only after making sure that no other decoder shares it, and a decoder is
/// a value that one task at a time changes.
final class Workspace: @unchecked Sendable {
    let slots: UnsafeMutablePointer<Slot>
    let items: UnsafeMutablePointer<Double>
    /// When a metric last passed `thin`.
    let thinned: UnsafeMutablePointer<Int64>
    let told: UnsafeMutablePointer<Told>
    /// A digest of the last value of an `onChange` field.
    let changes: UnsafeMutablePointer<UInt64>
    let dedupes: UnsafeMutablePointer<Told>
    /// What head messages said; NaN for nothing.
    let kept: UnsafeMutablePointer<Double>
    /// How far arrival is ahead of a device's clock; `unset` for not known.
    let clocks: UnsafeMutablePointer<Int64>
    let counts: UnsafeMutablePointer<Int>
    /// The counters that the current frame touched, and those of the remembered one.
    let tally: UnsafeMutablePointer<Int32>
    let memoTally: UnsafeMutablePointer<Int32>
    let memoBytes: UnsafeMutablePointer<UInt8>
    let sizes: Program.Sizes

    static let unset = Int64.min
    static let mostTallied = 8

    struct Slot {
        /// The scaled value; NaN for none.
        var number = Double.nan
        /// The integer it came from, for bits and differences.
        var raw: Int64 = 0
        /// A range of `items`; a count of -1 marks a single value.
        var start: Int32 = 0
        var count: Int32 = -1
    }

    struct Told {
        /// NaN: nothing was told, or it no longer holds.
        var value = Double.nan
        var at = Int64.min
    }

    init(_ sizes: Program.Sizes) {
        func make<T: BitwiseCopyable>(_ count: Int, _ value: T) -> UnsafeMutablePointer<T> {
            let memory = UnsafeMutablePointer<T>.allocate(capacity: max(1, count))
            memory.initialize(repeating: value, count: max(1, count))
            return memory
        }
        self.sizes = sizes
        slots = make(sizes.slots, Slot())
        items = make(sizes.items, Double.nan)
        thinned = make(sizes.metrics, Int64.min)
        told = make(sizes.statuses, Told())
        changes = make(sizes.changes, Self.nothing)
        dedupes = make(sizes.dedupes, Told())
        kept = make(sizes.kept, Double.nan)
        clocks = make(sizes.clocks, Self.unset)
        counts = make(sizes.counters, 0)
        tally = make(Self.mostTallied, 0)
        memoTally = make(Self.mostTallied, 0)
        memoBytes = make(Relevance.longestFrame, 0)
    }

    deinit {
        slots.deallocate()
        items.deallocate()
        thinned.deallocate()
        told.deallocate()
        changes.deallocate()
        dedupes.deallocate()
        kept.deallocate()
        clocks.deallocate()
        counts.deallocate()
        tally.deallocate()
        memoTally.deallocate()
        memoBytes.deallocate()
    }

    /// The digest of a value that is none.
    static let nothing: UInt64 = 0x7FF8_0000_0000_0000

    /// Another one with the same memory. Slots and items hold nothing between frames, so they begin empty.
    func copy() -> Workspace {
        let other = Workspace(sizes)
        other.thinned.update(from: thinned, count: sizes.metrics)
        other.told.update(from: told, count: sizes.statuses)
        other.changes.update(from: changes, count: sizes.changes)
        other.dedupes.update(from: dedupes, count: sizes.dedupes)
        other.kept.update(from: kept, count: sizes.kept)
        other.clocks.update(from: clocks, count: sizes.clocks)
        return other
    }
}
