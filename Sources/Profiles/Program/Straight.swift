import Vitals

/// A message that needs no decisions: every value stands at a known place and becomes its readings at once.
///
/// What `Specialization` leaves of the measurements of the Bluetooth SIG is of this kind. Slots are for conditions and
/// for fields made of fields; without those a value goes from its bytes to its reading directly. What comes out is the
/// same as when fields are read first and emitted then; it only takes less time.
struct Straight: Sendable {
    /// One value, or the values of the repeated field, in the order of the message's emissions.
    struct Step: Sendable {
        /// Where the bytes stand.
        var at: Int32
        var size: UInt8
        var isBigEndian: Bool
        var isSigned: Bool
        var isRepeated: Bool
        /// The sensor says that the value does not count.
        var isSuppressed: Bool
        /// Index of the field, where it knows several nulls.
        var field: Int32
        var emission: Int32
        /// An unsigned number of one or two bytes that is a reading unless it equals `null`: whatever it is, it is in
        /// range, and adds up to nothing.
        var isPlain: Bool
        // What field and emission say, copied to where it is read.
        var metric: Metric
        var isBeat: Bool
        var isNumber: Bool
        var thinMemory: Int32
        var counter: Int32
        var nulls: Int32
        var null: Double
        var scaling: FieldInstruction.Scaling
        var numerator: Double
        var denominator: Double
        /// What plain values are multiplied by.
        var factor: Double
        var low: Double
        var high: Double
    }

    /// A frame with fewer bytes is truncated.
    var least: Int32 = 0
    /// Where the field begins that repeats up to the end of the frame, or -1.
    var repeatsAt: Int32 = -1
    var repeatSize: Int32 = 1
    /// With more repetitions it is no longer this simple.
    var mostRepeats: Int32 = 0
    var steps = Stretch()
    /// How many steps give at most one reading.
    var singles: Int32 = 0

    /// Adds the message's steps to the tables; its index, or -1 where it takes decisions.
    static func add(_ message: Message, to tables: inout Tables) -> Int32 {
        guard message.length < 0, message.pattern < 0, message.memberTests.isEmpty, message.keeps.isEmpty,
            message.assembly < 0, tables.statuses[message.statuses.indices].allSatisfy(isConstant)
        else { return -1 }
        var straight = Straight()
        var places: [Int32: (field: Int32, at: Int32)] = [:]
        var cursor: Int32 = 0
        for index in message.fields.indices {
            let field = tables.fields[index]
            guard case .integer(let size, _, _) = field.source, size <= 4, field.condition.isEmpty,
                places[field.slot] == nil, straight.repeatsAt < 0
            else { return -1 }
            if field.at >= 0 { cursor = field.at }
            places[field.slot] = (Int32(index), cursor)
            switch field.repeats {
            case 0:
                cursor += Int32(size)
                straight.least = max(straight.least, cursor)
            case FieldInstruction.toEnd where !field.keepsNull:
                (straight.repeatsAt, straight.repeatSize) = (cursor, Int32(size))
                straight.mostRepeats = field.limit
                // From behind the end of the frame nothing is read.
                straight.least = max(straight.least, cursor)
            default: return -1
            }
        }
        var steps: [Step] = []
        for index in message.emissions.indices {
            let emission = tables.emissions[index]
            guard let place = places[emission.slot], isPlain(emission, tables),
                case .integer(let size, let bigEndian, let signed) = tables.fields[Int(place.field)].source
            else { return -1 }
            let field = tables.fields[Int(place.field)]
            guard field.addend == 0 else { return -1 }
            let isRepeated = field.repeats != 0
            let most = Double(UInt64(1) << UInt64(8 * size) - 1) * field.numerator
            let isWhole = size == 1 || (size == 2 && !bigEndian)
            steps.append(
                Step(
                    at: place.at, size: size, isBigEndian: bigEndian, isSigned: signed, isRepeated: isRepeated,
                    isSuppressed: !emission.unless.isEmpty, field: place.field, emission: Int32(index),
                    isPlain: isWhole && !signed && field.scaling != .ratio && field.nulls.indices.count <= 1
                        && emission.isNumber && emission.counter < 0 && emission.low <= 0 && emission.high >= most
                        && most >= 0,
                    metric: emission.metric, isBeat: emission.isBeat, isNumber: emission.isNumber,
                    thinMemory: emission.thinMemory, counter: emission.counter,
                    nulls: Int32(field.nulls.indices.count), null: tables.numbers[field.nulls.indices].first ?? .nan,
                    scaling: field.scaling, numerator: field.numerator, denominator: field.denominator,
                    factor: field.scaling == .none ? 1 : field.numerator, low: emission.low, high: emission.high))
            if !isRepeated { straight.singles += 1 }
        }
        straight.steps = Tables.add(steps, to: &tables.steps)
        tables.straights.append(straight)
        return Int32(tables.straights.count - 1)
    }

    /// The first message of an input when every frame is one and it is straight, at least for some first bytes; else -1.
    static func leading(_ input: Input, _ tables: Tables) -> Int32 {
        let shape = input.shape
        guard shape.format == .binary, shape.isWhole, shape.length < 0, shape.check == nil, shape.unpack == nil,
            let first = shape.messages.indices.first, tables.messages[first].isOpen, tables.messages[first].length < 0,
            tables.messages[first].variants >= 0 || tables.messages[first].straight >= 0
        else { return -1 }
        return Int32(first)
    }

    private static func isConstant(_ status: StatusInstruction) -> Bool {
        status.slot < 0 && status.condition.isEmpty && status.unless.isEmpty
    }

    private static func isPlain(_ emission: Emission, _ tables: Tables) -> Bool {
        // A conjunction of nothing always holds.
        (emission.unless.isEmpty || tables.conjunctions[emission.unless.indices].contains { $0.isEmpty })
            && emission.dropAll.isEmpty && emission.condition.isEmpty && emission.onChange < 0
            && emission.thin == 0 && emission.dedupe == 0 && emission.time < 0
    }
}
