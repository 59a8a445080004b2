import Vitals

extension Inversion {
    /// Makes all tests hold.
    mutating func satisfy(_ conjunction: Stretch) -> Bool {
        conjunction.indices.allSatisfy { satisfy(program.code.tests[$0]) }
    }

    /// Makes one of the tests fail.
    mutating func refute(_ conjunction: Stretch) -> Bool {
        for index in conjunction.indices {
            let saved = goals
            if refute(program.code.tests[index]) { return true }
            goals = saved
        }
        return false
    }

    private mutating func satisfy(_ test: Test) -> Bool {
        switch test.kind {
        case .bitSet:
            present(test.slot) && require(test.slot, bits: 1 &<< UInt64(test.bit), mask: 1 &<< UInt64(test.bit))
        case .bitClear: present(test.slot) && require(test.slot, bits: 0, mask: 1 &<< UInt64(test.bit))
        case .equal: want(test.slot, test.value)
        case .among:
            test.numbers.indices.contains { index in
                let saved = goals
                if want(test.slot, program.code.numbers[index]) { return true }
                goals = saved
                return false
            }
        case .present: present(test.slot)
        case .absent: absent(test.slot)
        }
    }

    private mutating func refute(_ test: Test) -> Bool {
        if goals[Int(test.slot)].isPresent == false { return test.kind != .absent }
        switch test.kind {
        case .bitSet: return require(test.slot, bits: 0, mask: 1 &<< UInt64(test.bit))
        case .bitClear: return require(test.slot, bits: 1 &<< UInt64(test.bit), mask: 1 &<< UInt64(test.bit))
        case .equal: return avoid(test.slot, [test.value])
        case .among: return avoid(test.slot, test.numbers.indices.map { program.code.numbers[$0] })
        case .present: return absent(test.slot)
        case .absent: return present(test.slot)
        }
    }

    /// Keeps a slot from holding one of these numbers.
    private mutating func avoid(_ slot: Int32, _ numbers: [Double]) -> Bool {
        if let known = known(slot) { return !numbers.contains(known) }
        goals[Int(slot)].avoided += numbers
        return true
    }

    /// Whether the tests hold already, whatever is decided later.
    func isCertain(_ conjunction: Stretch) -> Bool {
        !conjunction.isEmpty
            && conjunction.indices.allSatisfy { index in
                let test = program.code.tests[index]
                let goal = goals[Int(test.slot)]
                let bit: UInt64 = 1 &<< UInt64(test.bit)
                return switch test.kind {
                case .bitSet: goal.isPresent == true && goal.mask & goal.bits & bit != 0
                case .bitClear: goal.isPresent == true && goal.mask & ~goal.bits & bit != 0
                case .equal: goal.isPresent == true && known(test.slot) == test.value
                case .among: test.numbers.indices.contains { known(test.slot) == program.code.numbers[$0] }
                case .present: goal.isPresent == true
                case .absent: goal.isPresent == false
                }
            }
    }
}
