import Vitals

/// A range of a table.
struct Stretch: Hashable, Sendable {
    var start: Int32 = 0
    var end: Int32 = 0

    var isEmpty: Bool { start == end }
    var indices: Range<Int> { Int(start)..<Int(end) }
}

/// Puts one field of a frame into its slot. Fields of one name share a slot.
struct FieldInstruction: Sendable {
    enum Source: Sendable {
        case integer(size: UInt8, bigEndian: Bool, signed: Bool)
        case bcd
        /// 16 and 32 bits of IEEE 11073-20601.
        case sfloat, float
        /// Year (two bytes), month, day, hour, minute, second: local time of the device.
        case date
        case bits(BitSlice)
        /// A stretch of the program's slices, most significant first.
        case concat(Stretch)
        case difference(Int32, Int32, modulus: Int64)
        /// A member of a JSON line, by its key's index.
        case member(Int32)
        /// The same for `true` and `false`, which become 1 and 0.
        case flag(Int32)
        /// A group of the pattern.
        case group(Int32)
        case presence(Int32)

        /// Bytes of the frame it takes; 0 when it does not read at the cursor.
        var size: Int {
            switch self {
            case .integer(let size, _, _): Int(size)
            case .bcd: 1
            case .sfloat: 2
            case .float: 4
            case .date: 7
            default: 0
            }
        }
    }

    /// What the steady path switches on; derived from the source.
    enum Operation: UInt8, Sendable { case byte, integer, bits, concat, difference, number, text }

    var slot: Int32
    var source: Source
    var operation = Operation.text
    /// It always gives a value as it stands: no condition, no nulls, no arithmetic.
    var isPlain = false
    /// No field before it has the same slot, so that it says so when it gives none.
    var isFirst = true
    /// It reads on at the cursor.
    var size: UInt8 = 0
    /// Where the field stands, or -1 for the cursor.
    var at: Int32 = -1
    /// Tests that must hold; empty asks nothing.
    var condition = Stretch()
    /// Numbers that mean "no value", before scaling.
    var nulls = Stretch()
    /// Added before scaling.
    var addend = 0.0
    var scaling = Scaling.none
    var numerator = 1.0
    var denominator = 1.0
    /// 0 for a single value, `toEnd` for all that follow.
    var repeats: Int32 = 0
    var keepsNull = false
    var limit = Int32(Program.mostRepeats)

    static let toEnd: Int32 = -1

    /// Derives what the steady path looks at.
    mutating func finish(isFirst: Bool) {
        self.isFirst = isFirst
        size = UInt8(source.size)
        isPlain = condition.isEmpty && nulls.isEmpty && !isComputed
        operation =
            switch source {
            case .integer(1, _, false): .byte
            case .integer: .integer
            case .bits: .bits
            case .concat: .concat
            case .difference: .difference
            case .bcd, .sfloat, .float, .date: .number
            case .member, .flag, .group, .presence: .text
            }
        if repeats != 0 { operation = .number }
    }

    /// Its value is not the number as it stands in the frame.
    var isComputed: Bool { addend != 0 || scaling != .none }

    enum Scaling: Sendable {
        case none
        /// By the numerator, which then holds the whole ratio: the denominator is a power of two, so nothing is lost.
        case product
        case ratio
    }

    mutating func scale(by numerator: Int, over denominator: Int) {
        (self.numerator, self.denominator) = (Double(numerator), Double(denominator))
        if numerator == denominator {
            scaling = .none
        } else if denominator > 0, denominator & (denominator - 1) == 0 {
            self.numerator /= self.denominator
            scaling = .product
        } else {
            scaling = .ratio
        }
    }

    func scaled(_ value: Double) -> Double {
        switch scaling {
        case .none: value + addend
        case .product: (value + addend) * numerator
        case .ratio: (value + addend) * numerator / denominator
        }
    }
}

/// Bits `low` and up of a slot's integer.
struct BitSlice: Sendable {
    var slot: Int32
    var low: UInt8
    var width: UInt8

    /// The bits that it takes, in their place.
    var mask: UInt64 { (width >= 63 ? UInt64(Int64.max) : (1 << UInt64(width)) &- 1) &<< UInt64(low) }

    func of(_ value: Int64) -> Int64 {
        let mask: Int64 = width >= 63 ? .max : (1 &<< Int64(width)) &- 1
        return value &>> Int64(low) & mask
    }
}

/// Makes readings of a slot.
struct Emission: Sendable {
    var metric: Metric
    var slot: Int32
    /// Stretches of conjunctions, of which one suffices.
    var unless = Stretch()
    var dropAll = Stretch()
    /// Tests that must hold.
    var condition = Stretch()
    /// Slot whose change makes it speak, or -1, and what remembers it.
    var onChange: Int32 = -1
    var changeMemory: Int32 = -1
    /// At most one reading of the metric per so many milliseconds; 0 for no limit.
    var thin: Int64 = 0
    /// Where it is remembered when the metric last passed; -1 where no `thin` asks.
    var thinMemory: Int32 = 0
    /// A value that repeats the last one within so many milliseconds is dropped; 0 for none.
    var dedupe: Int64 = 0
    var dedupeMemory: Int32 = -1
    /// Samples are Floats: what overflows one was never measured.
    var low = -Double(Float.greatestFiniteMagnitude)
    var high = Double(Float.greatestFiniteMagnitude)
    /// Codes of a state metric.
    var codes = Stretch()
    /// For state metrics without a map: how many codes there are.
    var codeCount: Int32 = 0
    /// It has no codes.
    var isNumber: Bool { codeCount == 0 && codes.isEmpty }
    /// Index of a time rule, or -1 for arrival.
    var time: Int32 = -1
    /// Index of a counter rule, or -1.
    var counter: Int32 = -1
    /// One reading per heartbeat: placed backwards from arrival.
    var isBeat = false
}

/// How the device says when its values were true.
struct TimeRule: Sendable {
    enum Kind: Sendable {
        /// A number since 1970, times so many milliseconds.
        case epoch(slot: Int32, milliseconds: Double)
        /// A slot of `FieldInstruction.Source.date`.
        case field(slot: Int32)
        /// Year, month and day, and the part of the day by its number.
        case date(year: Int32, month: Int32, day: Int32, century: Int32, slot: Int32, slotMinutes: Int32)
        /// A beginning, and for the n-th value n steps more. A step is fixed, or kept from a head message.
        case base(slot: Int32, milliseconds: Double, floorsDay: Bool, step: Double, kept: Int32)
        /// The time of the packet's last value; the others are spaced evenly before it. With a `clock` the device's
        /// clock only orders packets, and is tied to arrival.
        case last(slot: Int32, milliseconds: Double, epoch: Double, interval: Double, clock: Int32)
    }

    var kind: Kind
    /// The clock shows the person's local time, not UTC.
    var isLocal = false
    /// Conditions under which the device's time does not count.
    var unless = Stretch()
    /// What has no time is dropped instead of stamped on arrival.
    var drops = false
    /// What claims to be later than arrival is dropped.
    var refusesFuture = false
}

/// A device's code and what it means.
struct CodeEntry: Sendable {
    var from: Double
    var to: Double
}

/// Tells something about the sensor itself.
struct StatusInstruction: Sendable {
    enum Kind: UInt8, Sendable { case worn = 0, contact, signal, diagnostic }

    /// Memories of worn, contact and signal come before those of the words.
    static let fixedCount = 3

    var kind: Kind
    /// Which memory remembers what was told last.
    var memory: Int32
    /// A fixed value, or that of a slot divided by `maximum`.
    var value = 1.0
    var slot: Int32 = -1
    var maximum = 1.0
    var condition = Stretch()
    var unless = Stretch()
    /// For diagnostics: the counter of the word.
    var counter: Int32 = -1
}

/// A test of a decoded field.
struct Test: Sendable {
    enum Kind: UInt8, Sendable { case bitSet, bitClear, equal, among, present, absent }

    var slot: Int32
    var kind: Kind
    var bit: UInt8 = 0
    var value = 0.0
    var numbers = Stretch()
}

/// A test of a byte of the frame by its place.
struct ByteTest: Sendable {
    var index: Int32
    var allowed: ByteClass
}

/// A test of a member of a JSON line by its key.
struct MemberTest: Sendable {
    enum Kind: Sendable {
        case equal(Int)
        case excluded(Stretch)
        case minimum(Double)
        case exists(Bool)
    }

    var index: Int32
    /// Which bits of the number are tested; width 0 for all.
    var low: UInt8 = 0
    var width: UInt8 = 0
    var kind: Kind
}

/// Something a JSON member is compared with.
enum Constant: Hashable, Sendable {
    case number(Double)
    case text([UInt8])
    case bool(Bool)
    case null
}

/// A value of a head message that a later message needs.
struct Keep: Sendable {
    var slot: Int32
    var memory: Int32
}

/// How parts of a message are put together.
struct Assembly: Sendable {
    /// Slot of the part's number.
    var index: Int32
    var first: Int64
    /// What the head message kept: how many parts there are, one more than true if `lessOne`.
    var total: Int32
    var lessOne: Bool
    /// The bytes of the part that count.
    var payload: Stretch
    /// The message that the whole is.
    var into: Int32
    /// Which collection it uses.
    var memory: Int32
}
