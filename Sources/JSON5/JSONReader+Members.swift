// Members by key. Each accessor throws when the value is no object, when the member is of another kind than asked for,
// and, unless it is called optional, when the member is missing. An optional member may also be `null`.
extension JSONReader {
    /// The members of an object whose keys are free, in the order of the text.
    public func members() throws(JSONError) -> [(key: String, keyLocation: SourceLocation, reader: JSONReader)] {
        try object().members.map { ($0.key, $0.keyLocation, child($0.key, $0.node)) }
    }

    /// The member with a key, of whatever kind; `nil` when it is missing or `null`.
    public func optional(_ key: String) throws(JSONError) -> JSONReader? {
        guard let node = try object()[key] else { return nil }
        if case .null = node.value { return nil }
        return child(key, node)
    }

    /// The member with a key, of whatever kind, `null` included.
    public func required(_ key: String) throws(JSONError) -> JSONReader {
        guard let node = try object()[key] else {
            throw error("\(subject) lacks the key \(quoted(key))", code: .missingKey)
        }
        return child(key, node)
    }

    /// Whether there is a member with a key, `null` included; `false` when the value is no object.
    public func has(_ key: String) -> Bool {
        guard case .object(let object) = node.value else { return false }
        return object[key] != nil
    }

    private func child(_ key: String, _ node: JSONNode) -> JSONReader {
        JSONReader(document, node, path: path.isEmpty ? key : "\(path).\(key)")
    }

    /// A member that is an object; see `object(known:allowExtensions:)`.
    public func object(
        _ key: String, known: [String], allowExtensions: Bool = true
    ) throws(JSONError) -> JSONReader {
        try required(key).object(known: known, allowExtensions: allowExtensions)
    }

    /// A member that is an object, if it is there; see `object(known:allowExtensions:)`.
    public func optionalObject(
        _ key: String, known: [String], allowExtensions: Bool = true
    ) throws(JSONError) -> JSONReader? {
        try optional(key)?.object(known: known, allowExtensions: allowExtensions)
    }

    /// A member that is an array.
    public func array(_ key: String) throws(JSONError) -> [JSONReader] { try required(key).array() }

    /// A member that is an array, if it is there.
    public func optionalArray(_ key: String) throws(JSONError) -> [JSONReader]? { try optional(key)?.array() }

    /// A member that is an array of strings.
    public func stringList(_ key: String) throws(JSONError) -> [String] { try required(key).stringList() }

    /// A member that is an array of strings, if it is there.
    public func optionalStringList(_ key: String) throws(JSONError) -> [String]? { try optional(key)?.stringList() }

    /// A member that is a string.
    public func string(_ key: String) throws(JSONError) -> String { try required(key).string() }

    /// A member that is a string, if it is there.
    public func optionalString(_ key: String) throws(JSONError) -> String? { try optional(key)?.string() }

    /// A member that is a boolean.
    public func bool(_ key: String) throws(JSONError) -> Bool { try required(key).bool() }

    /// A member that is a boolean, if it is there.
    public func optionalBool(_ key: String) throws(JSONError) -> Bool? { try optional(key)?.bool() }

    /// A member that is a finite number.
    public func number(_ key: String, in range: ClosedRange<Double>? = nil) throws(JSONError) -> Double {
        try required(key).number(in: range)
    }

    /// A member that is a finite number, if it is there.
    public func optionalNumber(_ key: String, in range: ClosedRange<Double>? = nil) throws(JSONError) -> Double? {
        try optional(key)?.number(in: range)
    }

    /// A member that is an exact integer; see `integer(in:)`.
    public func integer(_ key: String, in range: ClosedRange<Int>? = nil) throws(JSONError) -> Int {
        try required(key).integer(in: range)
    }

    /// A member that is an exact integer, if it is there; see `integer(in:)`.
    public func optionalInteger(_ key: String, in range: ClosedRange<Int>? = nil) throws(JSONError) -> Int? {
        try optional(key)?.integer(in: range)
    }

    /// A member that is one of a few words.
    public func oneOf(_ key: String, allowed: [String]) throws(JSONError) -> String {
        try required(key).oneOf(allowed: allowed)
    }

    /// A member that is one of a few words, if it is there.
    public func optionalOneOf(_ key: String, allowed: [String]) throws(JSONError) -> String? {
        try optional(key)?.oneOf(allowed: allowed)
    }

    /// A member that names a case of an enumeration.
    public func oneOf<Choice>(_ key: String, _ type: Choice.Type) throws(JSONError) -> Choice
    where Choice: CaseIterable & RawRepresentable, Choice.RawValue == String {
        try required(key).oneOf(type)
    }

    /// A member that names a case of an enumeration, if it is there.
    public func optionalOneOf<Choice>(_ key: String, _ type: Choice.Type) throws(JSONError) -> Choice?
    where Choice: CaseIterable & RawRepresentable, Choice.RawValue == String {
        try optional(key)?.oneOf(type)
    }
}
