import JSON5

/// The words of a command line, read by the command's `Syntax`.
struct Arguments: Sendable {
    let syntax: Syntax
    private(set) var positionals: [String] = []
    private var values: [String: [String]] = [:]
    private var flags: Set<String> = []
    /// `--help` or `-h` was among the words; then nothing was checked for completeness.
    private(set) var asksForHelp = false

    /// Reads the words after the command's name.
    ///
    /// A word that begins with a dash is an option, except `-` itself and negative numbers. An option's value is the
    /// next word or follows `=`; after `--` no word is an option.
    ///
    /// - Throws: `CommandError` with code `usage`.
    init(_ words: some Sequence<String>, for syntax: Syntax) throws(CommandError) {
        self.syntax = syntax
        var rest = Array(words)[...]
        while let word = rest.popFirst() {
            if word == "--" {
                positionals += rest
                break
            }
            guard Arguments.looksLikeOption(word) else {
                positionals.append(word)
                continue
            }
            if word == "--help" || word == "-h" {
                asksForHelp = true
            } else {
                try take(option: word, from: &rest)
            }
        }
        if !asksForHelp { try checkCompleteness() }
    }

    /// Whether a word is an option rather than a value: `-5`, `-.5` and `-` are values.
    static func looksLikeOption(_ word: String) -> Bool {
        guard word.utf8.first == UInt8(ascii: "-"), let second = word.dropFirst().first else { return false }
        return !(second.isASCII && second.isNumber || second == ".")
    }

    private mutating func take(option word: String, from rest: inout ArraySlice<String>) throws(CommandError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let written = String(parts.first ?? "")
        guard written.hasPrefix("--"), let option = syntax.option(written.dropFirst(2)) else {
            throw unknown(written)
        }
        guard option.value != nil else {
            guard parts.count == 1 else { throw .usage("--\(option.name) takes no value") }
            flags.insert(option.name)
            return
        }
        if !option.repeats, values[option.name] != nil { throw .usage("--\(option.name) is given twice") }
        if parts.count == 2 {
            values[option.name, default: []].append(String(parts[1]))
        } else if let next = rest.first, next != "--", !Arguments.looksLikeOption(next) {
            values[option.name, default: []].append(next)
            rest.removeFirst()
        } else {
            let dash = rest.first.map { ", or --\(option.name)=\($0) if that is the value" } ?? ""
            throw .usage("--\(option.name) needs a value: --\(option.name) \(option.value ?? "")\(dash)")
        }
    }

    private func unknown(_ written: String) -> CommandError {
        let known = syntax.options.map { "--\($0.name)" } + ["--help"]
        let doubled = written.hasPrefix("--") ? written : "-\(written)"
        return .usage("unknown option '\(written)'", hint: didYouMean(doubled, in: known))
    }

    private func checkCompleteness() throws(CommandError) {
        if let missing = syntax.positionals.dropFirst(positionals.count).first(where: { !$0.isOptional }) {
            throw .usage("\(missing.name) is missing: \(syntax.usage)")
        }
        if let last = syntax.positionals.last, last.repeats {
            // Takes any number.
        } else if positionals.count > syntax.positionals.count {
            throw .usage("'\(positionals[syntax.positionals.count])' is one argument too many: \(syntax.usage)")
        }
        for option in syntax.options where option.isRequired && values[option.name] == nil {
            throw .usage("--\(option.name) is missing: \(syntax.usage)")
        }
    }

    /// Whether a flag was given.
    func has(_ flag: String) -> Bool { flags.contains(flag) }

    /// All values of an option, in the order given.
    func all(_ option: String) -> [String] { values[option] ?? [] }

    /// The value of an option, as it was written.
    func text(_ option: String) -> String? { values[option]?.last }

    /// The value of an option that its syntax requires.
    func required(_ option: String) throws(CommandError) -> String {
        guard let value = text(option) else { throw .usage("--\(option) is missing: \(syntax.usage)") }
        return value
    }

    /// The argument in place `index`, counted from 0.
    func positional(_ index: Int) throws(CommandError) -> String {
        guard positionals.indices.contains(index) else { throw .usage("too few arguments: \(syntax.usage)") }
        return positionals[index]
    }
}
