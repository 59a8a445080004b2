import Vitals

/// A profile compiled to flat tables: messages, instructions and constants refer to each other by index, so that
/// decoding a frame follows no reference, compares no name and allocates nothing.
final class Program: Sendable {
    let inputs: [Input]
    /// In the order of the file, grouped by input.
    let messages: [Message]
    let fields: [FieldInstruction]
    let emissions: [Emission]
    let statuses: [StatusInstruction]
    let frameTests: [FrameTest]
    let tests: [Test]
    /// Each a conjunction: a range of `tests`.
    let conjunctions: [Range<Int>]
    let numbers: [Double]
    let constants: [Constant]
    let slices: [BitSlice]
    let patterns: [Pattern]
    let codes: [CodeEntry]
    let counters: [CounterRule]
    /// Diagnostics by counter, the built-in ones first.
    let diagnostics: [Diagnostic]
    let slotCount: Int
    let metricCount: Int
    let statusCount: Int

    init(_ tables: Tables) {
        inputs = tables.inputs
        messages = tables.messages
        fields = tables.fields
        emissions = tables.emissions
        statuses = tables.statuses
        frameTests = tables.frameTests
        tests = tables.tests
        conjunctions = tables.conjunctions
        numbers = tables.numbers
        constants = tables.constants
        slices = tables.slices
        patterns = tables.patterns
        codes = tables.codes
        counters = tables.counters
        diagnostics = Diagnostic.builtIn + tables.words.map { .other($0) }
        slotCount = tables.slotCount
        metricCount = tables.metrics.count
        statusCount = StatusInstruction.Kind.fixedCount + tables.statusWords.count
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
    var frameTests: [FrameTest] = []
    var tests: [Test] = []
    var conjunctions: [Range<Int>] = []
    var numbers: [Double] = []
    var constants: [Constant] = []
    var slices: [BitSlice] = []
    var patterns: [Pattern] = []
    var codes: [CodeEntry] = []
    var counters: [CounterRule] = []
    var words: [String] = []
    var statusWords: [String] = []
    /// The metrics that are emitted; `thin` counts per metric.
    var metrics: [Metric] = []
    var slotCount = 0

    /// Appends and returns where.
    static func add<T>(_ new: [T], to table: inout [T]) -> Range<Int> {
        let start = table.count
        table += new
        return start..<table.count
    }

    /// The counter of a profile's own word.
    mutating func counter(of word: String) -> Int {
        if let known = Diagnostic.builtIn.firstIndex(where: { $0.name == word }) { return known }
        if let index = words.firstIndex(of: word) { return Diagnostic.builtIn.count + index }
        words.append(word)
        return Diagnostic.builtIn.count + words.count - 1
    }
}

/// One stream or characteristic.
struct Input: Sendable {
    enum Format: String, CaseIterable, Sendable { case binary, text, json }

    var name: String
    var framing: Framing = .none
    /// Keys of a JSON line that somebody looks at.
    var keys: [[UInt8]] = []
    var shape = Shape()

    /// What every frame of the input has in common. It holds no reference, so that passing it costs no counting.
    struct Shape: Sendable {
        var format: Format = .binary
        /// The only length a frame may have.
        var length: Int?
        var check: Check?
        var unpack: Unpack?
        var messages: Range<Int> = 0..<0
    }
}

/// One kind of frame.
struct Message: Sendable {
    var length: Int?
    /// Index of the pattern, or -1.
    var pattern = -1
    var frameTests: Range<Int> = 0..<0
    var fields: Range<Int> = 0..<0
    var statuses: Range<Int> = 0..<0
    var emissions: Range<Int> = 0..<0
    /// Counter of the message's own diagnostic, or -1.
    var diagnostic = -1
}
