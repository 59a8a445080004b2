import Vitals

/// The inverse of `Decoder`: bytes that say what is wanted, for virtual devices and tests.
///
/// Nothing about a device is written twice: the bytes follow from the compiled profile. Every utterance is decoded again
/// before it is handed out, so that what comes out is right or nothing.
///
/// ```swift
/// let encoder = Encoder(profile)
/// let hrm = encoder.messages[0]
/// let encoded = encoder.encode(Utterance(message: hrm.index, values: [[72], [833], []], fit: .worn))
/// ```
///
/// It finds values for the fields such that the wanted readings come out and no others: conditions are made true or
/// false by the bits they test, scales are undone, the first alternative that can hold the value is taken, numbers that
/// mean "none" are avoided or used, and framing, packed bits and checksums are put around. Bits that nothing asks for are
/// zero.
public struct Encoder: Sendable {
    /// Every kind of frame, in the order in which they are tried.
    public let messages: [MessageOutline]

    /// Bytes and what the profile makes of them.
    public struct Encoded: Sendable {
        /// One per frame, with everything that surrounds it on its way.
        public var frames: [[UInt8]]
        public var readings: [Reading]
        public var statuses: [Status]
    }

    let program: Program
    let profile: Profile
    let zone: Zone

    /// - Parameter zone: what the device's clock shows, where it shows local time.
    public init(_ profile: Profile, zone: Zone = .utc) {
        program = profile.program
        self.profile = profile
        self.zone = zone
        var messages: [MessageOutline] = []
        for (index, input) in profile.program.inputs.enumerated() {
            for message in profile.program.code.shapes[index].messages.indices {
                let carrier = profile.program.code.messages[message]
                if carrier.assembly >= 0 {
                    let into = Int(profile.program.code.assemblies[Int(carrier.assembly)].into)
                    var outline = profile.program.outline(of: into, input: input.name)
                    outline.isAssembled = true
                    outline.prefix = profile.program.prefix(of: carrier)
                    messages.append(outline)
                } else {
                    messages.append(profile.program.outline(of: message, input: input.name))
                }
            }
        }
        self.messages = messages
    }

    /// What must go ahead of an input's frames, and be repeated for those who come late: the header of columns. Else empty.
    public func header(of input: String) -> [UInt8] {
        guard let place = program.names.firstIndex(of: input), program.code.shapes[place].format == .columns,
            case .lines(let lines) = program.inputs[place].framing
        else { return [] }
        let names = program.inputs[place].keys.map { String(decoding: $0, as: UTF8.self) }
        return Array("#\(names.joined(separator: ","))".utf8) + [lines.end]
    }

    /// Whether the input's frames carry a sum, so that damage shows.
    public func hasChecksum(_ input: String) -> Bool {
        guard let place = program.names.firstIndex(of: input) else { return false }
        if case .marker(let marker) = program.inputs[place].framing, marker.check != nil { return true }
        return program.code.shapes[place].check != nil
    }

    /// The bytes that say it, or `nil` where the profile has none that say this and no more.
    public func encode(_ utterance: Utterance) -> Encoded? {
        guard let outline = messages.first(where: { $0.index == utterance.message }),
            utterance.values.count == outline.contents.count,
            let input = program.names.firstIndex(of: outline.input)
        else { return nil }
        // A frame that may go without its time does when it tells of now.
        for withTime in utterance.time == nil ? [false, true] : [true] {
            var frames: [[UInt8]]?
            if outline.isAssembled {
                frames = assembled(utterance, outline, input)
            } else {
                frames = frame(utterance, input, withTime: withTime).map { [$0] }
            }
            guard let frames else { continue }
            let sealed = frames.compactMap { program.seal($0, input) }
            guard sealed.count == frames.count else { continue }
            if let encoded = confirm(sealed, utterance, outline) { return encoded }
        }
        return nil
    }

    private func frame(_ utterance: Utterance, _ input: Int, withTime: Bool) -> [UInt8]? {
        var inversion = Inversion(program, message: utterance.message, input: input)
        guard inversion.say(utterance, zone: zone, withTime: withTime) else { return nil }
        return inversion.bytes()
    }

    /// The head and the parts of a message in several frames.
    private func assembled(_ utterance: Utterance, _ outline: MessageOutline, _ input: Int) -> [[UInt8]]? {
        let code = program.code
        let messages = code.shapes[input].messages.indices
        guard
            let part = messages.first(where: { index in
                let assembly = code.messages[index].assembly
                return assembly >= 0 && Int(code.assemblies[Int(assembly)].into) == utterance.message
            })
        else { return nil }
        let assembly = code.assemblies[Int(code.messages[part].assembly)]
        var whole = Inversion(program, message: utterance.message, input: input)
        whole.isFragment = true
        guard whole.say(utterance, zone: zone, withTime: utterance.time != nil), var bytes = whole.bytes() else {
            return nil
        }
        let size = assembly.payload.indices.count
        guard size > 0 else { return nil }
        while bytes.count % size != 0 { bytes.append(0) }
        let count = bytes.count / size
        guard
            let head = messages.first(where: { index in
                code.messages[index].keeps.indices.contains { code.keeps[$0].memory == assembly.total }
            })
        else { return nil }
        var first = Inversion(program, message: head, input: input)
        for index in code.messages[head].keeps.indices {
            let keep = code.keeps[index]
            var value = Double(assembly.lessOne ? count + 1 : count)
            if keep.memory != assembly.total {
                guard let step = utterance.step, let unit = program.stepUnit(of: utterance.message, keep.memory) else {
                    continue
                }
                value = Double(step.milliseconds) / unit
            }
            guard first.want(keep.slot, value) else { return nil }
        }
        guard let announcement = first.bytes() else { return nil }
        var frames = [announcement]
        for number in 0..<count {
            var piece = Inversion(program, message: part, input: input)
            guard piece.want(assembly.index, Double(assembly.first &+ Int64(number))), var frame = piece.bytes() else {
                return nil
            }
            let start = Int(assembly.payload.start)
            while frame.count < start + size { frame.append(0) }
            frame.replaceSubrange(start..<start + size, with: bytes[number * size..<(number + 1) * size])
            frames.append(frame)
        }
        return frames
    }

    /// What the profile makes of the frames, if it is what was meant.
    private func confirm(_ frames: [[UInt8]], _ utterance: Utterance, _ outline: MessageOutline) -> Encoded? {
        var decoder = Decoder(profile, timed: false, zone: zone)
        var decoded = Decoded()
        let at = (utterance.time ?? Timestamp(milliseconds: 0)) + .days(1)
        let header = header(of: outline.input)
        if !header.isEmpty { decoder.feed(header, input: outline.input, at: at, into: &decoded) }
        for frame in frames { decoder.feed(frame, input: outline.input, at: at, into: &decoded) }
        var meant: [(content: MessageOutline.Content, value: Double)] = []
        for (content, values) in zip(outline.contents, utterance.values) {
            for value in values where !value.isNaN { meant.append((content, value)) }
        }
        guard decoded.readings.count == meant.count else { return nil }
        for (reading, meant) in zip(decoded.readings, meant) {
            guard reading.metric == meant.content.metric, meant.content.allows(reading.value, for: meant.value) else {
                return nil
            }
        }
        if utterance.fit == .lost, decoded.statuses.contains(.worn(true)) || decoded.statuses.contains(.contact(1)) {
            return nil
        }
        return Encoded(frames: frames, readings: decoded.readings, statuses: decoded.statuses)
    }
}

extension MessageOutline.Content {
    /// Whether a frame that was to say `meant` may be read as `value`: within the resolution, and round a counter's end.
    public func allows(_ value: Double, for meant: Double) -> Bool {
        var distance = abs(value - meant)
        if let modulus, modulus > 0 {
            let rest = (value - meant).truncatingRemainder(dividingBy: modulus)
            distance = min(abs(rest), modulus - abs(rest))
        }
        // Floating point leaves a trace of its own.
        return distance <= (isDecimal ? max(resolution, abs(meant) * resolution) : resolution) + abs(meant) * 1e-9
    }
}

extension Program {
    func outline(of message: Int, input: String) -> MessageOutline {
        let shape = code.messages[message]
        var outline = MessageOutline(
            index: message, input: input, contents: shape.emissions.indices.map { content(code.emissions[$0], shape) },
            tells: [])
        for index in shape.statuses.indices {
            switch code.statuses[index].kind {
            case .worn: outline.tells.insert(.worn)
            case .contact: outline.tells.insert(.contact)
            case .signal: outline.tells.insert(.signal)
            case .diagnostic: break
            }
        }
        outline.prefix = prefix(of: shape)
        outline.isHead = !shape.keeps.isEmpty
        outline.isDiagnostic = shape.diagnostic >= 0
        return outline
    }

    /// The bytes that a message always begins with.
    func prefix(of message: Message) -> [UInt8] {
        var prefix: [UInt8] = []
        while true {
            let tests = message.byteTests.indices.map { code.byteTests[$0] }.filter { Int($0.index) == prefix.count }
            let allowed = (0...UInt8.max).filter { byte in tests.allSatisfy { $0.allowed.contains(byte) } }
            guard allowed.count == 1 else { return prefix }
            prefix.append(allowed[0])
        }
    }

    private func content(_ emission: Emission, _ message: Message) -> MessageOutline.Content {
        let fields = message.fields.indices.map { code.fields[$0] }.filter { $0.slot == emission.slot }
        var clock = MessageOutline.Clock.arrival
        if emission.time >= 0 {
            let rule = code.times[Int(emission.time)]
            clock = rule.drops ? .required : .optional
            if case .last(_, _, _, let interval, let tie) = rule.kind, tie >= 0 { clock = .spacing(interval) }
        }
        let counter = emission.counter >= 0 ? code.counters[Int(emission.counter)] : nil
        let unit = fields.first.map { abs($0.scaled(1) - $0.scaled(0)) } ?? 1
        let isDecimal = fields.contains { $0.source.isDecimal }
        var modulus: Double?
        if counter?.kind == .cumulative, let field = fields.last, let width = width(of: field.source, in: message) {
            modulus = unit * Double(sign: .plus, exponent: width, significand: 1)
        }
        let isState = !emission.codes.isEmpty || emission.codeCount > 0
        return MessageOutline.Content(
            metric: emission.metric, counter: counter, clock: clock,
            isList: fields.contains { $0.repeats != 0 || $0.source.isMember },
            resolution: isState ? 0 : isDecimal ? Inversion.decimalResolution : unit / 2, isDecimal: isDecimal,
            modulus: modulus, range: emission.low...emission.high)
    }

    /// How many bits a number has before it runs over; `nil` where that is not said.
    func width(of source: FieldInstruction.Source, in message: Message) -> Int? {
        switch source {
        case .integer(let size, _, false): Int(size) * 8
        case .bits(let slice): Int(slice.width)
        case .concat(let slices): slices.indices.reduce(0) { $0 + Int(code.slices[$1].width) }
        default: nil
        }
    }

    /// Milliseconds per unit of a step that a head message tells.
    func stepUnit(of message: Int, _ memory: Int32) -> Double? {
        for index in code.messages[message].emissions.indices where code.emissions[index].time >= 0 {
            if case .base(_, _, _, let step, let kept) = code.times[Int(code.emissions[index].time)].kind,
                kept == memory
            {
                return step
            }
        }
        return nil
    }
}

extension FieldInstruction.Source {
    var isDecimal: Bool {
        switch self {
        case .sfloat, .float: true
        default: false
        }
    }

    var isMember: Bool {
        switch self {
        case .member: true
        default: false
        }
    }

    /// Text holds numbers as people write them.
    var isText: Bool {
        switch self {
        case .member, .flag, .group, .presence: true
        default: false
        }
    }
}
