import Testing

@Suite("The habits of the house")
struct HabitTests {
    /// Files that may read a clock, and why.
    static let clockReaders: [String: String] = [
        "Sources/Hub/HubClock.swift": "the hub's one clock; every other time is an argument"
    ]

    @Test("no file reads a clock except the one that may")
    func clocks() {
        // Deadlines of timers (`deadline: .now() + delay`) are delays, not readings: nothing is decided by them.
        let readings =
            /\bDate\(\)|\bDate\.now\b|\bclock_gettime\b|\bgettimeofday\b|\bContinuousClock\b|\bSuspendingClock\b|\bDispatchTime\.now\b|\bDispatchWallTime\.now\b|\btime\((?:nil|&)|\blocaltime(?:_r)?\(|(?:=|\(|,|\breturn|\b(?!deadline\b)\w+:)\s*\.now\(\)/
        for file in Checkout.sources where Self.clockReaders[file.path] == nil {
            expectNone(of: readings, in: file, "reads a clock; take the time as an argument")
        }
    }

    @Test("nothing in Sources can trap on purpose")
    func traps() {
        let traps = /\bfatalError\b|\bpreconditionFailure\b|\btry!|\bas!|\bunsafeBitCast\b|\bunowned\(unsafe\)/
        for file in Checkout.sources { expectNone(of: traps, in: file, "can trap; throw a typed error") }
    }

    @Test("preconditions are for programmers' contracts in Kernels and Vitals")
    func preconditions() {
        for file in Checkout.sources where !["Kernels", "Vitals"].contains(file.target) {
            expectNone(of: /\bprecondition\(/, in: file, "has a precondition; throw a typed error")
        }
    }

    @Test("tasks without an owner start only in the hub")
    func tasks() {
        for file in Checkout.sources where file.target != "Hub" {
            expectNone(of: /\bTask(?:\.detached)?\s*(?:\([^)]*\)\s*)?\{/, in: file, "starts an unowned task")
        }
    }

    @Test("every @unchecked Sendable has its proof beside it")
    func unchecked() {
        for file in Checkout.sources {
            for (n, line) in file.code.enumerated() where line.contains("@unchecked Sendable") {
                let near = file.lines[max(0, n - 3)...min(file.lines.count - 1, n + 3)]
                let hasProof = near.contains { $0.contains("//") && $0.contains("nchecked") }
                #expect(hasProof, "\(file.path):\(n + 1): say in a comment with the word unchecked why it is safe")
            }
        }
    }

    private func expectNone(of pattern: Regex<Substring>, in file: SourceFile, _ what: String) {
        // Unicode's word boundaries, the default, see none between `Clock` and `.now`.
        let pattern = pattern.wordBoundaryKind(.simple)
        for (n, line) in file.code.enumerated() where line.contains(pattern) {
            Issue.record("\(file.path):\(n + 1): \(what): \(file.lines[n].trimmingPrefix(while: \.isWhitespace))")
        }
    }
}

@Suite("How the tests above read Swift")
struct SourceFileTests {
    @Test("comments and text are no code, interpolations are")
    func blanking() {
        let file = SourceFile(
            path: "Sources/Hub/A.swift",
            text: """
                @preconcurrency import Dispatch
                import struct Vitals.Sample  // import Nothing
                let a = "try! \\(Date() + f("as!")) fatalError" /* try! /* nested */ try! */ + b
                let c = #"raw "try!" \\(not) \\#(inner)"#
                struct Hub {} // class Links
                """)
        #expect(file.imports.map(\.module) == ["Dispatch", "Vitals"])
        let code = file.code.joined(separator: "\n")
        #expect(!code.contains("try!") && !code.contains("fatalError") && !code.contains("as!"))
        #expect(code.contains("Date()") && code.contains("inner") && !code.contains("not") && code.contains("+ b"))
        #expect(file.types == ["Hub"])
        #expect(file.code.count == file.lines.count)
    }
}
