import Testing
import Vitals

@testable import Hub

@Suite("Times of frames") struct FrameTimesTests {
    private static let strap = DeviceID(high: 1, low: 1)
    private static let pod = DeviceID(high: 1, low: 2)

    private static func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

    @Test("a burst that is read in one millisecond keeps a time for each of its frames, whoever sends beside it")
    func burst() {
        var times = FrameTimes()
        // The hub's time, as its pipeline keeps it: never earlier than an input it took.
        var now = Self.at(0)
        var taken: [DeviceID: [Int64]] = [:]
        for number in 0..<109 {
            for device in [Self.strap, Self.pod] {
                let time = times.next(of: device, at: Self.at(1000 + Int64(number / 40)), notBefore: now)
                now = max(now, time)
                taken[device, default: []].append(time.milliseconds)
            }
        }
        for device in [Self.strap, Self.pod] {
            #expect(Set(taken[device] ?? []).count == 109)
            #expect(taken[device] == taken[device]?.sorted())
        }
        #expect(now.milliseconds <= 1000 + 2 + 109)
    }

    @Test("frames that come apart keep the times at which they came")
    func apart() {
        var times = FrameTimes()
        for time in [5, 6, 8, 1000] as [Int64] {
            #expect(times.next(of: Self.strap, at: Self.at(time), notBefore: Self.at(0)) == Self.at(time))
        }
    }

    @Test("a flood does not make the hub's time run away")
    func flood() {
        var times = FrameTimes()
        var now = Self.at(0)
        for _ in 0..<50_000 { now = max(now, times.next(of: Self.strap, at: Self.at(7), notBefore: now)) }
        #expect(now == Self.at(7 + FrameTimes.longestLead))
        #expect(times.next(of: Self.strap, at: Self.at(5000), notBefore: now) == Self.at(5000))
    }

    @Test("a clock at the end of time ends no program")
    func endOfTime() {
        var times = FrameTimes()
        for _ in 0..<3 {
            let last = Self.at(.max)
            #expect(times.next(of: Self.strap, at: last, notBefore: last) == last)
        }
    }
}
