/// Decides beforehand what a message's first byte decides.
///
/// In many formats (all of the Bluetooth SIG's measurements) a first byte of flags says which fields follow and whether
/// they count. Of each combination of the flags that matter a message is made in which these conditions are gone. What
/// comes out is the same; it only takes less time.
struct Specialization {
    /// More flags than this would make more messages than they are worth.
    static let mostFlags = 6

    private let message: Message
    private let fields: [FieldInstruction]
    private let selector: Int32
    private var tables: Tables
    /// What is known of slots: a number, or none (`nil`). A slot that is not here is not known.
    private var known: [Int32: Int64?] = [:]
    /// Conjunctions of which one holds always.
    private let always: Stretch

    /// Adds the variants of a message to the tables; where the table of 256 messages begins, or -1 without any.
    static func add(_ index: Int, to tables: inout Tables) -> Int32 {
        let message = tables.messages[index]
        guard let mask = relevantBits(message, tables), mask.nonzeroBitCount <= mostFlags else { return -1 }
        let start = tables.messages.count
        var made: [UInt8: Int32] = [:]
        var places: [Int32] = []
        var copy = tables
        let always = Tables.add([Stretch()], to: &copy.conjunctions)
        for byte in UInt8.min...UInt8.max {
            let key = byte & mask
            if made[key] == nil {
                var specialization = Specialization(message, copy, key, always)
                guard let variant = specialization.variant() else { return -1 }
                copy = specialization.tables
                made[key] = Int32(start + made.count)
                copy.messages.append(variant)
            }
            places.append(made[key] ?? Int32(index))
        }
        copy.variants += places
        tables = copy
        return Int32(tables.variants.count - places.count)
    }

    private init(_ message: Message, _ tables: Tables, _ flags: UInt8, _ always: Stretch) {
        self.message = message
        self.tables = tables
        self.always = always
        fields = Array(tables.fields[message.fields.indices])
        selector = fields.first?.slot ?? -1
        for field in fields { known[field.slot] = .some(nil) }
        known[selector] = Int64(flags)
    }

    /// The bits of the first byte that conditions look at; `nil` where a message is not made for this.
    private static func relevantBits(_ message: Message, _ tables: Tables) -> UInt8? {
        let fields = tables.fields[message.fields.indices]
        guard let first = fields.first, first.operation == .byte, first.isPlain, first.at <= 0, fields.count > 1,
            message.keeps.isEmpty, message.assembly < 0, message.memberTests.isEmpty, message.pattern < 0,
            fields.dropFirst().allSatisfy({ $0.slot != first.slot })
        else { return nil }
        var mask: UInt64 = 0
        func look(_ stretch: Stretch) {
            for test in tables.tests[stretch.indices] where test.slot == first.slot {
                mask |= test.kind == .bitSet || test.kind == .bitClear ? 1 << UInt64(test.bit) : 0xFF
            }
        }
        func lookAny(_ stretch: Stretch) {
            for conjunction in tables.conjunctions[stretch.indices] { look(conjunction) }
        }
        for field in fields {
            look(field.condition)
            switch field.source {
            case .bits(let slice): if slice.slot == first.slot { mask |= slice.mask }
            case .integer, .bcd, .sfloat, .float, .date: break
            default: return nil
            }
        }
        for status in tables.statuses[message.statuses.indices] {
            look(status.condition)
            lookAny(status.unless)
        }
        for emission in tables.emissions[message.emissions.indices] {
            guard emission.time < 0, emission.onChange < 0 else { return nil }
            look(emission.condition)
            lookAny(emission.unless)
            lookAny(emission.dropAll)
        }
        return mask == 0 || mask > 0xFF ? nil : UInt8(mask)
    }

    // MARK: what is known

    /// Whether all tests hold; `nil` when only the frame tells.
    private func holds(_ stretch: Stretch) -> Bool? {
        var isKnown = true
        for test in tables.tests[stretch.indices] {
            guard let value = known[test.slot] else {
                isKnown = false
                continue
            }
            let holds: Bool =
                switch test.kind {
                case .bitSet: value.map { $0 >> Int64(test.bit) & 1 != 0 } ?? false
                case .bitClear: value.map { $0 >> Int64(test.bit) & 1 == 0 } ?? false
                case .equal: value.map { Double($0) == test.value } ?? false
                case .among: value.map { tables.numbers[test.numbers.indices].contains(Double($0)) } ?? false
                case .present: value != nil
                case .absent: value == nil
                }
            if !holds { return false }
        }
        return isKnown ? true : nil
    }

    private func holdsAny(_ stretch: Stretch) -> Bool? {
        var isKnown = true
        for conjunction in tables.conjunctions[stretch.indices] {
            switch holds(conjunction) {
            case true?: return true
            case nil: isKnown = false
            case false?: break
            }
        }
        return isKnown ? false : nil
    }

    // MARK: the message

    private mutating func variant() -> Message? {
        var kept: [FieldInstruction] = []
        /// Fields whose value is known; kept only if something needs them in the frame's decoding.
        var constant: Set<Int32> = [selector]
        for var field in fields.dropFirst() {
            if !field.condition.isEmpty {
                switch holds(field.condition) {
                case false?: continue
                case true?: field.condition = Stretch()
                case nil: break
                }
            }
            if case .bits(let slice) = field.source, field.condition.isEmpty, !field.isComputed,
                case .some(.some(let raw)) = known[slice.slot]
            {
                let value = slice.of(raw)
                let isNull = tables.numbers[field.nulls.indices].contains(Double(value))
                known[field.slot] = .some(isNull ? nil : value)
                constant.insert(field.slot)
            } else {
                known[field.slot] = nil
                constant.remove(field.slot)
            }
            kept.append(field)
        }
        guard let statuses = statuses(), let emissions = emissions() else { return nil }
        var needed = Set<Int32>()
        func look(_ stretch: Stretch) { for test in tables.tests[stretch.indices] { needed.insert(test.slot) } }
        func lookAny(_ stretch: Stretch) {
            for conjunction in tables.conjunctions[stretch.indices] { look(conjunction) }
        }
        for status in statuses {
            needed.insert(status.slot)
            look(status.condition)
            lookAny(status.unless)
        }
        for emission in emissions {
            needed.insert(emission.slot)
            look(emission.condition)
            lookAny(emission.unless)
            lookAny(emission.dropAll)
        }
        // Backwards: what a field needs comes before it.
        var rest: [FieldInstruction] = []
        for field in kept.reversed() where !constant.contains(field.slot) || needed.contains(field.slot) {
            look(field.condition)
            if case .bits(let slice) = field.source { needed.insert(slice.slot) }
            rest.append(field)
        }
        // A slot that no field of this variant fills would hold what another frame left there.
        let filled = Set(rest.map(\.slot)).union([selector, -1])
        guard needed.isSubset(of: filled) else { return nil }
        rest.reverse()
        if needed.contains(selector), let first = fields.first {
            rest.insert(first, at: 0)
        } else if let next = rest.firstIndex(where: { $0.source.size > 0 }), rest[next].at < 0 {
            guard rest[next].condition.isEmpty else { return nil }
            rest[next].at = 1
        }
        var seen: Set<Int32> = []
        for index in rest.indices { rest[index].finish(isFirst: seen.insert(rest[index].slot).inserted) }
        var variant = message
        variant.byteTests = Stretch()
        variant.variants = -1
        variant.fields = Tables.add(rest, to: &tables.fields)
        variant.statuses = Tables.add(statuses, to: &tables.statuses)
        variant.emissions = Tables.add(emissions, to: &tables.emissions)
        return variant
    }

    private func statuses() -> [StatusInstruction]? {
        var statuses: [StatusInstruction] = []
        var decided: Set<StatusInstruction.Kind> = []
        for var status in tables.statuses[message.statuses.indices] {
            guard !decided.contains(status.kind) else { continue }
            let applies = (holds(status.condition), holdsAny(status.unless))
            let isSilent = applies.0 == false || applies.1 == true || known[status.slot] == .some(nil)
            if isSilent {
                // A word that does not apply must still be forgotten.
                guard status.kind == .diagnostic else { continue }
                (status.condition, status.unless, status.slot) = (Stretch(), always, -1)
            } else {
                if applies.0 == true { status.condition = Stretch() }
                if applies.1 == false { status.unless = Stretch() }
                if applies == (true, false), status.kind != .diagnostic, status.slot < 0 { decided.insert(status.kind) }
            }
            statuses.append(status)
        }
        return statuses
    }

    private func emissions() -> [Emission]? {
        var emissions: [Emission] = []
        for var emission in tables.emissions[message.emissions.indices] {
            switch holdsAny(emission.dropAll) {
            case false?: emission.dropAll = Stretch()
            case true?: emission.dropAll = always
            case nil: break
            }
            if known[emission.slot] == .some(nil) {
                guard emission.dropAll.isEmpty else { return nil }
                continue
            }
            switch holdsAny(emission.unless) {
            case false?: emission.unless = Stretch()
            case true?: emission.unless = always
            case nil: break
            }
            switch holds(emission.condition) {
            case true?: emission.condition = Stretch()
            case false?:
                guard emission.unless.isEmpty, emission.dropAll.isEmpty else { return nil }
                continue
            case nil: break
            }
            emissions.append(emission)
        }
        return emissions
    }
}
