/// What a node of a JSON5 document holds.
///
/// Numbers are `Double`, as in JSON5: integers are exact up to 2^53 - 1. `number` may be NaN or infinite, because JSON5
/// has literals for them; `JSONReader` refuses those two.
public indirect enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONNode])
    case object(JSONObject)

    /// The kind of the value with its article, as messages name it: "a string", "an object", "null".
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
