import Testing
import Vitals

@testable import Analysis

/// The faults are injected: no recordings with labelled ones are known.
@Suite("Values tell of faults that a sensor does not")
struct SensorFaultTests {
    private static func beats(_ second: Int64) -> Float { 62 + Float(second / 10 % 3) }

    @Test("the same value for ten minutes is a flat line, until another comes")
    func flat() throws {
        var ada = Wearer()
        ada.wears("08:00", "08:30", every: 5, heart: Self.beats, steps: { _ in 0 })
        ada.wears("08:30", "08:50", every: 5, heart: { _ in 71 }, steps: { _ in 0 })
        ada.wears("08:50", "09:00", every: 5, heart: Self.beats, steps: { _ in 0 })
        let told = try ada.analysis().told(.sensorState)
        #expect(told.prefix(2) == ["2026-03-02 08:40 = 3", "2026-03-02 08:50 = 0"])
    }

    @Test("silence is told after ten minutes, and its end")
    func silence() throws {
        var ada = Wearer()
        ada.wears("08:00", "08:30", heart: Self.beats, steps: { _ in 0 })
        ada.wears("09:00", "09:05", heart: Self.beats, steps: { _ in 0 })
        let told = try ada.analysis().told(.sensorState)
        #expect(told.first == "2026-03-02 08:39 = 5")
        #expect(told.contains("2026-03-02 09:00 = 0"))
    }

    @Test("values that come after their time are late, not silent, until they come no more or in time again")
    func late() throws {
        var ada = Wearer()
        ada.wears("08:00", "08:30", heart: Self.beats, steps: { _ in 0 })
        ada.wears("10:00", "10:05", heart: Self.beats, steps: { _ in 0 })
        // A second sensor hands over 08:30 to 09:30 in three blocks, half an hour behind.
        for minute in Int64(30)..<90 {
            let time = ada.midnight + (8 * 3600 + minute * 60)
            let received = ada.midnight + (8 * 3600 + (minute / 20 * 20 + 50) * 60)
            ada.samples.append(
                Sample(metric: .heartRate, value: 64, time: time, received: received, source: watch))
        }
        let told = try ada.analysis().told(.sensorState)
        // The blocks come at 09:10 (the rest of one), 09:30 and 09:50. How far apart is known from the second on: the
        // next would be awaited for 80 minutes.
        #expect(
            told.prefix(5) == [
                "2026-03-02 08:39 = 5", "2026-03-02 09:10 = 7", "2026-03-02 09:20 = 5", "2026-03-02 09:30 = 7",
                "2026-03-02 10:00 = 0",
            ], "\(told)")
        var ring = Wearer()
        for minute in Int64(0)..<60 {
            let time = ring.midnight + minute * 60
            ring.samples.append(
                Sample(metric: .heartRate, value: 60, time: time, received: ring.midnight + 27_000, source: watch))
        }
        let only = try ring.analysis().told(.sensorState)
        #expect(only.prefix(2) == ["2026-03-02 07:30 = 7", "2026-03-02 07:40 = 5"], "\(only)")
    }

    @Test("a heart that follows the steps is none; one that beats at the steps' rate by chance is")
    func lock() throws {
        func rate(_ minute: Int64) -> Float { [150, 155, 162, 158, 149][Int(minute % 5)] }
        var locked = Wearer()
        locked.wears("08:00", "08:30", heart: { rate($0 / 60) + Float($0 / 10 % 2) }, steps: rate)
        let told = try locked.analysis().told(.sensorState)
        #expect(told.prefix(2) == ["2026-03-02 08:09 = 4", "2026-03-02 08:19 = 4"], "\(told)")
        // Nobody walks from half past on.
        #expect(told.suffix(2) == ["2026-03-02 08:32 = 0", "2026-03-02 08:39 = 5"], "\(told)")
        var steady = Wearer()
        steady.wears("08:00", "08:30", heart: { 156 + Float($0 / 10 % 2) }, steps: { _ in 156 })
        #expect(!(try steady.analysis().told(.sensorState).contains { $0.hasSuffix("= 4") }))
        var free = Wearer()
        free.wears("08:00", "08:30", heart: { 140 + Float($0 / 10 % 2) }, steps: rate)
        #expect(!(try free.analysis().told(.sensorState).contains { $0.hasSuffix("= 4") }))
    }
}
