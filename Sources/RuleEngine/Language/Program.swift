import Vitals

/// An expression as a flat list of instructions for a stack of numbers, with jumps where an operand decides alone.
@usableFromInline struct Program: Sendable {
    @usableFromInline enum Instruction: Sendable {
        case constant(Double)
        case feature(Int32)
        /// A feature that is a yes/no value.
        case flag(Int32)
        case window(Int32, coverage: Int32, share: Double)
        case negate, absolute, add, subtract, multiply, divide, minimum, maximum, clamp
        case compare(Comparison)
        case not, and, or
        /// Jumps when the top is false (known); keeps it.
        case skipIfFalse(Int32)
        /// Jumps when the top is true (known); keeps it.
        case skipIfTrue(Int32)
        /// Jumps when the top is known; keeps it. Else takes it off.
        case skipIfKnown(Int32)
        /// Takes the condition off: true goes on, false jumps to `otherwise`, unknown pushes unknown and jumps to `end`.
        case choose(otherwise: Int32, end: Int32)
        case jump(Int32)
    }

    @usableFromInline private(set) var instructions: [Instruction] = []
    /// The most values that are on the stack at once.
    @usableFromInline private(set) var stackDepth = 0

    private var depth = 0

    init(_ term: Term) { emit(term) }

    private mutating func push() {
        depth += 1
        stackDepth = max(stackDepth, depth)
    }

    private mutating func append(_ instruction: Instruction, pops: Int) {
        instructions.append(instruction)
        depth -= pops
    }

    private var here: Int32 { Int32(truncatingIfNeeded: instructions.count) }

    private mutating func emit(_ term: Term) {
        let children = term.children
        switch term.operation {
        case .constant(let value):
            instructions.append(.constant(value))
            push()
        case .feature(let slot):
            let index = Int32(truncatingIfNeeded: slot)
            instructions.append(term.type == .boolean ? .flag(index) : .feature(index))
            push()
        case .window(let slot, let coverage, let share):
            instructions.append(
                .window(
                    Int32(truncatingIfNeeded: slot), coverage: Int32(truncatingIfNeeded: coverage), share: share))
            push()
        case .and: emitShortCircuit(children, combine: .and) { .skipIfFalse($0) }
        case .or: emitShortCircuit(children, combine: .or) { .skipIfTrue($0) }
        case .choose: emitChoice(children)
        case .otherwise:
            emit(children[0])
            let skip = instructions.count
            append(.skipIfKnown(0), pops: 1)
            emit(children[1])
            instructions[skip] = .skipIfKnown(here)
        case .minimum: emitFold(children, .minimum)
        case .maximum: emitFold(children, .maximum)
        case .negate: emitPlain(children, .negate)
        case .absolute: emitPlain(children, .absolute)
        case .add: emitPlain(children, .add)
        case .subtract: emitPlain(children, .subtract)
        case .multiply: emitPlain(children, .multiply)
        case .divide: emitPlain(children, .divide)
        case .clamp: emitPlain(children, .clamp)
        case .compare(let comparison): emitPlain(children, .compare(comparison))
        case .not: emitPlain(children, .not)
        }
    }

    private mutating func emitPlain(_ children: [Term], _ instruction: Instruction) {
        for child in children { emit(child) }
        append(instruction, pops: children.count - 1)
    }

    private mutating func emitFold(_ children: [Term], _ instruction: Instruction) {
        for (i, child) in children.enumerated() {
            emit(child)
            if i > 0 { append(instruction, pops: 1) }
        }
    }

    private mutating func emitShortCircuit(
        _ children: [Term], combine: Instruction, _ skip: (Int32) -> Instruction
    ) {
        emit(children[0])
        let position = instructions.count
        instructions.append(skip(0))
        emit(children[1])
        append(combine, pops: 1)
        instructions[position] = skip(here)
    }

    private mutating func emitChoice(_ children: [Term]) {
        emit(children[0])
        let position = instructions.count
        append(.choose(otherwise: 0, end: 0), pops: 1)
        emit(children[1])
        let jump = instructions.count
        append(.jump(0), pops: 1)
        let otherwise = here
        emit(children[2])
        instructions[position] = .choose(otherwise: otherwise, end: here)
        instructions[jump] = .jump(here)
    }
}
