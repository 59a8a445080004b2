/// A Swift file as the rules of the house look at it: what is code, without comments and text.
struct SourceFile: Sendable {
    /// From the package's root: `Sources/Vitals/Time/Zone.swift`.
    let path: String
    /// Lines as written.
    let lines: [Substring]
    /// The same lines with comments and the contents of string literals blanked out; interpolations stay.
    let code: [Substring]

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        code = SourceFile.blanked(text).split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// The room it lies in.
    var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }

    /// Modules it imports, with their line numbers.
    var imports: [(module: String, line: Int)] {
        let pattern =
            /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|protocol|typealias|func|var|let)\s+)?(\w+)/
        return code.enumerated().compactMap { n, line in
            line.firstMatch(of: pattern).map { (String($0.1), n + 1) }
        }
    }

    /// Names of the types it declares.
    var types: [String] {
        code.flatMap { line in
            line.matches(of: /\b(?:struct|class|enum|actor|protocol|typealias)\s+([A-Z]\w*|vitald)\b/).map {
                String($0.1)
            }
        }
    }

    private enum Context: Equatable {
        case code
        /// Inside `\( … )` of a literal; counts open parentheses.
        case interpolation(parentheses: Int)
        case text(hashes: Int, multiline: Bool)
        case comment(depth: Int)
        case lineComment
    }

    /// Replaces comments and literals by spaces, line for line.
    private static func blanked(_ text: String) -> String {
        let source = Array(text.utf8)
        var out: [UInt8] = []
        out.reserveCapacity(source.count)
        var stack: [Context] = [.code]
        var i = 0
        func follows(_ word: String, at start: Int) -> Bool { source.dropFirst(start).starts(with: word.utf8) }
        func emit(_ count: Int, blank: Bool) {
            for byte in source[i..<min(i + count, source.count)] {
                out.append(blank && byte != UInt8(ascii: "\n") ? UInt8(ascii: " ") : byte)
            }
            i += count
        }
        while i < source.count, let context = stack.last {
            let top = stack.count - 1
            switch context {
            case .lineComment:
                if source[i] == UInt8(ascii: "\n") { stack.removeLast() }
                emit(1, blank: true)
            case .comment(let depth):
                if follows("*/", at: i) {
                    if depth == 1 { stack.removeLast() } else { stack[top] = .comment(depth: depth - 1) }
                    emit(2, blank: true)
                } else if follows("/*", at: i) {
                    stack[top] = .comment(depth: depth + 1)
                    emit(2, blank: true)
                } else {
                    emit(1, blank: true)
                }
            case .text(let hashes, let multiline):
                let escape = "\\" + String(repeating: "#", count: hashes)
                let end = (multiline ? "\"\"\"" : "\"") + String(repeating: "#", count: hashes)
                if follows(escape + "(", at: i) {
                    stack.append(.interpolation(parentheses: 1))
                    emit(escape.utf8.count + 1, blank: true)
                } else if follows(escape, at: i) {
                    emit(escape.utf8.count + 1, blank: true)
                } else if follows(end, at: i) {
                    stack.removeLast()
                    emit(end.utf8.count, blank: false)
                } else {
                    // A literal on one line cannot run into the next: something odd, such as a regex with a quote.
                    if !multiline, source[i] == UInt8(ascii: "\n") { stack.removeLast() }
                    emit(1, blank: true)
                }
            case .code, .interpolation:
                if follows("//", at: i) {
                    stack.append(.lineComment)
                    emit(2, blank: true)
                } else if follows("/*", at: i) {
                    stack.append(.comment(depth: 1))
                    emit(2, blank: true)
                } else if source[i] == UInt8(ascii: "\"") || follows("#\"", at: i) || follows("##\"", at: i) {
                    let hashes = source[i...].prefix { $0 == UInt8(ascii: "#") }.count
                    let multiline = follows("\"\"\"", at: i + hashes)
                    stack.append(.text(hashes: hashes, multiline: multiline))
                    emit(hashes + (multiline ? 3 : 1), blank: false)
                } else if case .interpolation(let open) = context, source[i] == UInt8(ascii: ")") {
                    if open == 1 { stack.removeLast() } else { stack[top] = .interpolation(parentheses: open - 1) }
                    emit(1, blank: open == 1)
                } else {
                    if case .interpolation(let open) = context, source[i] == UInt8(ascii: "(") {
                        stack[top] = .interpolation(parentheses: open + 1)
                    }
                    emit(1, blank: false)
                }
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
