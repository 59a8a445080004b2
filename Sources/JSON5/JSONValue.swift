/// A JSON5 value. Placeholder of the very first commit.
public enum JSONValue: Sendable {
    case null
}
