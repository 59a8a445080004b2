import Vitals

/// Decodes the frames of one feed. It copies the places of tables and memory, so that the steady path follows no
/// reference and counts none.
///
/// Its functions are `mutating` even where they change nothing: the others get a copy of it, which costs more than most of
/// them do.
struct Engine {
    let code: Program.Code
    let slots: UnsafeMutablePointer<Workspace.Slot>
    let items: UnsafeMutablePointer<Double>
    let itemLimit: Int32
    let memory: Unmanaged<Workspace>
    let told: UnsafeMutablePointer<Workspace.Told>
    let thinned: UnsafeMutablePointer<Int64>
    let counts: UnsafeMutablePointer<Int>
    let tally: UnsafeMutablePointer<Int32>
    var at: Int64
    let isTimed: Bool
    let takesShortcuts: Bool
    var itemCount: Int32 = 0
    var isCounted = false
    var memo: Decoder.Memo
    /// The frame gave nothing and changed nothing, and a frame like it would not before `due`.
    var isQuiet = false
    /// Nothing but `thin` held its values back, so that others would be held back as well.
    var isThin = false
    var due = Int64.max
    var tallied = 0

    typealias Frame = UnsafeBufferPointer<UInt8>
    typealias Counter = Decoder.Counter

    init(
        _ program: Program, _ workspace: Workspace, at: Timestamp, isTimed: Bool, takesShortcuts: Bool,
        memo: Decoder.Memo
    ) {
        self.takesShortcuts = takesShortcuts
        code = program.code
        slots = workspace.slots
        items = workspace.items
        itemLimit = Int32(program.sizes.items)
        // The decoder that calls holds it for as long as the engine lives.
        memory = Unmanaged.passUnretained(workspace)
        told = workspace.told
        thinned = workspace.thinned
        counts = workspace.counts
        tally = workspace.tally
        self.at = at.milliseconds
        self.isTimed = isTimed
        self.memo = memo
    }

    mutating func count(_ counter: Int) {
        counts[counter] &+= 1
        isCounted = true
        if tallied < Workspace.mostTallied { tally[tallied] = Int32(truncatingIfNeeded: counter) }
        tallied += 1
    }

    mutating func count(_ counter: Counter) { count(counter.rawValue) }

    /// Takes one read or notification.
    @inline(__always) mutating func take(
        _ bytes: Frame, _ index: Int, _ program: Program, _ decoder: inout Decoder, _ decoded: inout Decoded
    ) {
        if !code.shapes[index].isWhole {
            cut(bytes, index, program, &decoder, &decoded)
        } else if bytes.count > Program.longestFrame {
            count(.tooLong)
        } else {
            decode(bytes, index, program, &decoder, &decoded)
        }
    }

    /// Decodes one frame: the first message that fits it, or nothing at all.
    mutating func decode(
        _ frame: Frame, _ index: Int, _ program: Program, _ decoder: inout Decoder, _ decoded: inout Decoded
    ) {
        if decodeStraight(frame, index, program, &decoded) { return }
        if let failure = attempt(frame, index, program, &decoder, &decoded) {
            count(failure)
            if decoded.offending == nil { decoded.offending = Array(frame.prefix(Decoded.longestExcerpt)) }
        } else {
            decoded.frames += 1
        }
    }

    /// The reason why the frame gave nothing, or `nil`.
    private mutating func attempt(
        _ frame: Frame, _ index: Int, _ program: Program, _ decoder: inout Decoder, _ decoded: inout Decoded
    ) -> Counter? {
        let shape = code.shapes + index
        if shape.pointee.length >= 0, frame.count != Int(shape.pointee.length) { return .length }
        if shape.pointee.check != nil, let check = shape.pointee.check, !check.holds(in: frame) { return .checksum }
        itemCount = 0
        switch shape.pointee.format {
        case .binary: break
        case .text: return interpret(frame, shape, index, program, &decoder, &decoded)
        case .json:
            decoder.lines.items.removeAll(keepingCapacity: true)
            guard
                JSONLine.read(
                    frame.span, keys: program.inputs[index].keys, into: &decoder.lines.members,
                    items: &decoder.lines.items)
            else { return .notJSON }
            return interpret(frame, shape, index, program, &decoder, &decoded)
        case .columns:
            decoder.lines.items.removeAll(keepingCapacity: true)
            if frame.first == ColumnLine.headerMark {
                decoder.lines.columns = ColumnNames(frame, keys: program.inputs[index].keys, input: index)
                return nil
            }
            guard
                ColumnLine.read(
                    frame, decoder.lines.columns, keys: program.inputs[index].keys.count, input: index,
                    into: &decoder.lines.members, items: &decoder.lines.items)
            else { return .noHeader }
            return interpret(frame, shape, index, program, &decoder, &decoded)
        }
        guard let unpack = shape.pointee.unpack else {
            return interpretOrRecall(frame, shape, index, program, &decoder, &decoded)
        }
        var unpacked = decoder.lines.frame
        decoder.lines.frame = []
        unpacked.removeAll(keepingCapacity: true)
        unpacked.append(contentsOf: frame)
        defer { decoder.lines.frame = unpacked }
        guard unpack.apply(to: &unpacked) else { return .length }
        return unpacked.withUnsafeBufferPointer {
            interpretOrRecall($0, shape, index, program, &decoder, &decoded)
        }
    }

    // MARK: memo

    /// Whether the frame says what the remembered one said, and nothing is due. Then only the counts matter.
    private mutating func isKnown(_ frame: Frame, _ shape: UnsafePointer<Input.Shape>, _ index: Int) -> Bool {
        guard Int(memo.input) == index, frame.count == Int(memo.count), at >= memo.from, at < memo.until else {
            return false
        }
        let masks = code.masks
        let known = memory._withUnsafeGuaranteedRef { $0.memoBytes }
        var difference: UInt8 = 0
        let mask = memo.isThin ? shape.pointee.thinMask : shape.pointee.mask
        let first = Int(mask.start)
        for place in 0..<min(Int(mask.end) - first, frame.count) {
            difference |= (frame[place] ^ known[place]) & masks[first + place]
        }
        return difference == 0
    }

    /// Counts what the remembered frame counted, `times` times.
    mutating func recall(_ times: Int) {
        let tallies = memory._withUnsafeGuaranteedRef { $0.memoTally }
        for place in 0..<Int(memo.tallied) {
            counts[Int(tallies[place])] &+= times
            isCounted = true
        }
    }

    private mutating func interpretOrRecall(
        _ frame: Frame, _ shape: UnsafePointer<Input.Shape>, _ index: Int, _ program: Program, _ decoder: inout Decoder,
        _ decoded: inout Decoded
    ) -> Counter? {
        guard takesShortcuts, !shape.pointee.mask.isEmpty else {
            memo.input = -1
            return interpret(frame, shape, index, program, &decoder, &decoded)
        }
        if isKnown(frame, shape, index) {
            recall(1)
            return nil
        }
        memo.input = -1
        isQuiet = true
        isThin = true
        due = .max
        tallied = 0
        if let failure = interpret(frame, shape, index, program, &decoder, &decoded) { return failure }
        guard isQuiet, tallied <= Workspace.mostTallied, frame.count <= Relevance.longestFrame else { return nil }
        memory._withUnsafeGuaranteedRef { workspace in
            for place in 0..<frame.count { workspace.memoBytes[place] = frame[place] }
            for place in 0..<tallied { workspace.memoTally[place] = tally[place] }
        }
        memo = Decoder.Memo(
            input: Int32(truncatingIfNeeded: index), count: Int32(truncatingIfNeeded: frame.count),
            tallied: Int32(truncatingIfNeeded: tallied), isThin: isThin && !shape.pointee.thinMask.isEmpty, from: at,
            until: due)
        return nil
    }

    // MARK: messages

    private mutating func interpret(
        _ frame: Frame, _ shape: UnsafePointer<Input.Shape>, _ index: Int, _ program: Program, _ decoder: inout Decoder,
        _ decoded: inout Decoded
    ) -> Counter? {
        for place in shape.pointee.messages.indices {
            var message = code.messages + place
            guard fits(message, frame, program, &decoder.lines) else { continue }
            if message.pointee.length >= 0, frame.count != Int(message.pointee.length) { return .length }
            if takesShortcuts, message.pointee.variants >= 0, let first = frame.first {
                message = code.messages + Int(code.variants[Int(message.pointee.variants) + Int(first)])
            }
            if let failure = readFields(message, frame, &decoder.lines) { return failure }
            if message.pointee.diagnostic >= 0 { count(Int(message.pointee.diagnostic)) }
            tell(message, program, &decoded)
            emit(message, program, &decoder, &decoded)
            if !message.pointee.keeps.isEmpty { keep(message, &decoder) }
            if message.pointee.assembly >= 0 { assemble(message, frame, program, &decoder, &decoded) }
            return nil
        }
        return .unknown
    }

    private mutating func fits(
        _ message: UnsafePointer<Message>, _ frame: Frame, _ program: Program, _ lines: inout Decoder.Lines
    ) -> Bool {
        if message.pointee.isOpen { return true }
        for index in message.pointee.byteTests.indices {
            let test = code.byteTests + index
            let place = Int(test.pointee.index)
            guard place < frame.count, test.pointee.allowed.contains(frame[place]) else { return false }
        }
        if message.pointee.pattern >= 0 {
            guard lines.matcher.matches(program.patterns[Int(message.pointee.pattern)], frame.span) else {
                return false
            }
        }
        for index in message.pointee.memberTests.indices {
            let test = program.memberTests[index]
            if !holds(test, lines.members[Int(test.index)], frame, program) { return false }
        }
        return true
    }

    private mutating func holds(_ test: MemberTest, _ member: JSONLine.Member, _ line: Frame, _ program: Program)
        -> Bool
    {
        switch test.kind {
        case .exists(let exists): return (member.kind != .absent) == exists
        case .equal(let index): return equals(member, program.constants[index], test, line)
        case .excluded(let range):
            for index in range.indices where equals(member, program.constants[index], test, line) { return false }
            return true
        case .minimum(let least): return member.kind == .number && member.number >= least
        }
    }

    private mutating func equals(
        _ member: JSONLine.Member, _ constant: Constant, _ test: MemberTest, _ line: Frame
    ) -> Bool {
        switch constant {
        case .number(let wanted):
            guard member.kind == .number else { return false }
            guard test.width > 0 else { return member.number == wanted }
            guard let whole = Int64(exactly: member.number) else { return false }
            return Double(BitSlice(slot: 0, low: test.low, width: test.width).of(whole)) == wanted
        case .text(let wanted): return member.kind == .text && JSONLine.equal(line.span, member, wanted)
        case .bool(let wanted): return member.kind == .bool && (member.number != 0) == wanted
        case .null: return member.kind == .null
        }
    }
}
