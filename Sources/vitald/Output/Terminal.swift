import Glibc

/// What is known about where an output goes: whether somebody looks at it, how wide it is, whether it takes colour.
struct Terminal: Sendable {
    /// Nobody looks: plain lines of any length.
    static let none = Terminal(width: nil, hasColour: false)

    /// Columns; nil when the output is not a terminal.
    let width: Int?
    let hasColour: Bool

    init(width: Int?, hasColour: Bool) {
        self.width = width
        self.hasColour = hasColour
    }

    /// Looks at a descriptor. Colour needs a terminal that is not `dumb`, and no `NO_COLOR` (no-color.org).
    init(descriptor: Int32, environment: (String) -> String? = Terminal.variable) {
        guard isatty(descriptor) == 1 else {
            self = .none
            return
        }
        var size = winsize()
        let known = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        let width = known ? Int(size.ws_col) : environment("COLUMNS").flatMap { Int($0) } ?? 80
        self.width = max(width, 20)
        hasColour = (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
    }

    var isTerminal: Bool { width != nil }

    enum Style: String, Sendable {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case urgent = "1;31"
    }

    /// The text in a style, where the terminal has colour.
    func paint(_ text: String, _ style: Style?) -> String {
        guard hasColour, let style, !text.isEmpty else { return text }
        return "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m"
    }

    /// A variable of the environment.
    static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
