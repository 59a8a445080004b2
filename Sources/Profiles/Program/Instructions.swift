import Vitals

/// Puts one field of a frame into its slot. Fields of one name share a slot.
struct FieldInstruction: Sendable {
    enum Source: Sendable {
        case integer(size: Int, bigEndian: Bool, signed: Bool)
        case bcd
        /// 16 and 32 bits of IEEE 11073-20601.
        case sfloat, float
        case bits(BitSlice)
        /// A range of the program's slices, most significant first.
        case concat(Range<Int>)
        case difference(Int, Int, modulus: Int64)
        /// A member of a JSON line, by its key's index.
        case member(Int)
        /// The same for `true` and `false`, which become 1 and 0.
        case flag(Int)
        /// A group of the pattern.
        case group(Int)
        case presence(Int)

        /// Bytes of the frame it takes; 0 when it does not read at the cursor.
        var size: Int {
            switch self {
            case .integer(let size, _, _): size
            case .bcd: 1
            case .sfloat: 2
            case .float: 4
            default: 0
            }
        }
    }

    var slot: Int
    var source: Source
    /// Where the field stands, or -1 for the cursor.
    var at = -1
    /// Index of a conjunction, or -1.
    var condition = -1
    /// Numbers that mean "no value", before scaling.
    var nulls: Range<Int> = 0..<0
    var numerator = 1.0
    var denominator = 1.0
    /// 0 for a single value, `toEnd` for all that follow.
    var repeats = 0
    var keepsNull = false
    var limit = Program.mostRepeats

    static let toEnd = -1
}

/// Bits `low` and up of a slot's integer.
struct BitSlice: Sendable {
    var slot: Int
    var low: UInt8
    var width: UInt8

    func of(_ value: Int64) -> Int64 {
        let mask: Int64 = width >= 63 ? .max : (1 << Int64(width)) - 1
        return value >> Int64(low) & mask
    }
}

/// Makes readings of a slot.
struct Emission: Sendable {
    enum Time: Sendable {
        case arrival
        /// A slot with the device's time since 1970, times so many milliseconds.
        case epoch(slot: Int, milliseconds: Double)
    }

    var metric: Metric
    var slot: Int
    /// Ranges of conjunctions, of which one suffices.
    var unless: Range<Int> = 0..<0
    var dropAll: Range<Int> = 0..<0
    /// Index of a conjunction, or -1.
    var condition = -1
    /// Slot whose change makes it speak, or -1, and what remembers it.
    var onChange = -1
    var changeMemory = -1
    /// At most one reading of the metric per so many milliseconds; 0 for no limit.
    var thin: Int64 = 0
    var thinMemory = 0
    var low = -Double.infinity
    var high = Double.infinity
    /// Codes of a state metric.
    var codes: Range<Int> = 0..<0
    /// For state metrics without a map: how many codes there are.
    var codeCount = 0
    var time: Time = .arrival
    /// Index of a counter rule, or -1.
    var counter = -1
    /// One reading per heartbeat: placed backwards from arrival.
    var isBeat = false
}

/// A device's code and what it means.
struct CodeEntry: Sendable {
    var from: Double
    var to: Double
}

/// Tells something about the sensor itself.
struct StatusInstruction: Sendable {
    enum Kind: Sendable {
        case worn, contact, signal
        case diagnostic(Int)

        static let fixedCount = 3

        /// Which memory remembers what was told last.
        var memory: Int {
            switch self {
            case .worn: 0
            case .contact: 1
            case .signal: 2
            case .diagnostic(let word): Kind.fixedCount + word
            }
        }
    }

    var kind: Kind
    /// A fixed value, or that of a slot divided by `maximum`.
    var value = 1.0
    var slot = -1
    var maximum = 1.0
    var condition = -1
    var unless: Range<Int> = 0..<0
    /// For diagnostics: the counter of the word.
    var counter = -1
}

/// A test of a decoded field.
struct Test: Sendable {
    enum Kind: Sendable {
        case bit(UInt8, Bool)
        case equal(Double)
        case among(Range<Int>)
        case present(Bool)
    }

    var slot: Int
    var kind: Kind
}

/// A test of the raw frame: a byte by its place, or a member of a JSON line by its key.
struct FrameTest: Sendable {
    enum Kind: Sendable {
        case equal(Int)
        case excluded(Range<Int>)
        case minimum(Double)
        case exists(Bool)
    }

    var index: Int
    /// Which bits of the number are tested; width 0 for all.
    var low: UInt8 = 0
    var width: UInt8 = 0
    var kind: Kind
}

/// Something a frame is compared with.
enum Constant: Hashable, Sendable {
    case number(Double)
    case text([UInt8])
    case bool(Bool)
    case null
}
