import Vitals

extension Engine {
    /// Fills the slots of a message. Nothing is told or emitted before all of them are known.
    mutating func readFields(
        _ message: UnsafePointer<Message>, _ frame: Frame, _ lines: inout Decoder.Lines
    ) -> Counter? {
        // Slots of other messages may hold what an earlier frame said, but nothing of this message refers to them.
        var cursor = 0
        var field = code.fields + Int(message.pointee.fields.start)
        let end = code.fields + Int(message.pointee.fields.end)
        while field < end {
            defer { field += 1 }
            if !field.pointee.isPlain, !field.pointee.condition.isEmpty, !holds(field.pointee.condition) {
                if field.pointee.isFirst { slots[Int(field.pointee.slot)] = Workspace.Slot() }
                continue
            }
            switch field.pointee.operation {
            case .byte:
                if field.pointee.at >= 0 { cursor = Int(field.pointee.at) }
                guard cursor < frame.count else { return .truncated }
                let raw = frame[cursor]
                cursor += 1
                set(field, Double(raw), raw: Int64(raw))
            case .integer:
                if field.pointee.at >= 0 { cursor = Int(field.pointee.at) }
                let size = Int(field.pointee.size)
                guard cursor + size <= frame.count else { return .truncated }
                readInteger(field, frame, cursor, size)
                cursor += size
            case .bits:
                guard case .bits(let slice) = field.pointee.source else { continue }
                let source = slots + Int(slice.slot)
                let value = slice.of(source.pointee.raw)
                set(field, source.pointee.number.isNaN ? .nan : Double(value), raw: value)
            case .concat:
                guard case .concat(let slices) = field.pointee.source else { continue }
                var whole: Int64 = 0
                var isKnown = true
                for place in slices.indices {
                    let slice = code.slices + place
                    let source = slots + Int(slice.pointee.slot)
                    if source.pointee.number.isNaN { isKnown = false }
                    whole = whole &<< Int64(slice.pointee.width) | slice.pointee.of(source.pointee.raw)
                }
                set(field, isKnown ? Double(whole) : .nan, raw: whole)
            case .difference:
                guard case .difference(let a, let b, let modulus) = field.pointee.source, modulus > 0 else { continue }
                let (left, right) = (slots + Int(a), slots + Int(b))
                let isKnown = !left.pointee.number.isNaN && !right.pointee.number.isNaN
                let rest = (left.pointee.raw &- right.pointee.raw) % modulus
                let value = rest < 0 ? rest + modulus : rest
                set(field, isKnown ? Double(value) : .nan, raw: value)
            case .number:
                if field.pointee.at >= 0 { cursor = Int(field.pointee.at) }
                guard field.pointee.repeats == 0 else {
                    if let failure = readRepeats(field, frame, &cursor) { return failure }
                    continue
                }
                let size = Int(field.pointee.size)
                guard cursor + size <= frame.count else { return .truncated }
                let value = number(field.pointee.source, frame, cursor)
                cursor += size
                set(field, value, raw: Int64(exactly: value) ?? 0)
            case .text:
                if field.pointee.isFirst { slots[Int(field.pointee.slot)] = Workspace.Slot() }
                readText(field, frame, &lines)
            }
        }
        return nil
    }

    private mutating func readInteger(
        _ field: UnsafePointer<FieldInstruction>, _ frame: Frame, _ cursor: Int, _ size: Int
    ) {
        guard case .integer(_, let bigEndian, let signed) = field.pointee.source else { return }
        let raw = Self.integer(frame, cursor, size, bigEndian, signed)
        set(field, signed || raw >= 0 ? Double(raw) : Double(UInt64(bitPattern: raw)), raw: raw)
    }

    private mutating func readText(
        _ field: UnsafePointer<FieldInstruction>, _ frame: Frame, _ lines: inout Decoder.Lines
    ) {
        switch field.pointee.source {
        case .member(let key):
            let member = lines.members[Int(key)]
            switch member.kind {
            case .number: set(field, member.number, raw: Int64(exactly: member.number) ?? 0)
            case .list: setList(field, member, lines.items)
            case .absent, .null, .bool, .text, .object: return
            }
        case .flag(let key):
            let member = lines.members[Int(key)]
            guard member.kind == .bool || member.kind == .number, member.number == 0 || member.number == 1 else {
                return
            }
            set(field, member.number, raw: Int64(member.number))
        case .group(let group):
            let (start, end) = lines.matcher.capture(Int(group))
            guard start >= 0, end >= start else { return }
            let number = DecimalNumber.plain(frame.span, start..<end)
            if number.isNaN { count(.notANumber) }
            set(field, number, raw: Int64(exactly: number) ?? 0)
        case .presence(let group):
            let (start, end) = lines.matcher.capture(Int(group))
            let isThere = start >= 0 && end > start
            set(field, isThere ? 1 : 0, raw: isThere ? 1 : 0)
        default: return
        }
    }

    /// Reads the repetitions of a field at the cursor.
    private mutating func readRepeats(
        _ field: UnsafePointer<FieldInstruction>, _ frame: Frame, _ cursor: inout Int
    ) -> Counter? {
        let size = field.pointee.source.size
        let toEnd = field.pointee.repeats == FieldInstruction.toEnd
        let limit = itemCount + min(field.pointee.limit, itemLimit - itemCount)
        let start = itemCount
        var read: Int32 = 0
        while toEnd || read < field.pointee.repeats {
            guard cursor + size <= frame.count else {
                guard toEnd else { return .truncated }
                if cursor < frame.count { count(.trailing) }
                break
            }
            guard itemCount < limit else { break }
            let value = number(field.pointee.source, frame, cursor)
            cursor += size
            read += 1
            if value.isNaN || isNull(value, field) {
                if field.pointee.keepsNull { append(.nan) }
            } else {
                append(field.pointee.scaled(value))
            }
            if itemCount >= limit { break }
        }
        slots[Int(field.pointee.slot)] = Workspace.Slot(start: start, count: itemCount - start)
        return nil
    }

    private mutating func append(_ item: Double) {
        guard itemCount < itemLimit else { return }
        items[Int(itemCount)] = item
        itemCount += 1
    }

    private mutating func setList(
        _ field: UnsafePointer<FieldInstruction>, _ member: JSONLine.Member, _ list: [Double]
    ) {
        let start = itemCount
        for value in list[member.start..<member.end] {
            guard !value.isNaN, !isNull(value, field) else { continue }
            let scaled = field.pointee.scaled(value)
            if scaled.isFinite { append(scaled) }
        }
        slots[Int(field.pointee.slot)] = Workspace.Slot(start: start, count: itemCount - start)
    }

    mutating func isNull(_ value: Double, _ field: UnsafePointer<FieldInstruction>) -> Bool {
        for index in field.pointee.nulls.indices where code.numbers[index] == value { return true }
        return false
    }

    private mutating func set(_ field: UnsafePointer<FieldInstruction>, _ value: Double, raw: Int64) {
        let slot = slots + Int(field.pointee.slot)
        if field.pointee.isPlain {
            slot.pointee = Workspace.Slot(number: value, raw: raw)
            return
        }
        guard field.pointee.nulls.isEmpty || !isNull(value, field) else {
            slot.pointee = Workspace.Slot()
            return
        }
        let scaled = field.pointee.scaled(value)
        slot.pointee = Workspace.Slot(number: scaled.isFinite ? scaled : .nan, raw: raw)
    }

    /// The integer at a place; the caller has made sure that it lies in the frame.
    @inline(__always) static func integer(_ frame: Frame, _ at: Int, _ size: Int, _ bigEndian: Bool, _ signed: Bool)
        -> Int64
    {
        var raw: UInt64 = 0
        switch size {
        case 1: raw = UInt64(frame[at])
        case 2 where !bigEndian: raw = UInt64(frame[at]) | UInt64(frame[at + 1]) << 8
        default:
            if bigEndian {
                for i in 0..<size { raw = raw << 8 | UInt64(frame[at + i]) }
            } else {
                for i in 0..<size { raw |= UInt64(frame[at + i]) << UInt64(8 * i) }
            }
        }
        guard signed else { return Int64(bitPattern: raw) }
        let unused = UInt64(64 - 8 * size)
        return Int64(bitPattern: raw << unused) >> Int64(unused)
    }

    /// The value of a field that stands at a place; NaN where the format says that it is none.
    private mutating func number(_ source: FieldInstruction.Source, _ frame: Frame, _ at: Int) -> Double {
        switch source {
        case .integer(let size, let bigEndian, let signed):
            let raw = Self.integer(frame, at, Int(size), bigEndian, signed)
            return signed ? Double(raw) : Double(UInt64(bitPattern: raw))
        case .bcd:
            let (tens, ones) = (frame[at] >> 4, frame[at] & 15)
            // A digit above nine is damage, not a number.
            return tens <= 9 && ones <= 9 ? Double(tens) * 10 + Double(ones) : .nan
        case .sfloat:
            // NaN, NRes, ±infinity and a reserved value (IEEE 11073-20601, F.8).
            let raw = Self.integer(frame, at, 2, false, false)
            let mantissa = raw & 0xFFF
            if mantissa >= 0x7FE, mantissa <= 0x802 { return .nan }
            let exponent = raw >> 12
            return DecimalNumber.scaled(
                Double(mantissa & 0x800 != 0 ? mantissa - 0x1000 : mantissa),
                exponent: Int(exponent & 8 != 0 ? exponent - 16 : exponent))
        case .float:
            let mantissa = Self.integer(frame, at, 3, false, true)
            if mantissa >= 0x7F_FFFE || mantissa <= -0x7F_FFFE { return .nan }
            return DecimalNumber.scaled(Double(mantissa), exponent: Int(Int8(bitPattern: frame[at + 3])))
        case .date:
            let year = Int(frame[at]) | Int(frame[at + 1]) << 8
            guard
                let day = LocalDay(year: year, month: Int(frame[at + 2]), day: Int(frame[at + 3])), year > 0,
                frame[at + 4] < 24, frame[at + 5] < 60, frame[at + 6] < 60
            else { return .nan }
            let seconds = Int(frame[at + 4]) * 3600 + Int(frame[at + 5]) * 60 + Int(frame[at + 6])
            return Double(Int(day.number) * 86_400 + seconds)
        case .bits, .concat, .difference, .member, .flag, .group, .presence: return .nan
        }
    }

    /// Whether all tests hold. A missing value passes no test but `present: false`.
    mutating func holds(_ conjunction: Stretch) -> Bool {
        for index in conjunction.indices {
            let test = code.tests + index
            let slot = slots + Int(test.pointee.slot)
            let number = slot.pointee.number
            let holds: Bool
            switch test.pointee.kind {
            case .bitSet: holds = !number.isNaN && slot.pointee.raw &>> Int64(test.pointee.bit) & 1 != 0
            case .bitClear: holds = !number.isNaN && slot.pointee.raw &>> Int64(test.pointee.bit) & 1 == 0
            case .equal: holds = number == test.pointee.value
            case .among:
                var isFound = false
                for place in test.pointee.numbers.indices where code.numbers[place] == number { isFound = true }
                holds = isFound
            case .present: holds = !number.isNaN || slot.pointee.count >= 0
            case .absent: holds = number.isNaN && slot.pointee.count < 0
            }
            if !holds { return false }
        }
        return true
    }

    /// Whether one of several conjunctions holds.
    mutating func holdsAny(_ conjunctions: Stretch) -> Bool {
        for index in conjunctions.indices where holds(code.conjunctions[index]) { return true }
        return false
    }
}
