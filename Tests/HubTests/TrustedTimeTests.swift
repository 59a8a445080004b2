import Testing
import Vitals

@testable import Hub

@Suite("The time by which stored data grow old")
struct TrustedTimeTests {
    private static let start = Timestamp(milliseconds: 1_780_437_600_000)
    private static let years = TimeSpan.days(3 * 365)

    /// A hub that looks at its clock every hour, and starts anew with every seventh look.
    private struct Run {
        var ages = TrustedTime()
        var wall = TrustedTimeTests.start
        var looks = 0
        var steps: [TimeSpan] = []

        mutating func go(_ span: TimeSpan) {
            for _ in 0..<span.milliseconds / 3_600_000 {
                wall = wall + .hours(1)
                look(after: .hours(1))
            }
        }

        mutating func look(after elapsed: TimeSpan) {
            if let step = ages.look(at: wall, after: elapsed) { steps.append(step) }
            looks += 1
            if looks % 7 == 0 { ages = TrustedTime([ages.state]) }
        }

        mutating func set(by step: TimeSpan) {
            wall = wall + step
            look(after: .zero)
        }
    }

    @Test("is unknown until a hub has run for a week, and then the clock's")
    func firstWeek() {
        var run = Run()
        run.look(after: .zero)
        run.go(.days(7) - .hours(1))
        #expect(run.ages.now < Self.start - Self.years)
        run.go(.hours(1))
        #expect(run.ages.now == run.wall && run.steps == [])
    }

    @Test("goes on evenly when the clock is set three years ahead, is told once, and is right when it is set back")
    func aheadAndBack() {
        var run = Run()
        run.look(after: .zero)
        run.go(.days(10))
        let before = run.ages.now
        run.set(by: Self.years)
        #expect(run.ages.now == before)
        run.go(.days(6))
        #expect(run.ages.now == before + .days(6) && run.steps == [Self.years])
        run.set(by: .zero - Self.years)
        #expect(run.ages.now == run.wall && run.steps.count == 2)
        run.go(.days(30))
        #expect(run.ages.now == run.wall && run.steps.count == 2)
    }

    @Test("follows a clock that stays ahead after a week, as after months in which the hub was off")
    func stays() {
        var run = Run()
        run.look(after: .zero)
        run.go(.days(8))
        run.set(by: .days(90))
        run.go(.days(7) - .hours(1))
        #expect(run.ages.now < run.wall - .days(80))
        run.go(.hours(1))
        #expect(run.ages.now == run.wall)
    }

    @Test("stays what it is through small corrections and a weekend off, and never runs ahead of the clock")
    func small() {
        var run = Run()
        run.look(after: .zero)
        run.go(.days(8))
        for step in [TimeSpan.days(3), .hours(-1), .days(-2), .seconds(5)] {
            run.set(by: step)
            #expect(run.ages.now == run.wall)
        }
        // 1970, as a board without a battery starts.
        run.set(by: .zero - (run.wall - Timestamp(milliseconds: 0)))
        #expect(run.ages.now == run.wall && run.steps.count == 1)
    }

    @Test("is told to everyone as one event, when the clock goes ahead by more than a week")
    func told() throws {
        let pipeline = try Pipeline(hub: HubID(derivedFrom: "test"), configured: try TestHousehold.configured())
        pipeline.take(Input(at: Self.start, .clock(step: .days(7))))
        #expect(pipeline.takeCommit().events == [])
        pipeline.take(Input(at: Self.start + Self.years, .clock(step: Self.years)))
        let events = pipeline.takeCommit().events
        #expect(events.map(\.rule) == ["hub:clock"])
        #expect(events.first?.title.contains("1095 days") == true)
    }
}
