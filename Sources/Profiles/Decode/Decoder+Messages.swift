import Vitals

extension Decoder {
    /// Decodes one frame: the first message that fits it, or nothing at all.
    mutating func decode(_ frame: Span<UInt8>, _ index: Int, _ at: Timestamp, _ decoded: inout Decoded) {
        let program = self.program
        if let failure = attempt(frame, program, index, at, &decoded) {
            count(failure)
            if decoded.offending == nil {
                var excerpt: [UInt8] = []
                for i in 0..<min(frame.count, Decoded.longestExcerpt) { excerpt.append(frame[i]) }
                decoded.offending = excerpt
            }
        } else {
            decoded.frames += 1
        }
    }

    /// The reason why the frame gave nothing, or `nil`.
    private mutating func attempt(
        _ frame: Span<UInt8>, _ program: Program, _ index: Int, _ at: Timestamp, _ decoded: inout Decoded
    ) -> Counter? {
        let input = program.inputs[index].shape
        if let length = input.length, frame.count != length { return .length }
        if let check = input.check, !check.holds(in: frame) { return .checksum }
        scratch.items.removeAll(keepingCapacity: true)
        if case .json = input.format {
            guard JSONLine.read(frame, keys: program.inputs[index].keys, into: &scratch.members, items: &scratch.items)
            else {
                return .notJSON
            }
        }
        guard let unpack = input.unpack else { return interpret(frame, program, input, at, &decoded) }
        var unpacked = scratch.frame
        scratch.frame = []
        unpacked.removeAll(keepingCapacity: true)
        for i in 0..<frame.count { unpacked.append(frame[i]) }
        guard unpack.apply(to: &unpacked) else { return .length }
        let failure = interpret(unpacked.span, program, input, at, &decoded)
        scratch.frame = unpacked
        return failure
    }

    private mutating func interpret(
        _ frame: Span<UInt8>, _ program: Program, _ input: Input.Shape, _ at: Timestamp, _ decoded: inout Decoded
    ) -> Counter? {
        for index in input.messages {
            let message = program.messages[index]
            guard fits(message, frame, program, input.format) else { continue }
            if let length = message.length, frame.count != length { return .length }
            if let failure = readFields(message, frame, program) { return failure }
            if message.diagnostic >= 0 { count(message.diagnostic) }
            tell(message, program, at, &decoded)
            emit(message, program, at, &decoded)
            return nil
        }
        return .unknown
    }

    private mutating func fits(
        _ message: Message, _ frame: Span<UInt8>, _ program: Program, _ format: Input.Format
    ) -> Bool {
        if message.pattern >= 0, !scratch.matcher.matches(program.patterns[message.pattern], frame) { return false }
        for index in message.frameTests {
            let test = program.frameTests[index]
            if case .json = format {
                if !holds(test, scratch.members[test.index], frame, program) { return false }
            } else {
                guard test.index < frame.count, holds(test, Double(bits(of: frame[test.index], test)), program) else {
                    return false
                }
            }
        }
        return true
    }

    private func bits(of byte: UInt8, _ test: FrameTest) -> Int64 {
        test.width == 0 ? Int64(byte) : BitSlice(slot: 0, low: test.low, width: test.width).of(Int64(byte))
    }

    private func holds(_ test: FrameTest, _ number: Double, _ program: Program) -> Bool {
        switch test.kind {
        case .equal(let index): program.constants[index] == .number(number)
        case .excluded(let range): !range.contains { program.constants[$0] == .number(number) }
        case .minimum(let least): number >= least
        case .exists(let exists): exists
        }
    }

    private func holds(_ test: FrameTest, _ member: JSONLine.Member, _ line: Span<UInt8>, _ program: Program) -> Bool {
        switch test.kind {
        case .exists(let exists): return (member.kind != .absent) == exists
        case .equal(let index): return equals(member, program.constants[index], test, line)
        case .excluded(let range):
            for index in range where equals(member, program.constants[index], test, line) { return false }
            return true
        case .minimum(let least): return member.kind == .number && member.number >= least
        }
    }

    private func equals(
        _ member: JSONLine.Member, _ constant: Constant, _ test: FrameTest, _ line: Span<UInt8>
    ) -> Bool {
        switch constant {
        case .number(let wanted):
            guard member.kind == .number else { return false }
            guard test.width > 0 else { return member.number == wanted }
            guard let whole = Int64(exactly: member.number) else { return false }
            return Double(BitSlice(slot: 0, low: test.low, width: test.width).of(whole)) == wanted
        case .text(let wanted): return member.kind == .text && JSONLine.equal(line, member, wanted)
        case .bool(let wanted): return member.kind == .bool && (member.number != 0) == wanted
        case .null: return member.kind == .null
        }
    }
}
