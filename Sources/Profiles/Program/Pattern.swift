/// A regular expression over the bytes of a line, in a language whose matching time is bounded.
///
/// Literals, `.`, classes, `\d \w \s` and their opposites, `^ $`, groups `( )`, `(?: )`, `(?<name> )`, alternatives,
/// and `? * + {m} {m,n}`, each also lazy. No backreferences and no look-around: without them a match visits no pair
/// of (instruction, position) twice, so that it costs at most instructions × bytes whatever a foreign pattern or a
/// foreign line looks like. Preferences are those of Perl (first alternative, greedy unless lazy).
///
/// Why not `Regex` of the standard library: its matcher backtracks without a budget, so that `(a*)*$` hangs it, and it
/// works on characters, an order of magnitude slower than bytes.
///
/// Source: R. Cox, Regular Expression Matching: the Virtual Machine Approach (2009), section "Backtracking with
/// memoization".
public struct Pattern: Hashable, Sendable {
    enum Instruction: Hashable, Sendable {
        case byte(UInt8)
        /// A byte of the class with that index.
        case oneOf(Int)
        /// Goes on at the first, and failing that at the second; the third numbers the fork.
        case fork(Int, Int, Int)
        case jump(Int)
        /// Remembers the position in a capture slot.
        case save(Int)
        case atStart
        case atEnd
        case accept
    }

    /// What it was compiled from.
    public let source: String
    /// Names of the groups; a group without a name has an empty one.
    let groups: [String]
    let instructions: [Instruction]
    /// 256 bits each.
    let classes: [ByteClass]
    let forks: Int
    /// The byte every match begins with, or -1.
    let firstByte: Int

    /// Longest compiled form. With lines of 4096 bytes a match then takes at most 4 M steps.
    static let mostInstructions = 1024
    static let deepestNesting = 16
    static let mostGroups = 32

    /// - Throws: `PatternError` with the place of the first mistake.
    public init(_ source: String) throws(PatternError) {
        var parser = PatternParser(source)
        try parser.parse()
        self.source = source
        groups = parser.groups
        instructions = parser.instructions
        classes = parser.classes
        forks = parser.forks
        var first = -1
        search: for instruction in parser.instructions {
            switch instruction {
            case .atStart, .save: continue
            case .byte(let byte): first = Int(byte)
            default: break
            }
            break search
        }
        firstByte = first
    }

    public static func == (a: Pattern, b: Pattern) -> Bool { a.source == b.source }
    public func hash(into hasher: inout Hasher) { hasher.combine(source) }
}

/// A set of bytes.
struct ByteClass: Hashable, Sendable {
    private(set) var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    func contains(_ byte: UInt8) -> Bool {
        let word =
            switch byte >> 6 {
            case 0: words.0
            case 1: words.1
            case 2: words.2
            default: words.3
            }
        return word >> UInt64(byte & 63) & 1 != 0
    }

    mutating func insert(_ byte: UInt8) {
        let bit = UInt64(1) << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }

    mutating func insert(_ range: ClosedRange<UInt8>) {
        for byte in range { insert(byte) }
    }

    mutating func formUnion(_ other: ByteClass) {
        words = (
            words.0 | other.words.0, words.1 | other.words.1, words.2 | other.words.2, words.3 | other.words.3
        )
    }

    var inverted: ByteClass {
        var other = ByteClass()
        other.words = (~words.0, ~words.1, ~words.2, ~words.3)
        return other
    }

    static func == (a: ByteClass, b: ByteClass) -> Bool { a.words == b.words }

    func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }

    static let digits: ByteClass = {
        var set = ByteClass()
        set.insert(UInt8(ascii: "0")...UInt8(ascii: "9"))
        return set
    }()

    static let word: ByteClass = {
        var set = digits
        set.insert(UInt8(ascii: "a")...UInt8(ascii: "z"))
        set.insert(UInt8(ascii: "A")...UInt8(ascii: "Z"))
        set.insert(UInt8(ascii: "_"))
        return set
    }()

    static let space: ByteClass = {
        var set = ByteClass()
        set.insert(9...13)
        set.insert(UInt8(ascii: " "))
        return set
    }()

    /// `.`: everything but a line end.
    static let anything: ByteClass = {
        var set = ByteClass()
        set.insert(UInt8(ascii: "\n"))
        return set.inverted
    }()
}

/// Where a pattern stopped making sense.
public struct PatternError: Error, Hashable, Sendable {
    /// Distance from the beginning of the pattern in UTF-8 bytes.
    public var offset: Int
    public var message: String
}
