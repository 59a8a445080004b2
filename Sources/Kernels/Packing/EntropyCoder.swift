/// The range variant of asymmetric numeral systems (Duda 2013, arXiv:1311.2540) over symbols with fixed frequencies, in
/// four lanes that take turns (Giesen 2014, arXiv:1402.3392): each lane is a chain of dependent steps, and four
/// chains keep the processor busy.
///
/// States are in [2¹⁵, 2³¹) and move 16 bits at a time. Every lane begins with the state 2¹⁵ at the end of the column,
/// so that whoever decodes ends there, or sees that the bytes are damaged.
enum EntropyCoder {
    static let lanes = 4
    private static let lowest: UInt32 = 1 << 15

    /// One step of encoding without a division: `x / share` as a multiplication (Granlund and Montgomery 1994), exact
    /// for all states.
    private struct EncodingStep {
        var limit: UInt32 = 0
        var reciprocal: UInt32 = 0
        var bias: UInt32 = 0
        var complement: UInt16 = 0
        var shift: UInt16 = 0

        init() {}

        init(start: UInt32, share: UInt32) {
            // Above it, 16 bits must leave the state first: 2³¹ · share / 4096.
            limit = share << 19
            complement = UInt16(UInt32(FrequencyTable.shares) - share)
            if share < 2 {
                // x / 1 = x is told as x − 1 rounded up.
                reciprocal = .max
                shift = 32
                bias = start + UInt32(FrequencyTable.shares) - 1
            } else {
                let bits = 32 - (share - 1).leadingZeroBitCount
                reciprocal = UInt32((1 << UInt64(bits + 31) + UInt64(share) - 1) / UInt64(share))
                shift = UInt16(bits + 31)
                bias = start
            }
        }
    }

    /// Appends the lanes' states and what left them. `symbols` are all in the table. O(n).
    static func append(
        _ symbols: UnsafeBufferPointer<UInt16>, _ table: FrequencyTable, to bytes: inout [UInt8]
    ) {
        // Each symbol moves one word at most; one more is written to before it is known whether it counts.
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: symbols.count + 1) { words in
            withUnsafeTemporaryAllocation(of: EncodingStep.self, capacity: Token.count) { steps in
                guard let words = words.baseAddress, let step = steps.baseAddress, let symbol = symbols.baseAddress
                else { return }
                var start: UInt32 = 0
                for (i, share) in table.shares.enumerated() {
                    (step + table.first + i).initialize(to: EncodingStep(start: start, share: UInt32(max(1, share))))
                    start += UInt32(share)
                }
                var place = symbols.count + 1
                @inline(__always) func put(_ i: Int, _ state: inout UInt32) {
                    let s = step[Int(symbol[i])]
                    words[place - 1] = UInt16(truncatingIfNeeded: state)
                    let isFull = state >= s.limit
                    place &-= isFull ? 1 : 0
                    let x = isFull ? state >> 16 : state
                    let quotient = UInt32(
                        truncatingIfNeeded: (UInt64(x) &* UInt64(s.reciprocal)) >> UInt64(s.shift))
                    state = x &+ s.bias &+ quotient &* UInt32(s.complement)
                }
                var a = lowest
                var b = lowest
                var c = lowest
                var d = lowest
                let whole = symbols.count & ~3
                if symbols.count & 3 > 2 { put(whole + 2, &c) }
                if symbols.count & 3 > 1 { put(whole + 1, &b) }
                if symbols.count & 3 > 0 { put(whole, &a) }
                var i = whole
                while i > 0 {
                    i -= 4
                    put(i + 3, &d)
                    put(i + 2, &c)
                    put(i + 1, &b)
                    put(i, &a)
                }
                for state in [a, b, c, d] { bytes.append(UInt64(state), bytes: 4) }
                let count = symbols.count + 1 - place
                for i in place..<place + count { words[i] = words[i].littleEndian }
                bytes.append(contentsOf: UnsafeRawBufferPointer(start: words + place, count: count * 2))
            }
        }
    }

    /// Decodes as many symbols as `symbols` holds. O(n + 4096).
    static func read(
        _ bytes: inout PackedBytes, _ table: FrequencyTable, into symbols: UnsafeMutableBufferPointer<UInt16>
    ) throws(PackingError) {
        var state: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
        state.0 = UInt32(try bytes.integer(bytes: 4))
        state.1 = UInt32(try bytes.integer(bytes: 4))
        state.2 = UInt32(try bytes.integer(bytes: 4))
        state.3 = UInt32(try bytes.integer(bytes: 4))
        let rest = bytes.remaining / 2
        let words = bytes.next
        let used = withUnsafeTemporaryAllocation(of: UInt32.self, capacity: FrequencyTable.shares) { slots in
            withUnsafeTemporaryAllocation(of: UInt16.self, capacity: FrequencyTable.shares) { names -> Int? in
                guard let slot = slots.baseAddress, let name = names.baseAddress, let symbol = symbols.baseAddress,
                    let words
                else { return nil }
                var start = 0
                for (i, share) in table.shares.enumerated() {
                    let first = UInt32(share) << 16
                    for offset in 0..<Int(share) {
                        slot[start &+ offset] = first | UInt32(truncatingIfNeeded: offset)
                    }
                    (name + start).update(repeating: UInt16(truncatingIfNeeded: table.first + i), count: Int(share))
                    start += Int(share)
                }
                return decode(symbols.count, slot, name, words, rest, &state, into: symbol)
            }
        }
        guard let used else { throw .truncated }
        guard state == (lowest, lowest, lowest, lowest) else { throw .malformed }
        _ = try bytes.take(used * 2)
    }

    /// Returns the words used, or nil when there were too few.
    private static func decode(
        _ count: Int, _ slots: UnsafePointer<UInt32>, _ names: UnsafePointer<UInt16>, _ words: UnsafeRawPointer,
        _ wordCount: Int, _ state: inout (UInt32, UInt32, UInt32, UInt32), into symbols: UnsafeMutablePointer<UInt16>
    ) -> Int? {
        let mask = UInt32(FrequencyTable.shares - 1)
        var next = 0
        // Whether a lane takes in a word is a coin toss to the branch predictor: it is a selection, not a branch.
        @inline(__always) func get(_ i: Int, _ state: inout UInt32) {
            let place = Int(state & mask)
            let slot = slots[place]
            symbols[i] = names[place]
            let x = (slot >> 16) &* (state >> UInt32(FrequencyTable.bits)) &+ slot & 0xFFFF
            let word = UInt16(littleEndian: words.loadUnaligned(fromByteOffset: next &* 2, as: UInt16.self))
            let isLow = x < lowest
            state = isLow ? x << 16 | UInt32(word) : x
            next &+= isLow ? 1 : 0
        }
        var (a, b, c, d) = state
        var i = 0
        while i + 4 <= count, next + 4 <= wordCount {
            get(i, &a)
            get(i + 1, &b)
            get(i + 2, &c)
            get(i + 3, &d)
            i += 4
        }
        state = (a, b, c, d)
        // The last ones, whose words may be the last of the bytes.
        while i < count {
            var x: UInt32
            switch i & 3 {
            case 0: x = state.0
            case 1: x = state.1
            case 2: x = state.2
            default: x = state.3
            }
            let place = Int(x & mask)
            symbols[i] = names[place]
            x = (slots[place] >> 16) &* (x >> UInt32(FrequencyTable.bits)) &+ slots[place] & 0xFFFF
            if x < lowest {
                guard next < wordCount else { return nil }
                x =
                    x << 16
                    | UInt32(UInt16(littleEndian: words.loadUnaligned(fromByteOffset: next * 2, as: UInt16.self)))
                next += 1
            }
            switch i & 3 {
            case 0: state.0 = x
            case 1: state.1 = x
            case 2: state.2 = x
            default: state.3 = x
            }
            i += 1
        }
        return next
    }
}
