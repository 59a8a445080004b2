import JSON5
import Vitals

// The small languages inside strings: durations, rates, bytes in hexadecimal, UUIDs, patterns.
extension JSONReader {
    /// The longest duration a profile may name.
    private static let longestSpan = TimeSpan.days(7)

    /// `500ms`, `15s`, `10min`, `2h`, `1d`: more than nothing, at most a week.
    func duration() throws(JSONError) -> TimeSpan {
        let span = try Self.duration(try string())
        guard let span, span > .zero, span <= Self.longestSpan else {
            throw error("expected a duration from 1ms to 7d, such as 500ms, 15s, 10min, 2h")
        }
        return span
    }

    static func duration(_ text: String) throws(JSONError) -> TimeSpan? {
        let units: [(String, Int64)] = [
            ("ms", 1), ("min", 60_000), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
        ]
        for (name, length) in units where text.hasSuffix(name) {
            guard let number = Int64(text.dropLast(name.count)) else { continue }
            let (product, overflow) = number.multipliedReportingOverflow(by: length)
            return overflow ? nil : TimeSpan(milliseconds: product)
        }
        return nil
    }

    /// `5/s`, `90/min`: per second.
    func rate() throws(JSONError) -> Double {
        let text = try string()
        for (suffix, seconds) in [("/s", 1.0), ("/min", 60.0), ("/h", 3600.0)] where text.hasSuffix(suffix) {
            if let number = Double(text.dropLast(suffix.count)), number > 0, number.isFinite { return number / seconds }
        }
        throw error("expected a rate such as 5/s or 90/min")
    }

    /// `7d 81 a1`, at most as long as a frame.
    func hexadecimal() throws(JSONError) -> [UInt8] {
        var bytes: [UInt8] = []
        var high: UInt8?
        for (offset, byte) in try string().utf8.enumerated() {
            if byte == UInt8(ascii: " "), high == nil { continue }
            guard let digit = byte.hexDigit else {
                throw error(atUTF8Offset: offset, "expected two hexadecimal digits per byte, such as 7d 81 a1")
            }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        guard high == nil else { throw error("a hexadecimal digit is left over; each byte takes two") }
        return bytes
    }

    /// - Parameter names: what `$name` stands for.
    func uuid(_ names: [String: String]) throws(JSONError) -> BluetoothUUID {
        var text = try string()
        if text.hasPrefix("$") {
            let name = String(text.dropFirst())
            guard let value = names[name] else {
                throw error("there is no '\(name)' in vars", hint: didYouMean(name, in: names.keys.sorted()))
            }
            text = value
        }
        guard let uuid = BluetoothUUID(text) else {
            throw error("expected a UUID such as 180D or 00030001-78fc-48fe-8e23-433b3a1942d0")
        }
        return uuid
    }

    func pattern() throws(JSONError) -> Pattern {
        do throws(PatternError) {
            return try Pattern(try patternText())
        } catch {
            throw self.error(atUTF8Offset: error.offset, "the pattern does not work: \(error.message)")
        }
    }

    private func patternText() throws(PatternError) -> String {
        guard case .string(let text) = node.value else {
            throw PatternError(offset: 0, message: "it must be a string")
        }
        return text
    }

    /// A short stable word: letters, digits, `-`, `_`, `.`.
    func word() throws(JSONError) -> String {
        let text = try string()
        let isWord = text.utf8.allSatisfy {
            ByteClass.word.contains($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
        }
        guard isWord, !text.isEmpty, text.utf8.count <= 64 else {
            throw error("expected a short word of letters, digits, '-', '_' and '.'")
        }
        return text
    }

    /// A value that is one object or a list of them.
    func oneOrMore() throws(JSONError) -> [JSONReader] {
        if case .array = node.value { return try array() }
        return [self]
    }
}
