/// Which bits of a frame matter.
///
/// Sensors repeat themselves: of sixty frames a second, one says something new and the rest differ in a waveform that
/// nobody keeps. Where every message of an input has its fields in fixed places, the bits that reach a reading, a
/// status or a condition are known beforehand, and a frame in which they are as before needs no second look.
struct Relevance {
    /// Frames longer than this are not remembered.
    static let longestFrame = 64

    private let tables: Tables
    private var mask: [UInt8] = []
    /// Leaves out what only becomes the value of a reading.
    private let isThin: Bool

    private init(_ tables: Tables, isThin: Bool) {
        self.tables = tables
        self.isThin = isThin
    }

    /// The mask of an input's frames; empty where frames cannot be compared.
    static func mask(_ messages: Stretch, isThin: Bool, _ tables: Tables) -> [UInt8] {
        var relevance = Relevance(tables, isThin: isThin)
        for index in messages.indices where !relevance.add(tables.messages[index]) { return [] }
        return relevance.mask
    }

    /// A mask's first eight bytes as a little-endian word.
    static func word(_ mask: [UInt8]) -> UInt64 {
        mask.prefix(8).enumerated().reduce(0) { $0 | UInt64($1.element) << UInt64(8 * $1.offset) }
    }

    private mutating func mark(_ place: Int, _ bits: UInt8) {
        while mask.count <= place { mask.append(0) }
        mask[place] |= bits
    }

    /// Adds a message; `false` when its fields have no fixed places.
    private mutating func add(_ message: Message) -> Bool {
        guard message.pattern < 0, message.assembly < 0, message.keeps.isEmpty, message.memberTests.isEmpty else {
            return false
        }
        for index in message.byteTests.indices {
            guard tables.byteTests[index].index < Self.longestFrame else { return false }
            mark(Int(tables.byteTests[index].index), 0xFF)
        }
        var live = used(by: message)
        var places: [Int: Int] = [:]
        var cursor = 0
        for index in message.fields.indices {
            let field = tables.fields[index]
            let size = field.source.size
            guard size > 0 else { continue }
            guard field.condition.isEmpty, field.repeats == 0 else { return false }
            if field.at >= 0 { cursor = Int(field.at) }
            guard cursor + size <= Self.longestFrame else { return false }
            places[index] = cursor
            cursor += size
        }
        // Backwards, so that what is taken from a field is known before the field.
        for index in message.fields.indices.reversed() {
            let field = tables.fields[index]
            for test in field.condition.indices { live[tables.tests[test].slot] = .max }
            guard var bits = live[field.slot], bits != 0 else { continue }
            if !field.nulls.isEmpty || field.isComputed { bits = .max }
            switch field.source {
            case .bits(let slice): live[slice.slot, default: 0] |= slice.mask
            case .concat(let slices):
                for place in slices.indices {
                    live[tables.slices[place].slot, default: 0] |= tables.slices[place].mask
                }
            case .difference(let a, let b, _):
                live[a] = .max
                live[b] = .max
            case .integer(let size, let bigEndian, _):
                guard let place = places[index] else { return false }
                for byte in 0..<Int(size) {
                    let part = UInt8(truncatingIfNeeded: bits >> UInt64(8 * byte))
                    mark(bigEndian ? place + Int(size) - 1 - byte : place + byte, part)
                }
            case .bcd, .sfloat, .float, .date:
                guard let place = places[index] else { return false }
                for byte in 0..<field.source.size { mark(place + byte, 0xFF) }
            case .member, .flag, .group, .presence: return false
            }
        }
        return true
    }

    /// The slots that a message's readings and statuses look at.
    private func used(by message: Message) -> [Int32: UInt64] {
        var live: [Int32: UInt64] = [:]
        func all(_ slot: Int32) { if slot >= 0 { live[slot] = .max } }
        func tests(_ stretch: Stretch) { for index in stretch.indices { all(tables.tests[index].slot) } }
        func any(_ stretch: Stretch) { for index in stretch.indices { tests(tables.conjunctions[index]) } }
        for index in message.emissions.indices {
            let emission = tables.emissions[index]
            // With `if` or `onChange` a reading may be held back by more than `thin`.
            let isHeldBack = emission.thin > 0 && emission.condition.isEmpty && emission.onChange < 0
            if !(isThin && isHeldBack) { all(emission.slot) }
            all(emission.onChange)
            any(emission.unless)
            any(emission.dropAll)
            tests(emission.condition)
            guard emission.time >= 0 else { continue }
            let rule = tables.times[Int(emission.time)]
            any(rule.unless)
            switch rule.kind {
            case .epoch(let slot, _), .field(let slot), .base(let slot, _, _, _, _), .last(let slot, _, _, _, _):
                all(slot)
            case .date(let year, let month, let day, _, let slot, _):
                for slot in [year, month, day, slot] { all(slot) }
            }
        }
        for index in message.statuses.indices {
            let status = tables.statuses[index]
            all(status.slot)
            tests(status.condition)
            any(status.unless)
        }
        return live
    }
}
