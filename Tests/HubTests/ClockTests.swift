import Testing
import Vitals

@testable import Hub

@Suite("The hub's clock")
struct ClockTests {
    @Test("follows a wall that was set forward, and never one that was set back")
    func resynchronises() {
        let slow = SharedClock(HubClock(start: HubClock.wall() - .hours(3)))
        #expect(slow.drift() > .hours(2))
        slow.resynchronise()
        #expect(slow.drift() < .minutes(5) && slow.drift() > .minutes(-5))
        let ahead = SharedClock(HubClock(start: HubClock.wall() + .hours(3)))
        let before = ahead.now()
        ahead.resynchronise()
        #expect(ahead.now() >= before)
    }

    @Test("goes on from what the store has seen, and not back to it")
    func advances() {
        let clock = SharedClock(HubClock(start: Timestamp(milliseconds: 1000)))
        clock.advance(to: Timestamp(milliseconds: 9_000_000))
        #expect(clock.now() >= Timestamp(milliseconds: 9_000_000))
        let now = clock.now()
        clock.advance(to: Timestamp(milliseconds: 5000))
        #expect(clock.now() >= now)
    }
}
