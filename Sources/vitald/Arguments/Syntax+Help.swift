extension Syntax {
    /// How wide help is set: fits the narrowest common terminal.
    static let helpWidth = 80

    /// `vitald import FILE… --store FILE [options]`
    var usage: String {
        var words = ["vitald", command] + positionals.map(\.form)
        words += options.filter(\.isRequired).map { Syntax.form(of: $0) }
        if options.contains(where: { !$0.isRequired }) { words.append("[options]") }
        return words.joined(separator: " ")
    }

    /// The whole help of the command.
    var help: String {
        var lines = ["\(purpose).", "", "Usage: \(usage)"]
        if !positionals.isEmpty {
            lines += ["", "Arguments:"] + Syntax.columns(positionals.map { ($0.form, $0.about) })
        }
        let all = options.map { (Syntax.form(of: $0), Syntax.about($0)) } + [("--help, -h", "show this")]
        lines += ["", "Options:"] + Syntax.columns(all)
        for note in notes { lines += [""] + Syntax.wrapped(note, width: Syntax.helpWidth) }
        lines += ["", examples.count == 1 ? "Example:" : "Examples:"] + examples.map { "  \($0)" }
        return lines.joined(separator: "\n")
    }

    private static func form(of option: Option) -> String {
        option.value.map { "--\(option.name) \($0)" } ?? "--\(option.name)"
    }

    private static func about(_ option: Option) -> String {
        var about = option.about
        if option.isRequired { about += " (required)" }
        if option.repeats { about += " (may be repeated)" }
        return about
    }

    /// Two columns, the right one wrapped; a long left entry has its line to itself.
    static func columns(_ rows: [(left: String, right: String)]) -> [String] {
        let longest = 26
        let gap = 2
        let left = rows.map(\.left.count).filter { $0 <= longest }.max() ?? longest
        let indent = String(repeating: " ", count: 2 + left + gap)
        var lines: [String] = []
        for row in rows {
            var wrapped = Syntax.wrapped(row.right, width: helpWidth - indent.count)[...]
            if row.left.count <= left {
                let padding = String(repeating: " ", count: left + gap - row.left.count)
                lines.append("  \(row.left)\(padding)\(wrapped.popFirst() ?? "")")
            } else {
                lines.append("  \(row.left)")
            }
            lines += wrapped.map { indent + $0 }
        }
        return lines
    }

    static func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " \(word)"
        }
        if !line.isEmpty { lines.append(line) }
        return lines
    }
}
