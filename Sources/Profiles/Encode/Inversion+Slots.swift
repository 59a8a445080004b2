import Vitals

extension Inversion {
    /// Makes a slot hold a value, by the first field that can.
    mutating func want(_ slot: Int32, _ value: Double, wraps: Bool = false) -> Bool {
        for field in fields(of: slot) {
            let saved = goals
            if satisfy(field.condition), put(field, field.unscaled(value), wraps: wraps) { return true }
            goals = saved
        }
        return false
    }

    /// Makes a repeated field hold values.
    mutating func want(_ slot: Int32, items: [Double]) -> Bool {
        for field in fields(of: slot) where field.repeats != 0 || field.source.isMember {
            let saved = goals
            let isRoom =
                field.repeats <= 0 ? items.count <= Int(field.limit) : items.count <= Int(field.repeats)
            let none = field.nulls.isEmpty ? Double.nan : program.code.numbers[Int(field.nulls.start)]
            let raw = items.map { $0.isNaN ? none : field.unscaled($0) }
            if isRoom, !raw.contains(where: \.isNaN), satisfy(field.condition), goals[Int(slot)].isPresent != false {
                goals[Int(slot)].isPresent = true
                goals[Int(slot)].items = raw
                return true
            }
            goals = saved
        }
        return false
    }

    /// Makes a slot have a value, whatever it is.
    mutating func present(_ slot: Int32) -> Bool {
        if let isPresent = goals[Int(slot)].isPresent { return isPresent }
        for field in fields(of: slot) {
            let saved = goals
            if satisfy(field.condition) {
                goals[Int(slot)].isPresent = true
                switch field.source {
                case .bits(let slice): if present(slice.slot) { return true }
                case .concat(let slices):
                    if slices.indices.allSatisfy({ present(program.code.slices[$0].slot) }) { return true }
                case .difference(let a, let b, _): if present(a), present(b) { return true }
                default: return true
                }
            }
            goals = saved
        }
        return false
    }

    /// Makes a slot have no value.
    mutating func absent(_ slot: Int32) -> Bool {
        if let isPresent = goals[Int(slot)].isPresent { return !isPresent }
        let fields = fields(of: slot)
        let saved = goals
        if !fields.isEmpty, fields.allSatisfy({ !$0.condition.isEmpty && refute($0.condition) }) {
            goals[Int(slot)].isPresent = false
            return true
        }
        goals = saved
        for field in fields where satisfy(field.condition) {
            if empty(field) {
                goals[Int(slot)].isPresent = false
                return true
            }
            goals = saved
        }
        goals = saved
        return false
    }

    /// Makes one field give no value although it is there.
    private mutating func empty(_ field: FieldInstruction) -> Bool {
        // A member that is left out is none, whatever else is.
        if case .member = field.source { return true }
        for null in field.nulls.indices where field.repeats == 0 {
            let saved = goals
            if put(field, program.code.numbers[null], wraps: false, isNull: true) { return true }
            goals = saved
        }
        switch field.source {
        case .member, .flag, .group, .presence: return true
        case .sfloat, .float, .date: return require(field.slot, number: .nan)
        case .bits(let slice): return absent(slice.slot)
        case .integer, .bcd:
            guard field.repeats == FieldInstruction.toEnd else { return false }
            goals[Int(field.slot)].items = []
            return true
        case .concat, .difference: return false
        }
    }

    /// Writes a number, before scaling, into a field.
    private mutating func put(_ field: FieldInstruction, _ number: Double, wraps: Bool, isNull: Bool = false) -> Bool {
        guard field.repeats == 0, number.isFinite else { return false }
        let slot = field.slot
        if !isNull {
            guard goals[Int(slot)].isPresent != false else { return false }
            goals[Int(slot)].isPresent = true
            guard !goals[Int(slot)].avoided.contains(field.scaled(number)) else { return false }
        }
        func isAllowed(_ raw: Double) -> Bool {
            isNull || !field.nulls.indices.contains { program.code.numbers[$0] == raw }
        }
        switch field.source {
        case .integer(let size, _, let signed):
            guard let raw = whole(number, width: Int(size) * 8, signed: signed, wraps: wraps),
                isAllowed(signed ? number.rounded() : Double(raw))
            else { return false }
            return require(slot, bits: raw, mask: Self.ones(Int(size) * 8))
        case .bcd:
            let raw = number.rounded()
            return raw >= 0 && raw <= 99 && isAllowed(raw) && require(slot, number: raw)
        case .sfloat, .float, .date: return isAllowed(number) && require(slot, number: number)
        case .bits(let slice):
            guard let raw = whole(number, width: Int(slice.width), signed: false, wraps: wraps),
                isAllowed(Double(raw)), present(slice.slot)
            else { return false }
            return require(slot, bits: raw, mask: Self.ones(Int(slice.width)))
        case .concat(let slices):
            let width = slices.indices.reduce(0) { $0 + Int(program.code.slices[$1].width) }
            guard var raw = whole(number, width: width, signed: false, wraps: wraps), isAllowed(Double(raw)) else {
                return false
            }
            goals[Int(slot)].number = Double(raw)
            for index in slices.indices.reversed() {
                let slice = program.code.slices[index]
                let part = raw & Self.ones(Int(slice.width))
                guard present(slice.slot),
                    require(slice.slot, bits: part &<< UInt64(slice.low), mask: slice.mask)
                else { return false }
                raw >>= UInt64(slice.width)
            }
            return true
        case .difference(let a, let b, let modulus):
            guard let raw = whole(number, width: 62, signed: false, wraps: false), Int64(raw) < modulus,
                isAllowed(Double(raw)), present(a), present(b), let right = fields(of: b).first
            else { return false }
            goals[Int(slot)].number = Double(raw)
            let base = goals[Int(b)].bits
            let width = Self.ones(right.source.size * 8)
            let sum = (base &+ raw) % UInt64(modulus)
            return require(b, bits: base, mask: width) && require(a, bits: sum, mask: width)
        case .member, .group: return isAllowed(number) && require(slot, number: number)
        case .flag, .presence: return (number == 0 || number == 1) && require(slot, number: number)
        }
    }

    /// A number as an integer of so many bits.
    private func whole(_ number: Double, width: Int, signed: Bool, wraps: Bool) -> UInt64? {
        var number = number.rounded()
        let top = Double(sign: .plus, exponent: width, significand: 1)
        if wraps { number = number - (number / top).rounded(.down) * top }
        let (low, high) = signed ? (-top / 2, top / 2) : (0, top)
        guard number >= low, number < high else { return nil }
        if number < 0 { return Int64(exactly: number).map { UInt64(bitPattern: $0) & Self.ones(width) } }
        return UInt64(exactly: number)
    }

    static func ones(_ width: Int) -> UInt64 { width >= 64 ? .max : (1 &<< UInt64(width)) &- 1 }

    // MARK: what is asked of a slot

    private mutating func require(_ slot: Int32, number: Double) -> Bool {
        if let known = goals[Int(slot)].number { return known == number }
        goals[Int(slot)].number = number
        return true
    }

    mutating func require(_ slot: Int32, bits: UInt64, mask: UInt64) -> Bool {
        let goal = goals[Int(slot)]
        if let known = goal.number {
            guard let whole = Int64(exactly: known) else { return false }
            return UInt64(bitPattern: whole) & mask == bits & mask
        }
        guard goal.mask & mask & (goal.bits ^ bits) == 0 else { return false }
        goals[Int(slot)].mask |= mask
        goals[Int(slot)].bits |= bits & mask
        // Bits of bits are bits of what they are taken from.
        for field in fields(of: slot) {
            guard case .bits(let slice) = field.source else { continue }
            return require(slice.slot, bits: bits &<< UInt64(slice.low), mask: mask &<< UInt64(slice.low) & slice.mask)
        }
        return true
    }

    /// What the slot would say, scaled, if it were read now; `nil` while that is open.
    func known(_ slot: Int32) -> Double? {
        let goal = goals[Int(slot)]
        guard let field = fields(of: slot).first else { return nil }
        if let number = goal.number { return field.scaled(number) }
        let width: Int
        switch field.source {
        case .integer(let size, _, false): width = Int(size) * 8
        case .bits(let slice): width = Int(slice.width)
        default: return nil
        }
        guard goal.mask & Self.ones(width) == Self.ones(width) else { return nil }
        return field.scaled(Double(goal.bits))
    }
}

extension FieldInstruction {
    func unscaled(_ value: Double) -> Double {
        switch scaling {
        case .none: value - addend
        case .product: value / numerator - addend
        case .ratio: value * denominator / numerator - addend
        }
    }
}
