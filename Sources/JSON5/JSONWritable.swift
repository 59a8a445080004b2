/// A value that can be written as JSON. A type of another module conforms by calling `object` or `array` of the writer.
public protocol JSONWritable {
    /// Writes this value, and only this one.
    func write(to json: inout JSONWriter)
}

extension JSONWritable {
    /// This value as compact JSON text.
    public var jsonText: String {
        var json = JSONWriter()
        write(to: &json)
        return json.text
    }
}

extension String: JSONWritable {
    public func write(to json: inout JSONWriter) { json.writeString(self) }
}

extension Substring: JSONWritable {
    public func write(to json: inout JSONWriter) { json.writeString(self) }
}

extension Bool: JSONWritable {
    public func write(to json: inout JSONWriter) { json.raw(self ? "true" : "false") }
}

extension BinaryInteger {
    /// Writes all digits, also beyond 2^53, where readers that know only `Double` lose some.
    public func write(to json: inout JSONWriter) { json.raw(String(self)) }
}

extension Int: JSONWritable {}
extension Int8: JSONWritable {}
extension Int16: JSONWritable {}
extension Int32: JSONWritable {}
extension Int64: JSONWritable {}
extension UInt: JSONWritable {}
extension UInt8: JSONWritable {}
extension UInt16: JSONWritable {}
extension UInt32: JSONWritable {}
extension UInt64: JSONWritable {}

extension BinaryFloatingPoint where Self: CustomStringConvertible {
    /// Writes the shortest digits that read back as the same value of this type; a whole number without ".0"; NaN and
    /// infinity, which JSON does not have, as `null`.
    public func write(to json: inout JSONWriter) {
        guard isFinite else { return json.null() }
        let digits = description
        json.raw(digits.hasSuffix(".0") ? String(digits.dropLast(2)) : digits)
    }
}

extension Double: JSONWritable {}
extension Float: JSONWritable {}

extension Optional: JSONWritable where Wrapped: JSONWritable {
    public func write(to json: inout JSONWriter) {
        if let self { self.write(to: &json) } else { json.null() }
    }
}

extension Array: JSONWritable where Element: JSONWritable {
    public func write(to json: inout JSONWriter) {
        json.array { json in
            for element in self { json.value(element) }
        }
    }
}

extension JSONNode: JSONWritable {
    public func write(to json: inout JSONWriter) { value.write(to: &json) }
}

extension JSONValue: JSONWritable {
    public func write(to json: inout JSONWriter) {
        switch self {
        case .null: json.null()
        case .bool(let flag): flag.write(to: &json)
        case .number(let number): number.write(to: &json)
        case .string(let text): text.write(to: &json)
        case .array(let elements): elements.write(to: &json)
        case .object(let object): object.write(to: &json)
        }
    }
}

extension JSONObject: JSONWritable {
    public func write(to json: inout JSONWriter) {
        json.object { json in
            for member in members { json.member(member.key, member.node) }
        }
    }
}
