import Vitals

/// A profile compiled to flat tables: messages, instructions and constants refer to each other by index, so that
/// decoding a frame follows no reference, compares no name and allocates nothing.
///
/// `@unchecked Sendable`: the tables behind the pointers are written in `init`, never afterwards, and freed in `deinit`.
final class Program: @unchecked Sendable {
    let code: Code
    let inputs: [Input]
    let names: [String]
    let memberTests: [MemberTest]
    let constants: [Constant]
    let patterns: [Pattern]
    /// Diagnostics by counter, the built-in ones first.
    let diagnostics: [Diagnostic]
    let sizes: Sizes

    /// How much a decoder needs to remember.
    struct Sizes: Sendable {
        var slots = 0
        /// Values of repeated fields of one message.
        var items = 0
        var metrics = 0
        var statuses = 0
        var changes = 0
        var dedupes = 0
        var kept = 0
        var clocks = 0
        var collections = 0
        var counters = 0
    }

    /// The tables as decoding reads them. They hold no reference, so reading them counts none.
    struct Code {
        let messages: UnsafePointer<Message>
        let fields: UnsafePointer<FieldInstruction>
        let emissions: UnsafePointer<Emission>
        let statuses: UnsafePointer<StatusInstruction>
        let byteTests: UnsafePointer<ByteTest>
        let tests: UnsafePointer<Test>
        let conjunctions: UnsafePointer<Stretch>
        let numbers: UnsafePointer<Double>
        let slices: UnsafePointer<BitSlice>
        let codes: UnsafePointer<CodeEntry>
        let times: UnsafePointer<TimeRule>
        let keeps: UnsafePointer<Keep>
        let assemblies: UnsafePointer<Assembly>
        let masks: UnsafePointer<UInt8>
        /// One per input.
        let shapes: UnsafePointer<Input.Shape>
        /// Per specialised message 256 messages, by the first byte.
        let variants: UnsafePointer<Int32>
        let counters: UnsafePointer<CounterRule>
        let straights: UnsafePointer<Straight>
        let steps: UnsafePointer<Straight.Step>
    }

    init(_ tables: Tables) {
        code = Code(
            messages: Self.store(tables.messages), fields: Self.store(tables.fields),
            emissions: Self.store(tables.emissions), statuses: Self.store(tables.statuses),
            byteTests: Self.store(tables.byteTests), tests: Self.store(tables.tests),
            conjunctions: Self.store(tables.conjunctions), numbers: Self.store(tables.numbers),
            slices: Self.store(tables.slices), codes: Self.store(tables.codes), times: Self.store(tables.times),
            keeps: Self.store(tables.keeps), assemblies: Self.store(tables.assemblies),
            masks: Self.store(tables.masks), shapes: Self.store(tables.inputs.map(\.shape)),
            variants: Self.store(tables.variants), counters: Self.store(tables.counters),
            straights: Self.store(tables.straights), steps: Self.store(tables.steps))
        inputs = tables.inputs
        names = tables.inputs.map(\.name)
        memberTests = tables.memberTests
        constants = tables.constants
        patterns = tables.patterns
        diagnostics = Diagnostic.builtIn + tables.words.map { .other($0) }
        var sizes = tables.sizes
        sizes.metrics = tables.metrics.count
        sizes.statuses = StatusInstruction.fixedCount + tables.statusWords.count
        sizes.counters = diagnostics.count
        sizes.items = tables.mostItems
        sizes.collections = tables.assemblies.count
        self.sizes = sizes
    }

    deinit {
        code.messages.deallocate()
        code.fields.deallocate()
        code.emissions.deallocate()
        code.statuses.deallocate()
        code.byteTests.deallocate()
        code.tests.deallocate()
        code.conjunctions.deallocate()
        code.numbers.deallocate()
        code.slices.deallocate()
        code.codes.deallocate()
        code.times.deallocate()
        code.keeps.deallocate()
        code.assemblies.deallocate()
        code.masks.deallocate()
        code.shapes.deallocate()
        code.variants.deallocate()
        code.counters.deallocate()
        code.straights.deallocate()
        code.steps.deallocate()
    }

    /// Copies a table to where it stays. All tables hold plain values, which need no deinitialisation.
    private static func store<T>(_ table: [T]) -> UnsafePointer<T> {
        let memory = UnsafeMutablePointer<T>.allocate(capacity: max(1, table.count))
        for (index, value) in table.enumerated() { (memory + index).initialize(to: value) }
        return UnsafePointer(memory)
    }

    /// The largest frame and line (PROFILE-FORMAT 2.7).
    static let longestFrame = 4096
    /// The most values of a repeated field (PROFILE-FORMAT 2.7).
    static let mostRepeats = 512
    /// The most fields of a message (PROFILE-FORMAT 2.7).
    static let mostFields = 64
}

/// The tables of a program while it is built.
struct Tables {
    var inputs: [Input] = []
    var messages: [Message] = []
    var fields: [FieldInstruction] = []
    var emissions: [Emission] = []
    var statuses: [StatusInstruction] = []
    var byteTests: [ByteTest] = []
    var memberTests: [MemberTest] = []
    var tests: [Test] = []
    /// Each a stretch of tests that must all hold.
    var conjunctions: [Stretch] = []
    var numbers: [Double] = []
    var constants: [Constant] = []
    var slices: [BitSlice] = []
    var patterns: [Pattern] = []
    var codes: [CodeEntry] = []
    var counters: [CounterRule] = []
    var times: [TimeRule] = []
    var keeps: [Keep] = []
    var assemblies: [Assembly] = []
    /// For inputs whose frames can be compared with the last one: the bits that matter; see `Relevance`.
    var masks: [UInt8] = []
    var variants: [Int32] = []
    var straights: [Straight] = []
    var steps: [Straight.Step] = []
    var words: [String] = []
    var statusWords: [String] = []
    /// The metrics that are emitted; `thin` counts per metric.
    var metrics: [Metric] = []
    var sizes = Program.Sizes()
    var mostItems = 0

    /// Appends and returns where.
    static func add<T>(_ new: [T], to table: inout [T]) -> Stretch {
        let start = table.count
        table += new
        return Stretch(start: Int32(start), end: Int32(table.count))
    }

    /// The counter of a profile's own word.
    mutating func counter(of word: String) -> Int32 {
        if let known = Diagnostic.builtIn.firstIndex(where: { $0.name == word }) { return Int32(known) }
        if let index = words.firstIndex(of: word) { return Int32(Diagnostic.builtIn.count + index) }
        words.append(word)
        return Int32(Diagnostic.builtIn.count + words.count - 1)
    }
}

/// One stream or characteristic.
struct Input: Sendable {
    enum Format: String, CaseIterable, Sendable { case binary, text, json, columns }

    var name: String
    var framing: Framing = .none
    /// Keys of a JSON line, or names of columns, that somebody looks at.
    var keys: [[UInt8]] = []
    var shape = Shape()

    /// What every frame of the input has in common. It holds no reference, so that passing it costs no counting.
    struct Shape: Sendable {
        var format: Format = .binary
        /// One read or notification is one frame.
        var isWhole = true
        /// The only length a frame may have; -1 for any.
        var length: Int32 = -1
        var check: Check?
        var unpack: Unpack?
        var messages = Stretch()
        /// Bits of a frame that matter; empty when frames cannot be compared.
        var mask = Stretch()
        /// Those of them that matter even while `thin` holds all values back.
        var thinMask = Stretch()
        /// The two as words, of the first eight bytes.
        var maskWord: UInt64 = 0
        var thinMaskWord: UInt64 = 0
        /// For short frames that begin with a set bit: which bit, and how long they are; 0 for other framing.
        var syncMask: UInt8 = 0
        var syncLength: UInt8 = 0
        /// The message that every frame is, when it may be straight, or -1; see `Straight`.
        var leading: Int32 = -1
    }
}

/// One kind of frame.
struct Message: Sendable {
    var length: Int32 = -1
    /// Index of the pattern, or -1.
    var pattern: Int32 = -1
    /// Every frame of the input fits.
    var isOpen: Bool { byteTests.isEmpty && pattern < 0 && memberTests.isEmpty }
    var byteTests = Stretch()
    var memberTests = Stretch()
    var fields = Stretch()
    var statuses = Stretch()
    var emissions = Stretch()
    /// Values that later messages need.
    var keeps = Stretch()
    /// Index of an assembly this message is a part of, or -1.
    var assembly: Int32 = -1
    /// Counter of the message's own diagnostic, or -1.
    var diagnostic: Int32 = -1
    /// Where the table of messages by the first byte begins, or -1; see `Specialization`.
    var variants: Int32 = -1
    /// Index of its straight-line steps, or -1.
    var straight: Int32 = -1
}
