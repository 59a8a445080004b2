import Testing
import Vitals

@testable import RuleEngine

private let high = "when: 'heart_rate > 100'"
private let needs = "needs: 'steps >= 1'"

@Suite("The life of a rule")
struct RuleStateTests {
    @Test("a condition must hold for the whole of 'for'; its first tick is the onset")
    func hold() {
        var stage = Stage(ruleText("\(high), for: '1m', clear: 'heart_rate < 90'"))
        stage.run(.seconds(55), hr: 110)
        stage.run(.seconds(5), hr: 95)
        stage.run(.minutes(2), hr: 110)
        #expect(stage.log == ["opened@12:02:05"])
        #expect(stage.triggers[0].onset == Timestamp("2026-01-05T12:01:05Z"))
        #expect(stage.triggers[0].decided == Timestamp("2026-01-05T12:02:07Z"))
    }

    @Test("an alert with 'clear' ends when clear is true, not when the condition is false")
    func clear() {
        var stage = Stage(ruleText("\(high), clear: 'heart_rate < 90'"))
        stage.run(.seconds(10), hr: 110)
        stage.run(.minutes(1), hr: 95)
        stage.run(.minutes(1), hr: 110)
        stage.run(.seconds(10), hr: 85)
        #expect(stage.log == ["opened@12:00:05", "cleared@12:02:15"])
        #expect(stage.triggers.map(\.action.isEpisode) == [true, true])
        #expect(stage.triggers[1].evidence.clauses.map(\.name) == ["clear"])
    }

    @Test("an alert without 'clear' ends when the condition is false, and may open again")
    func withoutClear() {
        var stage = Stage(ruleText("\(high), \(needs)"))
        stage.run(.seconds(10), hr: 110)
        stage.run(.seconds(10), hr: 95)
        stage.run(.seconds(10), hr: 110)
        #expect(stage.log == ["opened@12:00:05", "cleared@12:00:15", "opened@12:00:25"])
        #expect(Set(stage.triggers.map(\.onset)).count == 3, "episodes are told apart by their onset")
    }

    @Test("without enough data a rule neither fires nor clears")
    func notEnough() {
        var stage = Stage(ruleText("\(high), \(needs), clear: 'heart_rate < 90'"))
        stage.run(.minutes(1), hr: 110, steps: 0)
        stage.run(.minutes(1), hr: 110, steps: .nan)
        #expect(stage.log == [])
        stage.run(.seconds(5), hr: 110)
        stage.run(.minutes(1), hr: 80, steps: 0)
        stage.run(.minutes(1), hr: .nan)
        #expect(stage.log == ["opened@12:02:05"])
        stage.run(.seconds(5), hr: 80)
        #expect(stage.log == ["opened@12:02:05", "cleared@12:04:10"])
    }

    @Test("a gap in the data stops the hold's clock; a gap longer than 'for' starts it anew")
    func gaps() {
        var stage = Stage(ruleText("\(high), \(needs), for: '1m'"))
        stage.run(.seconds(35), hr: 110)  // 30 s held
        stage.run(.seconds(20), hr: 110, steps: 0)  // a gap of 25 s between true ticks: does not count
        stage.run(.minutes(2), hr: 110)
        #expect(stage.log == ["opened@12:01:30"])
        #expect(stage.triggers[0].onset == Timestamp("2026-01-05T12:00:05Z"))

        var second = Stage(ruleText("\(high), \(needs), for: '1m'"))
        second.run(.seconds(50), hr: 110)
        second.run(.seconds(60), hr: .nan)
        second.run(.minutes(2), hr: 110)
        #expect(second.log == ["opened@12:02:55"])
        #expect(second.triggers[0].onset == Timestamp("2026-01-05T12:01:55Z"))

        var third = Stage(ruleText("\(high), \(needs), for: '1m'"))
        third.run(.seconds(50), hr: 110)
        third.run(.seconds(10), hr: 90, steps: 0)  // false, but on too little data: keeps waiting
        third.run(.seconds(20), hr: 110)
        #expect(third.log == ["opened@12:01:20"])
    }

    @Test("'repeat' holds back a second opening until it has passed, if the condition still holds")
    func repetition() {
        var stage = Stage(ruleText("\(high), repeat: '10m'"))
        stage.run(.seconds(5), hr: 110)
        stage.run(.seconds(5), hr: 90)
        stage.run(.minutes(3), hr: 110)
        stage.run(.minutes(1), hr: 90)
        stage.run(.minutes(20), hr: 110)
        #expect(stage.log == ["opened@12:00:05", "cleared@12:00:10", "opened@12:10:05"])
        #expect(stage.triggers[2].onset == Timestamp("2026-01-05T12:04:15Z"))
    }

    @Test("a reminder with 'repeat' comes again while it is not followed, with an onset of its own")
    func reminder() {
        var stage = Stage(ruleText("\(high), repeat: '10m', clear: 'heart_rate < 90'", kind: "reminder"))
        stage.run(.minutes(25), hr: 110)
        stage.run(.seconds(5), hr: 85)
        #expect(stage.log == ["opened@12:00:05", "opened@12:10:05", "opened@12:20:05", "cleared@12:25:05"])
        #expect(Set(stage.triggers.map(\.onset)).count == 4)

        var alert = Stage(ruleText("\(high), repeat: '10m', clear: 'heart_rate < 90'"))
        alert.run(.minutes(25), hr: 110)
        #expect(alert.log == ["opened@12:00:05"], "an open alert is not raised again")
    }

    @Test("a plan change is made once per hold and has no end of its own")
    func plan() {
        var stage = Stage(ruleText(high, kind: "plan"))
        stage.run(.minutes(5), hr: 110)
        stage.run(.minutes(1), hr: 90)
        stage.run(.minutes(1), hr: 110)
        #expect(stage.log == ["opened@12:00:05", "opened@12:06:05"])
        #expect(stage.triggers[0].action.change == PlanChange(rest: true))
    }

    @Test("'daily_limit' counts local days")
    func dailyLimit() throws {
        var stage = Stage(ruleText("\(high), daily_limit: 2", kind: "reminder"), start: "2026-01-05T22:50:00Z")
        stage.zone = try Zone(named: "Europe/Berlin")  // 23:50 there
        for _ in 0..<8 {
            stage.run(.minutes(1), hr: 110)
            stage.run(.minutes(1), hr: 90)
        }
        #expect(
            stage.log.filter { $0.hasPrefix("opened") } == [
                "opened@23:50:05", "opened@23:52:05", "opened@00:00:05", "opened@00:02:05",
            ])
    }

    @Test("outside 'between' and 'days' nothing opens and no hold grows, but what is open may end")
    func hours() {
        var stage = Stage(
            ruleText("\(high), for: '1m', between: '09:00-12:01', days: 'mon', clear: 'heart_rate < 90'"),
            start: "2026-01-05T08:58:00Z")
        stage.run(.minutes(4), hr: 110)
        #expect(stage.log == ["opened@09:01:00"])
        stage.time = Timestamp("2026-01-05T13:00:00Z") ?? stage.time
        stage.run(.minutes(1), hr: 80)
        stage.run(.minutes(5), hr: 110)
        #expect(stage.log == ["opened@09:01:00", "cleared@13:00:05"])
        stage.time = Timestamp("2026-01-06T10:00:00Z") ?? stage.time  // a Tuesday
        stage.run(.minutes(5), hr: 110)
        #expect(stage.log.count == 2)
    }

    @Test("hours over midnight belong to the day on which they begin")
    func overMidnight() {
        let hours = LocalHours(start: .hours(22), end: .hours(6), days: LocalHours.days("fri") ?? 0)
        let friday = LocalDay(number: 20_458 + 4)  // 2026-01-05 is a Monday, day 20458
        #expect(friday.weekday == 5)
        #expect(hours.contains(.hours(23), on: friday))
        #expect(hours.contains(.hours(5), on: friday + 1))
        #expect(!hours.contains(.hours(5), on: friday))
        #expect(!hours.contains(.hours(6), on: friday + 1))
        #expect(!hours.contains(.hours(12), on: friday))
    }

    @Test(
        "days of the week are read as people write them",
        arguments: [
            ("mon-fri", 0b001_1111), ("sat,sun", 0b110_0000), ("fri-mon", 0b111_0001), ("mon, wed-thu", 0b000_1101),
            ("Mon", 1), ("", 0), ("mon-", 0), ("mon-tue-wed", 0), ("monday", 0), ("mon,,tue", 0), ("-", 0),
        ])
    func days(text: String, bits: Int) { #expect(Int(LocalHours.days(text) ?? 0) == bits) }

    @Test(
        "a change of clocks neither doubles nor drops a scheduled reminder",
        arguments: [
            // Spring: 02:30 does not exist, so 03:00 is the first tick after it. Autumn: it comes twice.
            ("2026-03-29T00:50:00Z", "opened@03:00:00"), ("2026-10-25T00:10:00Z", "opened@02:30:00"),
        ])
    func daylightSaving(start: String, expected: String) throws {
        var stage = Stage(ruleText("at: '02:30'", kind: "reminder"), start: start)
        stage.zone = try Zone(named: "Europe/Berlin")
        stage.run(.hours(23), hr: 60)
        #expect(stage.log == [expected])
    }

    @Test("a scheduled rule decides once a day, and is not made up for when first seen hours later")
    func scheduled() {
        var stage = Stage(
            ruleText("at: '08:00', when: 'heart_rate > 100'", kind: "reminder"), start: "2026-01-05T15:00:00Z")
        stage.run(.hours(1), hr: 110)
        #expect(stage.log == [])
        stage.time = Timestamp("2026-01-06T09:30:00Z") ?? stage.time  // the hub was away at 08:00
        stage.run(.minutes(5), hr: 110)
        #expect(stage.log == ["opened@09:30:05"])
        stage.time = Timestamp("2026-01-07T07:59:00Z") ?? stage.time
        stage.run(.minutes(5), hr: 90)
        stage.run(.minutes(5), hr: 110)
        #expect(stage.log.count == 1, "at the moment itself the condition was false")
    }

    @Test("a rule on session_end is decided then and only then, with the session's end as onset")
    func sessionEnd() {
        var stage = Stage(ruleText("on: 'session_end', \(high), \(needs)", kind: "plan"))
        stage.run(.minutes(5), hr: 110)
        #expect(stage.log == [])
        let end = stage.time - .minutes(10)
        stage.evaluate(.sessionEnd(start: end - .minutes(30), end: end))
        #expect(stage.triggers.map(\.onset) == [end])
        stage.table[.latest(.steps)] = .nan
        stage.evaluate(.sessionEnd(start: end, end: end + .minutes(1)))
        #expect(stage.triggers.count == 1)
    }

    @Test("a rule that is not for the person stays quiet; switched off while open, it ends")
    func forPeople() {
        var stage = Stage(ruleText("\(high), for_people: ['ada']"))
        stage.run(.seconds(5), hr: 110)
        stage.person.name = "ben"
        stage.run(.minutes(1), hr: 110)
        #expect(stage.log == ["opened@12:00:05", "withdrawn@12:00:10"])
        let off = Stage(ruleText("\(high), enabled: false"))
        #expect(off.book.rules[0].isEnabled == false)
    }

    @Test("an open alert survives a new text of its rule and a time without it; a hold does not")
    func reload() {
        var stage = Stage(ruleText("\(high), clear: 'heart_rate < 90'"))
        stage.run(.seconds(5), hr: 110)
        let without = RuleBook(files: [], hash: lengthHash)
        let source = FixedSource(values: [])
        _ = stage.state.evaluate(without, at: stage.time, person: stage.person, zone: .utc, source: source)
        var again = Stage(ruleText("\(high), clear: 'heart_rate < 95'"))
        again.state = stage.state
        again.run(.minutes(1), hr: 110)
        #expect(again.log == [], "it is open already")
        again.run(.seconds(5), hr: 92)
        #expect(again.log == ["cleared@12:01:05"])
    }
}

@Suite("Keeping a rule's state")
struct RuleStateCheckpointTests {
    private static let texts = [
        ruleText("\(high), \(needs), for: '40s', repeat: '3m', clear: 'heart_rate < 90'", name: "a"),
        ruleText("\(high), repeat: '2m', daily_limit: 9", kind: "reminder", name: "b"),
        ruleText("at: '12:03'", kind: "reminder", name: "c"),
    ]

    /// A stretch of changing values; the state is written and read back after every `every`-th tick.
    private static func run(restoringEvery every: Int?) throws -> ([Trigger], [UInt8]) {
        var dice = Dice(state: 3)
        var stage = Stage(texts[0], texts[1], texts[2])
        for step in 1...600 {
            stage.run(.seconds(5), hr: dice.pick([80, 110, 110, 110, .nan]), steps: dice.pick([1, 1, 1, 1, 0]))
            if let every, step % every == 0 { stage.state = try RuleState(restoring: stage.state.checkpoint()) }
        }
        return (stage.triggers, stage.state.checkpoint())
    }

    @Test("a restored state goes on exactly where the old one stopped", arguments: [1, 7, 100])
    func restored(every: Int) throws {
        let whole = try Self.run(restoringEvery: nil)
        let cut = try Self.run(restoringEvery: every)
        #expect(whole.0.count > 20)
        #expect(whole.0.map(\.onset) == cut.0.map(\.onset))
        #expect(whole.0.map(\.edge) == cut.0.map(\.edge))
        #expect(whole.1 == cut.1)
    }

    @Test("every change of the checkpoint is counted in the revision")
    func revision() {
        var dice = Dice(state: 5)
        var stage = Stage(Self.texts[0], Self.texts[1], Self.texts[2])
        var last = (stage.state.revision, stage.state.checkpoint())
        for _ in 0..<300 {
            stage.run(.seconds(5), hr: dice.pick([80, 110, .nan]), steps: dice.pick([1, 0]))
            let now = (stage.state.revision, stage.state.checkpoint())
            #expect((now.0 != last.0) || now.1 == last.1)
            last = now
        }
    }

    @Test("a checkpoint cut short at any byte, or changed, is refused or read, and never traps")
    func damaged() throws {
        let bytes = try Self.run(restoringEvery: nil).1
        for end in 0..<bytes.count {
            #expect(throws: WireError.self) { try RuleState(restoring: Array(bytes[..<end])) }
        }
        #expect(throws: WireError.self) { try RuleState(restoring: bytes + [0]) }
        var dice = Dice(state: 9)
        for _ in 0..<500 {
            var copy = bytes
            copy[dice.roll(copy.count)] = UInt8(truncatingIfNeeded: dice.next())
            guard let state = try? RuleState(restoring: copy) else { continue }
            var stage = Stage(Self.texts[0], Self.texts[1], Self.texts[2])
            stage.state = state
            stage.run(.seconds(30), hr: 110)
        }
    }

    @Test("the order of the files shows in nothing")
    func fileOrder() {
        func run(_ order: [Int]) -> ([String], [UInt8]) {
            let book = RuleBook(
                files: order.map { Configured.File(path: "\($0)", text: Self.texts[$0]) }, hash: lengthHash)
            var state = RuleState()
            var log: [String] = []
            for step: Int64 in 1...200 {
                let rate = step % 50 < 30 ? 110.0 : 80
                let source = TableSource(
                    features: book.features, table: [.latest(.heartRate): rate, .latest(.steps): 1])
                let tick = Timestamp(milliseconds: step * 5000)
                log += state.evaluate(
                    book, at: tick, person: Person(id: PersonID(high: 1, low: 1), name: "x"), zone: .utc, source: source
                ).map { "\($0.rule) \($0.edge) \($0.onset)" }
            }
            return (log, state.checkpoint())
        }
        #expect(run([0, 1, 2]) == run([2, 0, 1]))
    }
}

@Suite("When rules must be looked at although nothing arrives")
struct AwakeTests {
    @Test("the horizon covers windows up to an hour, silence, ages and 'for'")
    func horizon() {
        #expect(book(ruleText("when: 'mean(heart_rate, 10m) > 1'")).awakeHorizon == .minutes(11))
        #expect(book(ruleText("when: 'mean(heart_rate, 10m) > 1', for: '20m'")).awakeHorizon == .minutes(31))
        #expect(book(ruleText("when: 'sum(steps, 6h) > 1'")).awakeHorizon == .minutes(61))
        #expect(book(ruleText("when: 'sum(steps, 6h) > 1'")).longestWindow == .hours(6))
        #expect(book(ruleText("when: 'stale(weight, 3d)'")).awakeHorizon == .days(3) + .minutes(1))
        #expect(
            book(ruleText("when: 'age_of(weight) > 12h and time_of_day > 20h'")).awakeHorizon == .hours(12)
                + .minutes(1))
        #expect(book(ruleText("when: 'heart_rate > 1'")).awakeHorizon == .minutes(6))
    }

    @Test("a running hold asks for the next tick, a hold that 'repeat' delays for its end")
    func deadline() {
        var stage = Stage(ruleText("when: 'heart_rate > 100', for: '1m', repeat: '10m'"))
        stage.run(.seconds(5), hr: 90)
        #expect(stage.state.nextDeadline(stage.book) == nil)
        stage.run(.seconds(5), hr: 110)
        #expect(stage.state.nextDeadline(stage.book) == stage.time + .seconds(5))
        stage.run(.seconds(5), hr: .nan)
        #expect(stage.state.nextDeadline(stage.book) == nil, "nothing grows while nothing is known")
        stage.run(.minutes(2), hr: 110)
        #expect(stage.log.count == 1)
        let opened = stage.triggers[0].decided - RuleBook.grace
        #expect(stage.state.nextDeadline(stage.book) == nil, "an open alert waits for data")
        stage.run(.seconds(5), hr: 90)
        stage.run(.minutes(2), hr: 110)
        #expect(stage.state.nextDeadline(stage.book) == opened + .minutes(10))
    }

    @Test("the schedule names scheduled times and the beginnings of hours, on the days that count")
    func schedule() throws {
        let zone = try Zone(named: "Europe/Berlin")
        func next(_ fields: String, _ after: String) -> String? {
            book(ruleText(fields, kind: "reminder")).nextSchedule(after: Timestamp(after) ?? .distantPast, zone: zone)
                .map(\.description)
        }
        let monday = "2026-01-05T12:00:00Z"
        #expect(next("when: 'heart_rate > 1'", monday) == nil)
        #expect(next("at: '13:30'", monday) == "2026-01-05T12:30:00Z")
        #expect(next("at: '08:00'", monday) == "2026-01-06T07:00:00Z")
        #expect(next("at: '13:00'", monday) == "2026-01-06T12:00:00Z", "strictly after")
        #expect(next("at: '08:00', days: 'mon'", monday) == "2026-01-12T07:00:00Z")
        #expect(next("when: 'heart_rate > 1', between: '22:00-06:00'", monday) == "2026-01-05T21:00:00Z")
        #expect(next("when: 'heart_rate > 1', days: 'sat'", monday) == "2026-01-09T23:00:00Z")
        #expect(next("at: '08:00', enabled: false", monday) == nil)
        #expect(next("at: '02:30'", "2026-03-28T12:00:00Z") == "2026-03-29T01:30:00Z")
    }
}
