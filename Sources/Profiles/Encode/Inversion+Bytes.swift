import Vitals

extension Inversion {
    /// The frame, without what surrounds it on its way; `nil` where the message cannot hold what is wanted.
    func bytes() -> [UInt8]? {
        switch format {
        case .binary: binary()
        case .json: object()
        case .columns: columns()
        case .text: line()
        }
    }

    /// What a field gives while the frame is written: the same that it gives when it is read.
    private struct Value {
        var number = Double.nan
        var raw: Int64 = 0
        var isList = false
    }

    private func binary() -> [UInt8]? {
        var bytes: [UInt8] = []
        /// Bits that fields decide.
        var fixed: [UInt8] = []
        var values = Array(repeating: Value(), count: goals.count)
        var cursor = 0
        func write(_ field: FieldInstruction, _ raw: UInt64, mask: UInt64) {
            let size = field.source.size
            while bytes.count < cursor + size {
                bytes.append(0)
                fixed.append(0)
            }
            var bigEndian = false
            if case .integer(_, true, _) = field.source { bigEndian = true }
            for index in 0..<size {
                let shift = UInt64(8 * (bigEndian ? size - 1 - index : index))
                bytes[cursor + index] |= UInt8(truncatingIfNeeded: raw &>> shift)
                fixed[cursor + index] |= UInt8(truncatingIfNeeded: mask &>> shift)
            }
            cursor += size
        }
        for field in fields {
            guard holds(field.condition, values) else { continue }
            let goal = goals[Int(field.slot)]
            if field.source.size > 0, field.at >= 0 { cursor = Int(field.at) }
            if field.repeats != 0 {
                guard let items = repeated(field, goal) else { return nil }
                for item in items {
                    guard let raw = field.raw(item) else { return nil }
                    write(field, raw, mask: .max)
                }
                values[Int(field.slot)].isList = true
                continue
            }
            switch field.source {
            case .integer(let size, _, let signed):
                let raw = goal.bits & Self.ones(Int(size) * 8)
                write(field, raw, mask: goal.isPresent == nil ? goal.mask : .max)
                let unused = UInt64(64 - 8 * Int(size))
                let whole = signed ? Int64(bitPattern: raw &<< unused) &>> Int64(unused) : Int64(bitPattern: raw)
                values[Int(field.slot)] = value(field, Double(whole), whole)
            case .bcd, .sfloat, .float, .date:
                guard let raw = field.raw(goal.number ?? 0) else { return nil }
                write(field, raw, mask: .max)
                let number = goal.number ?? 0
                values[Int(field.slot)] = value(field, number, Int64(exactly: number) ?? 0)
            case .bits(let slice):
                let raw = slice.of(values[Int(slice.slot)].raw)
                values[Int(field.slot)] = value(field, values[Int(slice.slot)].number.isNaN ? .nan : Double(raw), raw)
            case .concat(let slices):
                var whole: Int64 = 0
                for index in slices.indices {
                    let slice = program.code.slices[index]
                    whole = whole &<< Int64(slice.width) | slice.of(values[Int(slice.slot)].raw)
                }
                values[Int(field.slot)] = value(field, Double(whole), whole)
            case .difference, .member, .flag, .group, .presence: continue
            }
        }
        guard isFragment || choose(&bytes, &fixed) else { return nil }
        return isFragment ? bytes : padded(bytes)
    }

    private func repeated(_ field: FieldInstruction, _ goal: Goal) -> [Double]? {
        var items = goal.items ?? []
        guard field.repeats > 0 else { return items }
        guard items.count <= Int(field.repeats) else { return nil }
        while items.count < Int(field.repeats) { items.append(0) }
        return items
    }

    private func value(_ field: FieldInstruction, _ number: Double, _ raw: Int64) -> Value {
        let isNull = field.nulls.indices.contains { program.code.numbers[$0] == number }
        return isNull ? Value() : Value(number: field.scaled(number), raw: raw)
    }

    private func holds(_ conjunction: Stretch, _ values: [Value]) -> Bool {
        conjunction.indices.allSatisfy { index in
            let test = program.code.tests[index]
            let value = values[Int(test.slot)]
            return switch test.kind {
            case .bitSet: !value.number.isNaN && value.raw &>> Int64(test.bit) & 1 != 0
            case .bitClear: !value.number.isNaN && value.raw &>> Int64(test.bit) & 1 == 0
            case .equal: value.number == test.value
            case .among: test.numbers.indices.contains { program.code.numbers[$0] == value.number }
            case .present: !value.number.isNaN || value.isList
            case .absent: value.number.isNaN && !value.isList
            }
        }
    }

    /// Sets the bytes by which the message is told from others, as far as fields leave them open.
    private func choose(_ bytes: inout [UInt8], _ fixed: inout [UInt8]) -> Bool {
        for index in message.byteTests.indices {
            let test = program.code.byteTests[index]
            let place = Int(test.index)
            while bytes.count <= place {
                bytes.append(0)
                fixed.append(0)
            }
            let own = bytes[place]
            let candidates = (0...UInt8.max).filter {
                test.allowed.contains($0) && ($0 ^ own) & fixed[place] == 0
            }
            // As few bits as possible are changed.
            guard let best = candidates.min(by: { ($0 ^ own).nonzeroBitCount < ($1 ^ own).nonzeroBitCount }) else {
                return false
            }
            bytes[place] = best
            fixed[place] = .max
        }
        return true
    }

    /// As long as the frame must be: with room for what stands behind the fields.
    private func padded(_ bytes: [UInt8]) -> [UInt8]? {
        let shape = program.code.shapes[input]
        var needed = max(Int(message.length), Int(shape.length))
        var behind = 0
        if let check = shape.check, check.at < 0 { behind = max(behind, -check.at) }
        if case .marker(let marker) = program.inputs[input].framing {
            if marker.group == nil {
                if marker.lengthAt < 0 { needed = max(needed, marker.length) }
                if let check = marker.check, check.at < 0 { behind = max(behind, -check.at) }
                if !marker.end.isEmpty { behind = max(behind, 1) }
            } else if needed < 0, let group = marker.group {
                needed = group.count
            }
        }
        if case .syncBit(_, let length) = program.inputs[input].framing { needed = max(needed, length) }
        let length = needed >= 0 ? needed : bytes.count + behind
        guard bytes.count + behind <= length else { return nil }
        return bytes + Array(repeating: 0, count: length - bytes.count)
    }
}

extension FieldInstruction {
    /// The bytes of a number, before scaling, as one integer; `nil` where the format cannot hold it.
    func raw(_ number: Double) -> UInt64? {
        switch source {
        case .integer(let size, _, let signed):
            guard !number.isNaN else { return nil }
            let top = Double(sign: .plus, exponent: Int(size) * 8, significand: 1)
            let whole = number.rounded()
            guard whole >= (signed ? -top / 2 : 0), whole < (signed ? top / 2 : top) else { return nil }
            return whole < 0 ? UInt64(bitPattern: Int64(whole)) : UInt64(exactly: whole)
        case .bcd:
            guard number >= 0, number <= 99 else { return nil }
            return UInt64(number / 10) << 4 | UInt64(number.truncatingRemainder(dividingBy: 10))
        // NaN of IEEE 11073-20601; the reserved values beside it bound the mantissa.
        case .sfloat: return decimal(number, none: 0x07FF, mantissa: 11, exponents: -8...7)
        case .float: return decimal(number, none: 0x007F_FFFF, mantissa: 23, exponents: -4...127)
        case .date:
            guard number.isFinite, let seconds = Int64(exactly: number.rounded(.down)) else { return 0 }
            let moment = Timestamp(milliseconds: seconds &* 1000)
            let (year, month, day) = Zone.utc.day(of: moment).civil
            let time = Zone.utc.timeOfDay(moment).milliseconds / 1000
            let parts = [year & 0xFF, year >> 8 & 0xFF, month, day].map { UInt64(truncatingIfNeeded: $0) & 0xFF }
            let clock = [time / 3600, time / 60 % 60, time % 60].map { UInt64(truncatingIfNeeded: $0) }
            return (parts + clock).reversed().reduce(0) { $0 << 8 | $1 }
        default: return nil
        }
    }

    /// Mantissa and exponent: as many decimals as fit, but no more than a body has.
    private func decimal(_ number: Double, none: UInt64, mantissa width: Int, exponents: ClosedRange<Int>) -> UInt64? {
        guard !number.isNaN else { return none }
        let top = Double(1 << width) - 3
        for exponent in exponents {
            let mantissa = (number * DecimalNumber.scaled(1, exponent: -exponent)).rounded()
            guard abs(mantissa) <= top else { continue }
            // Trailing zeros go, as devices do it: 97 and not 970 tenths.
            var (mantissaLeft, place) = (Int64(mantissa), exponent)
            while mantissaLeft % 10 == 0, place < 0 {
                mantissaLeft /= 10
                place += 1
            }
            let bits = UInt64(bitPattern: mantissaLeft) & ((1 << UInt64(width + 1)) - 1)
            return bits | (UInt64(bitPattern: Int64(place)) & (width == 11 ? 0xF : 0xFF)) << UInt64(width + 1)
        }
        return nil
    }
}
