import Vitals

/// How people name an event: by the first digits of its id, or `last`.
struct EventName: Sendable {
    let text: String

    /// Fewer digits would name too many events.
    static let fewestDigits = 4

    init(_ text: String) throws(CommandError) {
        let digits = text.filter { $0 != "-" }
        guard text == "last" || digits.count >= Self.fewestDigits && digits.allSatisfy(\.isHexDigit) else {
            throw .usage("'\(text)': expected at least \(Self.fewestDigits) digits of an event's id, or 'last'")
        }
        self.text = text
    }

    /// The one event of that name; of `last`, the newest of a kind.
    func find(in store: any Store, kind: Event.Kind? = nil) throws -> Event {
        if text == "last" {
            guard let last = try store.events(EventFilter(kind: kind, limit: 1)).last else {
                throw CommandError.failed("the store holds no \(kind?.rawValue ?? "event") yet")
            }
            return last
        }
        let found = try store.events(idPrefix: text.lowercased())
        guard let event = found.first else {
            throw CommandError.failed("no event begins with '\(text)'", hint: "'vitald events' lists them")
        }
        guard found.count == 1 else {
            let ids = listed(found.map { "\($0.id)" }, atMost: 4)
            throw CommandError.failed("'\(text)' begins \(found.count) events: \(ids)")
        }
        return event
    }
}
