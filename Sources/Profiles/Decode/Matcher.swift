/// Runs patterns over lines and keeps the memory they need.
struct Matcher: Sendable {
    private struct Pending {
        /// The instruction to go on at, or the complement of a capture slot to restore.
        var place: Int
        var position: Int
    }

    /// Begin and end of each group of the last match, -1 where it took no part.
    private(set) var captures: [Int] = []
    private var visited: [UInt64] = []
    private var pending: [Pending] = []

    /// Where a group of the last match begins and ends, -1 where it took no part.
    func capture(_ group: Int) -> (start: Int, end: Int) {
        guard 2 * group + 1 < captures.count else { return (-1, -1) }
        return (captures[2 * group], captures[2 * group + 1])
    }

    /// Whether the pattern matches at the beginning of the line.
    ///
    /// - Complexity: O(instructions of the pattern × bytes of the line), at worst.
    mutating func matches(_ pattern: Pattern, _ line: Span<UInt8>) -> Bool {
        prepare(pattern, line)
        return matches(pattern, line, from: 0)
    }

    /// Whether the pattern matches anywhere in the line. The complexity is the same.
    mutating func matches(_ pattern: Pattern, anywhereIn line: Span<UInt8>) -> Bool {
        prepare(pattern, line)
        for start in 0...line.count where matches(pattern, line, from: start) { return true }
        return false
    }

    private mutating func prepare(_ pattern: Pattern, _ line: Span<UInt8>) {
        let words = (pattern.forks * (line.count + 1) + 63) >> 6
        if visited.count < words {
            visited = [UInt64](repeating: 0, count: words)
        } else {
            for i in 0..<words { visited[i] = 0 }
        }
        let needed = 2 * pattern.groups.count
        if captures.count < needed { captures += [Int](repeating: -1, count: needed - captures.count) }
    }

    private mutating func matches(_ pattern: Pattern, _ line: Span<UInt8>, from start: Int) -> Bool {
        let count = line.count
        if pattern.firstByte >= 0 {
            guard start < count, Int(line[start]) == pattern.firstByte else { return false }
        }
        for i in 0..<2 * pattern.groups.count { captures[i] = -1 }
        pending.removeAll(keepingCapacity: true)
        let instructions = pattern.instructions
        let width = count + 1
        var place = 0
        var position = start
        while true {
            var fails = false
            switch instructions[place] {
            case .byte(let byte):
                fails = position >= count || line[position] != byte
                position += 1
                place += 1
            case .oneOf(let index):
                fails = position >= count || !pattern.classes[index].contains(line[position])
                position += 1
                place += 1
            case .fork(let first, let second, let number):
                // Having failed from here once, it would fail again.
                let bit = number * width + position
                fails = visited[bit >> 6] >> UInt64(bit & 63) & 1 != 0
                visited[bit >> 6] |= 1 << UInt64(bit & 63)
                if !fails { pending.append(Pending(place: second, position: position)) }
                place = first
            case .jump(let target): place = target
            case .save(let slot):
                pending.append(Pending(place: ~slot, position: captures[slot]))
                captures[slot] = position
                place += 1
            case .atStart:
                fails = position != 0
                place += 1
            case .atEnd:
                fails = position != count
                place += 1
            case .accept: return true
            }
            if fails {
                while true {
                    guard let last = pending.popLast() else { return false }
                    if last.place >= 0 {
                        place = last.place
                        position = last.position
                        break
                    }
                    captures[~last.place] = last.position
                }
            }
        }
    }
}
