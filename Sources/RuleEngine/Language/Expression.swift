import Vitals

/// A compiled expression of the rule language (DESIGN §8).
///
/// ```swift
/// let fast = try Expression.compile("mean(heart_rate, 10m) > 1.6 * else(resting_heart_rate, 65)")
/// fast.features      // what a FeatureSource must answer, slot by slot
/// fast.evaluate(source)   // 1, 0 or NaN
/// ```
public struct Expression: Sendable {
    /// As it was written.
    public let text: String
    public let type: ValueType
    /// Slot i stands for `features[i]`. Empty for expressions of a `RuleBook`, which shares one table.
    public let features: [Feature]
    /// The slots this expression may ask for, each once, in the order of their first appearance.
    public let slots: [Int]

    let term: Term
    @usableFromInline let program: Program

    /// Compiles a stand-alone expression, as `vitald query` takes it.
    ///
    /// - Throws: `RuleError` with line, column and caret within `text`.
    /// - Complexity: O(length of the text); texts over 4096 bytes are refused.
    public static func compile(_ text: String) throws(RuleError) -> Expression {
        do {
            var table = FeatureTable()
            let expression = try Expression(text, table: &table)
            return Expression(
                text: text, features: table.features, slots: expression.slots, term: expression.term,
                program: expression.program)
        } catch {
            throw RuleError(error, in: text)
        }
    }

    /// Compiles an expression whose slots are those of `table`. The table is unchanged after a fault.
    init(
        _ text: String, table: inout FeatureTable, fullness: Fullness = Fullness(), folding: Bool = true
    ) throws(Fault) {
        let syntax = try Parser.parse(text)
        var checker = Checker(table: table, text: text, fullness: fullness)
        let term = try checker.check(syntax)
        table = checker.table
        var slots: [Int] = []
        Self.collect(term, into: &slots)
        self.init(
            text: text, features: [], slots: slots, term: term, program: Program(folding ? term.folded : term))
    }

    private init(text: String, features: [Feature], slots: [Int], term: Term, program: Program) {
        self.text = text
        self.type = term.type
        self.features = features
        self.slots = slots
        self.term = term
        self.program = program
    }

    private static func collect(_ term: Term, into slots: inout [Int]) {
        let asked: [Int] =
            switch term.operation {
            case .feature(let slot): [slot]
            case .window(let slot, let coverage, _): [coverage, slot]
            default: []
            }
        for slot in asked where !slots.contains(slot) { slots.append(slot) }
        for child in term.children { collect(child, into: &slots) }
    }

    /// The value: a number, milliseconds for a duration, 1 or 0 for a yes/no value, NaN when unknown.
    ///
    /// Asks only for features that can still change the result, left to right. Complexity: O(length).
    @inlinable public func evaluate(_ source: some FeatureSource) -> Double { program.run(source) }

    /// The value of every node, those included that evaluation would have skipped. The root's value is `evaluate`'s.
    public func explain(_ source: some FeatureSource) -> Evidence.Node { explain(term, source) }

    private func explain(_ term: Term, _ source: some FeatureSource) -> Evidence.Node {
        let children = term.children.map { explain($0, source) }
        var detail: FeatureDetail?
        let value: Double
        switch term.operation {
        case .feature(let slot):
            let raw = source.value(slot)
            value = term.type == .boolean ? Logic.flag(raw) : Logic.known(raw)
            detail = source.detail(slot)
        case .window(let slot, let coverage, let share):
            let covered = source.value(coverage)
            let isFull = covered >= share
            value = isFull ? Logic.known(source.value(slot)) : .nan
            detail = source.detail(slot)
            if !isFull, detail?.unknown == nil {
                detail?.value = .nan
                detail?.unknown =
                    "\(fixed((covered.isNaN ? 0 : covered) * 100, decimals: 0)) % of the window is covered, "
                    + "\(fixed(share * 100, decimals: 0)) % are needed"
            }
        default:
            value = Term.value(of: term.operation, children.map(\.value)) ?? .nan
        }
        return Evidence.Node(
            text: sourceText(text, term.range), value: value.isNaN ? .nan : value, type: term.type, detail: detail,
            children: children)
    }
}
