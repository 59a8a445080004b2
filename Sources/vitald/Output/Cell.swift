import JSON5
import Vitals

/// One field of a row, still as a value: each format writes it in its own way.
enum Cell: Sendable {
    case text(String, Terminal.Style? = nil)
    case integer(Int)
    /// NaN is *unknown*.
    case number(Double)
    case boolean(Bool)
    /// A share 0…1.
    case share(Double)
    /// Tables show it local to the zone, the other formats in UTC.
    case time(Timestamp, Zone)
    /// An id; tables show its first eight digits, which `vitald explain` takes too.
    case id(String)
    case missing

    /// A value of seven digits, with no more digits than that: 36.6, not 36.599998.
    static func single(_ value: Float) -> Cell { .number(Double(value.description) ?? .nan) }

    /// In CSV: empty when missing.
    var csv: String {
        switch self {
        case .text(let text, _), .id(let text): Cell.quoted(text)
        case .integer(let value): String(value)
        case .number(let value), .share(let value): value.isFinite ? value.jsonText : ""
        case .boolean(let value): value ? "true" : "false"
        case .time(let time, _): ISO8601.format(time)
        case .missing: ""
        }
    }

    /// RFC 4180 §2: fields with a comma, a quote or a line end stand in quotes, quotes inside are doubled.
    static func quoted(_ text: String) -> String {
        let special: Set<UInt8> = [0x2C, 0x22, 0x0A, 0x0D]
        guard text.utf8.contains(where: special.contains) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    func write(_ key: String, to json: inout JSONWriter) {
        switch self {
        case .text(let text, _), .id(let text): json.member(key, text)
        case .integer(let value): json.member(key, value)
        case .number(let value), .share(let value): json.member(key, value)
        case .boolean(let value): json.member(key, value)
        case .time(let time, _): json.member(key, ISO8601.format(time))
        case .missing: json.null(key)
        }
    }

    /// In a table; `decimals` is what its column shows.
    func shown(decimals: Int) -> String {
        switch self {
        case .text(let text, _): TextWidth.printable(text)
        case .id(let text): String(text.prefix(8))
        case .integer(let value): String(value)
        case .number(let value): value.isFinite ? Decimal.text(value, decimals: decimals) : "unknown"
        case .boolean(let value): value ? "yes" : "no"
        case .share(let value): value.isFinite ? Decimal.text(value * 100, decimals: 1) + " %" : "unknown"
        case .time(let time, let zone): Cell.clock(time, in: zone)
        case .missing: "–"
        }
    }

    var style: Terminal.Style? {
        switch self {
        case .text(_, let style): style
        case .number(let value) where !value.isFinite: .dim
        case .missing: .dim
        default: nil
        }
    }

    /// `2026-11-21 23:00:05` as clocks in the zone show it; the heading names the zone.
    private static func clock(_ time: Timestamp, in zone: Zone) -> String {
        let local = ISO8601.format(time + zone.offset(at: time))
        let parts = local.split(separator: "T", maxSplits: 1)
        guard parts.count == 2, let clock = parts.last else { return local }
        return "\(parts[0]) \(clock.dropLast())"
    }
}

/// Numbers with a fixed count of decimals, without a locale.
enum Decimal {
    /// Tables show no more: sensors know no more.
    static let mostDecimals = 3

    /// How many decimals, up to three, the value has.
    static func count(_ value: Double) -> Int {
        guard value.isFinite, value.magnitude < 1e12 else { return 0 }
        let thousandths = Int((value * 1000).rounded())
        if thousandths % 1000 == 0 { return 0 }
        if thousandths % 100 == 0 { return 1 }
        return thousandths % 10 == 0 ? 2 : mostDecimals
    }

    /// Rounded half away from zero to `decimals` (0…3) places.
    static func text(_ value: Double, decimals: Int) -> String {
        let scale = [1, 10, 100, 1000][min(max(decimals, 0), mostDecimals)]
        guard value.isFinite, value.magnitude < 1e12 else { return "\(value)" }
        let scaled = Int((value * Double(scale)).rounded())
        let sign = scaled < 0 ? "-" : ""
        let whole = scaled.magnitude / UInt(scale)
        guard decimals > 0 else { return "\(sign)\(whole)" }
        let fraction = String(scaled.magnitude % UInt(scale))
        return "\(sign)\(whole).\(String(repeating: "0", count: max(0, decimals - fraction.count)))\(fraction)"
    }
}
