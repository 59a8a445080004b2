import Vitals

extension Program {
    /// The value of the expression; NaN when unknown. Asks `source` only for the features it needs to decide.
    ///
    /// The stack cannot overflow: `stackDepth` was counted while the program was written, and every instruction finds
    /// its operands because each term was emitted after its children.
    ///
    /// Complexity: O(instructions).
    @inlinable func run(_ source: some FeatureSource) -> Double {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: stackDepth + 1) { stack in
            instructions.withUnsafeBufferPointer { code in
                // Index of the top of the stack.
                var top = -1
                var next = 0
                while next < code.count {
                    let instruction = code[next]
                    next += 1
                    switch instruction {
                    case .constant(let value):
                        top += 1
                        stack[top] = value
                    case .feature(let slot):
                        top += 1
                        stack[top] = Logic.known(source.value(Int(slot)))
                    case .flag(let slot):
                        top += 1
                        stack[top] = Logic.flag(source.value(Int(slot)))
                    case .window(let slot, let coverage, let share):
                        top += 1
                        stack[top] =
                            source.value(Int(coverage)) >= share ? Logic.known(source.value(Int(slot))) : .nan
                    case .negate: stack[top] = -stack[top]
                    case .absolute: stack[top] = abs(stack[top])
                    case .add:
                        top -= 1
                        stack[top] = Logic.known(stack[top] + stack[top + 1])
                    case .subtract:
                        top -= 1
                        stack[top] = Logic.known(stack[top] - stack[top + 1])
                    case .multiply:
                        top -= 1
                        stack[top] = Logic.known(stack[top] * stack[top + 1])
                    case .divide:
                        top -= 1
                        stack[top] = Logic.known(stack[top] / stack[top + 1])
                    case .minimum:
                        top -= 1
                        stack[top] = Logic.minimum(stack[top], stack[top + 1])
                    case .maximum:
                        top -= 1
                        stack[top] = Logic.maximum(stack[top], stack[top + 1])
                    case .clamp:
                        top -= 2
                        stack[top] = Logic.clamp(stack[top], stack[top + 1], stack[top + 2])
                    case .compare(let comparison):
                        top -= 1
                        stack[top] = Logic.compare(comparison, stack[top], stack[top + 1])
                    case .not: stack[top] = Logic.not(stack[top])
                    case .and:
                        top -= 1
                        stack[top] = Logic.and(stack[top], stack[top + 1])
                    case .or:
                        top -= 1
                        stack[top] = Logic.or(stack[top], stack[top + 1])
                    case .skipIfFalse(let target):
                        if stack[top] == 0 { next = Int(target) }
                    case .skipIfTrue(let target):
                        if !stack[top].isNaN && stack[top] != 0 { next = Int(target) }
                    case .skipIfKnown(let target):
                        if stack[top].isNaN { top -= 1 } else { next = Int(target) }
                    case .choose(let otherwise, let end):
                        let condition = stack[top]
                        if condition.isNaN {
                            stack[top] = .nan
                            next = Int(end)
                        } else {
                            top -= 1
                            if condition == 0 { next = Int(otherwise) }
                        }
                    case .jump(let target): next = Int(target)
                    }
                }
                return top >= 0 ? stack[top] : .nan
            }
        }
    }
}
