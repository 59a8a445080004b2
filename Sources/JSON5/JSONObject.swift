/// The members of an object, in the order of the text. Keys are unique.
public struct JSONObject: Sendable {
    /// One `key: value` pair.
    public struct Member: Sendable {
        /// The key, decoded.
        public let key: String
        /// The first character of the key, or its opening quote.
        public let keyLocation: SourceLocation
        /// The value.
        public let node: JSONNode
    }

    /// All members, in the order of the text.
    public private(set) var members: [Member] = []
    private var positions: [String: Int] = [:]

    /// An object without members.
    public init() {}

    /// The value of a key, or `nil` when the object has no such key. Complexity: O(1).
    public subscript(key: String) -> JSONNode? { member(key)?.node }

    /// The member with a key, or `nil` when the object has no such key. Complexity: O(1).
    public func member(_ key: String) -> Member? {
        positions[key].map { members[$0] }
    }

    /// Adds a member, whose key is new, at the end.
    ///
    /// Keys are compared as Swift compares strings: two spellings of one Unicode text are the same key.
    mutating func append(_ member: Member) {
        positions[member.key] = members.count
        members.append(member)
    }
}
