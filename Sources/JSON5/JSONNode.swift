/// A value and the place where it begins.
///
/// For a place inside a string see `JSONDocument.location(ofUTF8Offset:in:)`.
public struct JSONNode: Sendable {
    /// What the node holds.
    public let value: JSONValue
    /// The first character of the value; for a string its opening quote.
    public let location: SourceLocation

    public init(value: JSONValue, location: SourceLocation) {
        self.value = value
        self.location = location
    }
}
