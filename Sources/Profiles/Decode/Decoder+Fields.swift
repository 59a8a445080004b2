import Vitals

extension Decoder {
    /// Fills the slots of a message. Nothing is told or emitted before all of them are known.
    mutating func readFields(_ message: Message, _ frame: Span<UInt8>, _ program: Program) -> Counter? {
        // Slots of other messages may hold what an earlier frame said, but nothing of this message refers to them.
        for index in message.fields { scratch.slots[program.fields[index].slot] = Slot() }
        var cursor = 0
        for index in message.fields {
            let field = program.fields[index]
            if field.condition >= 0, !holds(program.conjunctions[field.condition], program) { continue }
            switch field.source {
            case .bits(let slice):
                let source = scratch.slots[slice.slot]
                set(field, source.number.isNaN ? nil : slice.of(source.raw), program)
            case .concat(let slices):
                var whole: Int64? = 0
                for slice in program.slices[slices] {
                    let source = scratch.slots[slice.slot]
                    whole = source.number.isNaN ? nil : whole.map { $0 << Int64(slice.width) | slice.of(source.raw) }
                }
                set(field, whole, program)
            case .difference(let a, let b, let modulus):
                let (left, right) = (scratch.slots[a], scratch.slots[b])
                guard !left.number.isNaN, !right.number.isNaN else { continue }
                let rest = (left.raw &- right.raw) % modulus
                set(field, rest < 0 ? rest + modulus : rest, program)
            case .member(let key): set(field, scratch.members[key], program)
            case .flag(let key):
                let member = scratch.members[key]
                if member.kind == .bool { set(field, Int64(member.number), program) }
            case .group(let group):
                let (start, end) = (scratch.matcher.captures[2 * group], scratch.matcher.captures[2 * group + 1])
                guard start >= 0, end >= start else { continue }
                let number = DecimalNumber.plain(frame, start..<end)
                if number.isNaN { count(.notANumber) }
                set(field, number, program)
            case .presence(let group):
                let (start, end) = (scratch.matcher.captures[2 * group], scratch.matcher.captures[2 * group + 1])
                set(field, start >= 0 && end > start ? 1 : 0, program)
            case .integer, .bcd, .sfloat, .float:
                if field.at >= 0 { cursor = field.at }
                if let failure = readBytes(field, frame, &cursor, program) { return failure }
            }
        }
        return nil
    }

    /// Reads a field, or its repetitions, at the cursor.
    private mutating func readBytes(
        _ field: FieldInstruction, _ frame: Span<UInt8>, _ cursor: inout Int, _ program: Program
    ) -> Counter? {
        let size = field.source.size
        if field.repeats == 0 {
            guard cursor + size <= frame.count else { return .truncated }
            switch field.source {
            case .integer(let size, let bigEndian, let signed):
                let raw = integer(frame, cursor, size, bigEndian, signed)
                if !signed, raw < 0 {
                    set(field, Double(UInt64(bitPattern: raw)), raw: raw, program)
                } else {
                    set(field, raw, program)
                }
            default: set(field, number(field.source, frame, cursor), raw: 0, program)
            }
            cursor += size
            return nil
        }
        let start = scratch.items.count
        var read = 0
        while field.repeats == FieldInstruction.toEnd || read < field.repeats {
            guard cursor + size <= frame.count else {
                guard field.repeats == FieldInstruction.toEnd else { return .truncated }
                if cursor < frame.count { count(.trailing) }
                break
            }
            let value = number(field.source, frame, cursor)
            cursor += size
            read += 1
            if value.isNaN || isNull(value, field, program) {
                if field.keepsNull { scratch.items.append(.nan) }
            } else {
                scratch.items.append(value * field.numerator / field.denominator)
            }
            if scratch.items.count - start >= field.limit { break }
        }
        scratch.slots[field.slot] = Slot(start: start, count: scratch.items.count - start)
        return nil
    }

    private func isNull(_ value: Double, _ field: FieldInstruction, _ program: Program) -> Bool {
        for index in field.nulls where program.numbers[index] == value { return true }
        return false
    }

    private mutating func set(_ field: FieldInstruction, _ value: Int64?, _ program: Program) {
        guard let value else { return }
        set(field, Double(value), raw: value, program)
    }

    private mutating func set(_ field: FieldInstruction, _ value: Double, _ program: Program) {
        set(field, value, raw: Int64(exactly: value) ?? 0, program)
    }

    private mutating func set(_ field: FieldInstruction, _ value: Double, raw: Int64, _ program: Program) {
        guard !isNull(value, field, program) else {
            scratch.slots[field.slot] = Slot()
            return
        }
        let scaled = value * field.numerator / field.denominator
        scratch.slots[field.slot] = Slot(number: scaled.isFinite ? scaled : .nan, raw: raw)
    }

    private mutating func set(_ field: FieldInstruction, _ member: JSONLine.Member, _ program: Program) {
        switch member.kind {
        case .number: set(field, member.number, program)
        case .list:
            let start = scratch.items.count
            for index in member.start..<member.end {
                let value = scratch.items[index]
                guard !value.isNaN, !isNull(value, field, program) else { continue }
                let scaled = value * field.numerator / field.denominator
                if scaled.isFinite { scratch.items.append(scaled) }
            }
            scratch.slots[field.slot] = Slot(start: start, count: scratch.items.count - start)
        case .absent, .null, .bool, .text, .object: return
        }
    }

    private func integer(_ frame: Span<UInt8>, _ at: Int, _ size: Int, _ bigEndian: Bool, _ signed: Bool) -> Int64 {
        var raw: UInt64 = 0
        if bigEndian {
            for i in 0..<size { raw = raw << 8 | UInt64(frame[at + i]) }
        } else {
            for i in 0..<size { raw |= UInt64(frame[at + i]) << UInt64(8 * i) }
        }
        if signed {
            let unused = UInt64(64 - 8 * size)
            return Int64(bitPattern: raw << unused) >> Int64(unused)
        }
        return Int64(bitPattern: raw)
    }

    /// The value of a field that stands at a place; NaN where the format says that it is none.
    private func number(_ source: FieldInstruction.Source, _ frame: Span<UInt8>, _ at: Int) -> Double {
        switch source {
        case .integer(let size, let bigEndian, let signed):
            let raw = integer(frame, at, size, bigEndian, signed)
            return signed ? Double(raw) : Double(UInt64(bitPattern: raw))
        case .bcd: return Double(frame[at] >> 4) * 10 + Double(frame[at] & 15)
        case .sfloat:
            // NaN, NRes, ±infinity and a reserved value (IEEE 11073-20601, F.8).
            let raw = integer(frame, at, 2, false, false)
            let mantissa = raw & 0xFFF
            if [0x7FF, 0x800, 0x7FE, 0x802, 0x801].contains(mantissa) { return .nan }
            let exponent = raw >> 12
            return DecimalNumber.scaled(
                Double(mantissa & 0x800 != 0 ? mantissa - 0x1000 : mantissa),
                exponent: Int(exponent & 8 != 0 ? exponent - 16 : exponent))
        case .float:
            let mantissa = integer(frame, at, 3, false, true)
            if [0x7F_FFFF, -0x80_0000, 0x7F_FFFE, -0x7F_FFFE, -0x7F_FFFF].contains(mantissa) { return .nan }
            return DecimalNumber.scaled(Double(mantissa), exponent: Int(Int8(bitPattern: frame[at + 3])))
        case .bits, .concat, .difference, .member, .flag, .group, .presence: return .nan
        }
    }

    /// Whether all tests of a conjunction hold. A missing value passes no test but `present: false`.
    func holds(_ conjunction: Range<Int>, _ program: Program) -> Bool {
        for index in conjunction {
            let test = program.tests[index]
            let slot = scratch.slots[test.slot]
            let isPresent = !slot.number.isNaN || slot.count >= 0
            let holds: Bool
            switch test.kind {
            case .present(let wanted): holds = isPresent == wanted
            case .bit(let bit, let wanted): holds = !slot.number.isNaN && (slot.raw >> Int64(bit) & 1 != 0) == wanted
            case .equal(let value): holds = slot.number == value
            case .among(let range):
                var isFound = false
                for place in range where program.numbers[place] == slot.number { isFound = true }
                holds = isFound
            }
            if !holds { return false }
        }
        return true
    }

    /// Whether one of several conjunctions holds.
    func holdsAny(_ conjunctions: Range<Int>, _ program: Program) -> Bool {
        for index in conjunctions where holds(program.conjunctions[index], program) { return true }
        return false
    }
}
