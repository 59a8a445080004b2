import Testing
import Vitals

@testable import RuleEngine

/// A person, some rules, and a clock that goes from tick to tick.
struct Stage {
    let book: RuleBook
    var state = RuleState()
    var person = Person(id: PersonID(high: 1, low: 2), name: "ada")
    var zone = Zone.utc
    var time: Timestamp
    var table: [Feature: Double] = [:]
    var days: [Feature: DayReading] = [:]
    /// `opened@12:00:05` and so on, with the time of day of the tick.
    var log: [String] = []
    var triggers: [Trigger] = []

    init(_ texts: String..., start: String = "2026-01-05T12:00:00Z") {
        book = RuleBook(
            files: texts.enumerated().map { Configured.File(path: "rule\($0).json5", text: $1) }, hash: lengthHash)
        for error in book.errors { Issue.record("\(error)") }
        time = Timestamp(start) ?? .distantPast
    }

    /// Runs the ticks of `length` with these values: heart rate for the condition, steps for what is needed.
    mutating func run(_ length: TimeSpan, hr: Double, steps: Double = 1) {
        table[.latest(.heartRate)] = hr
        table[.latest(.steps)] = steps
        let end = time + length
        while time < end {
            time = time + RuleBook.tick
            evaluate(.tick)
        }
    }

    mutating func evaluate(_ occasion: Occasion) {
        let source = TableSource(features: book.features, table: table, days: days)
        let new = state.evaluate(book, at: time, occasion: occasion, person: person, zone: zone, source: source)
        triggers += new
        log += new.map { "\($0.edge)@\(Self.clock(zone.timeOfDay(time)))" }
    }

    static func clock(_ time: TimeSpan) -> String {
        let seconds = time.milliseconds / 1000
        return [seconds / 3600, seconds / 60 % 60, seconds % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(
            separator: ":")
    }
}
