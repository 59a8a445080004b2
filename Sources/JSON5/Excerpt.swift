/// The part of a source line that is shown above a caret, made safe for a terminal.
struct Excerpt {
    /// The line, or its part around the column.
    private(set) var line = ""
    /// What brings a caret under the column.
    private(set) var padding = ""

    /// Longer lines are cut, to stay readable in a terminal.
    static let longestLine = 160
    /// How much of a cut line is shown on either side of the column.
    static let reach = 60

    /// Complexity: O(length of the line).
    init(of source: String, column: Int) {
        let scalars = Array(source.unicodeScalars)
        let caret = min(max(column - 1, 0), scalars.count)
        var shown = 0..<scalars.count
        if scalars.count > Self.longestLine {
            shown = max(0, caret - Self.reach)..<min(scalars.count, caret + Self.reach)
        }
        if shown.lowerBound > 0 {
            line += "…"
            padding += " "
        }
        for index in shown {
            let scalar = Self.printable(scalars[index])
            line.unicodeScalars.append(scalar)
            if index < caret { padding += Self.blank(asWideAs: scalar) }
        }
        if shown.upperBound < scalars.count { line += "…" }
    }

    /// The scalar itself, or U+FFFD where it would move a terminal's cursor or reorder its text.
    static func printable(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        if scalar == "\t" { return scalar }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return "\u{FFFD}"
        default: return scalar
        }
    }

    private static func blank(asWideAs scalar: Unicode.Scalar) -> String {
        if scalar == "\t" { return "\t" }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return ""
        default: return wideRanges.contains { $0.contains(scalar.value) } ? "  " : " "
        }
    }

    /// Scalars that fill two cells: the large blocks of East Asian Width W and F (Unicode Standard Annex 11).
    private static let wideRanges: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
        0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
    ]
}

/// A piece of foreign text in single quotes, cut and made printable, for use in a message.
///
/// Complexity: O(1).
func quoted(_ text: some StringProtocol) -> String {
    /// Enough to recognise any key or word that people write.
    let longest = 60
    var shown = "'"
    for scalar in text.unicodeScalars.prefix(longest) {
        shown.unicodeScalars.append(scalar == "\t" ? " " : Excerpt.printable(scalar))
    }
    return shown + (text.unicodeScalars.dropFirst(longest).isEmpty ? "'" : "…'")
}
