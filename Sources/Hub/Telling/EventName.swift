import Vitals

/// How people name an event: by the first digits of its id, or `last`.
public struct EventName: Hashable, Sendable {
    public let text: String

    /// Fewer digits would name too many events.
    static let fewestDigits = 4
    /// So many are listed where several begin alike.
    private static let mostListed = 4

    public init(_ text: String) throws(EventNameError) {
        let digits = text.filter { $0 != "-" }
        guard text == "last" || digits.count >= Self.fewestDigits && digits.allSatisfy(\.isHexDigit) else {
            throw EventNameError(
                .malformed, "'\(text)': expected at least \(Self.fewestDigits) digits of an event's id, or 'last'")
        }
        self.text = text
    }

    /// The one event of that name; of `last`, the newest of a kind.
    public func find(in store: any Store, kind: Event.Kind? = nil) throws -> Event {
        if text == "last" {
            guard let last = try store.events(EventFilter(kind: kind, limit: 1)).last else {
                throw EventNameError(.unknown, "the store holds no \(kind?.rawValue ?? "event") yet")
            }
            return last
        }
        let found = try store.events(idPrefix: text.lowercased())
        guard let event = found.first else {
            throw EventNameError(.unknown, "no event begins with '\(text)'; 'vitald events' lists them")
        }
        guard found.count == 1 else {
            let ids = found.prefix(Self.mostListed).map { "\($0.id)" }.joined(separator: ", ")
            throw EventNameError(.ambiguous, "'\(text)' begins \(found.count) events: \(ids)")
        }
        return event
    }
}

/// Why a name names no event.
public struct EventNameError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Sendable { case malformed, unknown, ambiguous }

    public var code: Code
    public var description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
