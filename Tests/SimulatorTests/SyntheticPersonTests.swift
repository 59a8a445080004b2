import Testing
import Vitals

@testable import Simulator

/// 3 June 2026, 12:00 UTC.
let noon = Timestamp(milliseconds: 1_780_488_000_000)

func mean(_ values: some Collection<Double>) -> Double { values.reduce(0, +) / Double(values.count) }

/// Mean heart rate of each second over many people, so that wander averages out.
func meanHeartRates(
    _ scenario: Scenario, seconds: Int, body: SyntheticPerson.Body = .init(), start: Timestamp = noon
) -> [Double] {
    var sums = [Double](repeating: 0, count: seconds)
    for seed in UInt64(0)..<40 {
        var person = SyntheticPerson(seed: seed, body: body, scenario: scenario, start: start)
        for i in 0..<seconds { sums[i] += person.live().heartRate / 40 }
    }
    return sums
}

@Suite("Synthetic people")
struct SyntheticPersonTests {
    @Test("the same seed gives the same life, another seed another one")
    func deterministic() {
        func life(_ seed: UInt64) -> [SyntheticPerson.Second] {
            var person = SyntheticPerson(seed: seed, start: noon)
            return (0..<4000).map { _ in person.live() }
        }
        #expect(life(1) == life(1))
        #expect(life(1) != life(2))
    }

    @Test("numbers of the generator are those its authors publish")
    func generator() {
        // xoshiro256++ seeded by SplitMix64(0): reference values of rand_xoshiro's seed_from_u64(0).
        var random = SeededRandom(seed: 0)
        #expect(
            (0..<3).map { _ in random.next() } == [
                5_987_356_902_031_041_503, 7_051_070_477_665_621_255, 6_633_766_593_972_829_180,
            ])
        let normals = (0..<20_000).map { _ in random.normal() }
        #expect(abs(mean(normals)) < 0.03)
        #expect(abs(mean(normals.map { $0 * $0 }) - 1) < 0.05)
    }

    @Test("heart rate goes 63 percent of the way in a minute of running, and back in a minute and a half of rest")
    func response() {
        let rates = meanHeartRates(
            Scenario([
                .init(.sit, for: .minutes(5)), .init(.run(intensity: 0.8), for: .minutes(10)),
                .init(.sit, for: .minutes(15)),
            ]), seconds: 1800)
        let rest = mean(rates[200..<300])
        let run = mean(rates[800..<900])
        #expect(run - rest > 70)
        #expect(abs((rates[300 + 60] - rest) / (run - rest) - 0.632) < 0.04)
        #expect(abs((rates[900 + 90] - rest) / (run - rest) - 0.368) < 0.04)
        #expect(zip(rates[300..<420], rates[301..<421]).allSatisfy { $0 < $1 + 1 }, "it rises all along")
        #expect(abs(mean(rates[1700..<1800]) - rest) < 2)
    }

    @Test("an episode of tachycardia overrides rest, and settles afterwards")
    func episode() {
        let rates = meanHeartRates(
            Scenario([
                .init(.sit, for: .minutes(5)), .init(.tachycardia(rate: 135), for: .minutes(10)),
                .init(.sit, for: .minutes(15)),
            ]), seconds: 1800)
        #expect(mean(rates[0..<300]) < 75)
        #expect(abs(mean(rates[400..<900]) - 135) < 1.5)
        #expect(mean(rates[1500..<1800]) < 75)
    }

    @Test("the resting rate is lowest at four in the morning")
    func circadian() {
        let sit = Scenario([.init(.sit, for: .hours(1))])
        let day = noon - .hours(12)
        let byHour = (0..<24).map { hour in
            mean(meanHeartRates(sit, seconds: 300, start: day + .hours(hour)))
        }
        // The curve is flat at its ends: an hour beside them may win by chance.
        #expect((3...5).contains(byHour.firstIndex(of: byHour.min() ?? 0) ?? -1))
        #expect((15...17).contains(byHour.firstIndex(of: byHour.max() ?? 0) ?? -1))
        #expect(abs((byHour.max() ?? 0) - (byHour.min() ?? 0) - 10) < 1.5)
        // In a zone two hours ahead the lowest hour comes two hours earlier in UTC.
        var person = SyntheticPerson(seed: 1, scenario: sit, start: day + .hours(2), offset: .hours(2))
        let shifted = mean((0..<300).map { _ in person.live().heartRate })
        #expect(abs(shifted - byHour[4]) < 1.5)
    }

    @Test("steps follow the activity: none at rest, about a hundred a minute walking, 160 running")
    func steps() {
        func perMinute(_ activity: Activity) -> Double {
            var person = SyntheticPerson(seed: 3, scenario: Scenario([.init(activity, for: .hours(1))]), start: noon)
            var last = 0
            for _ in 0..<1800 {
                let steps = person.live().steps
                #expect(steps >= last)
                last = steps
            }
            return Double(last) / 30
        }
        #expect(perMinute(.sleep) == 0)
        #expect(perMinute(.sit) == 0)
        #expect(perMinute(.tachycardia(rate: 135)) == 0)
        #expect((100...110).contains(perMinute(.walk)))
        #expect((157...163).contains(perMinute(.run(intensity: 0.8))))
        #expect((5...40).contains(perMinute(.household)))
    }

    @Test("beats fill the time without a gap and agree with the rate")
    func beats() {
        var person = SyntheticPerson(seed: 5, scenario: .everyday, start: noon)
        var all: [SyntheticPerson.Beat] = []
        for _ in 0..<3600 {
            let second = person.live()
            #expect(second.beats.allSatisfy { $0.time >= second.start && $0.time < second.end })
            all += second.beats
        }
        for (a, b) in zip(all, all.dropFirst()) {
            #expect(abs(Double((b.time - a.time).milliseconds) - b.interval) <= 1)
        }
        #expect(abs(all.reduce(0) { $0 + $1.interval } - 3_600_000) < 2000)
    }

    @Test("breathing moves the beats at rest, and hardly in a run")
    func arrhythmia() {
        func amplitude(_ activity: Activity) -> Double {
            var person = SyntheticPerson(seed: 8, scenario: Scenario([.init(activity, for: .hours(1))]), start: noon)
            var beats: [SyntheticPerson.Beat] = []
            for second in 0..<1800 {
                let now = person.live()
                if second >= 600 { beats += now.beats }
            }
            // Interval n was set at beat n − 1: the part of it that goes with the breath.
            var sine = 0.0
            var cosine = 0.0
            let middle = mean(beats.map(\.interval))
            for (before, beat) in zip(beats, beats.dropFirst()) {
                let phase = SyntheticPerson.breathing * (before.time - noon).inSeconds
                let turn = phase - phase.rounded(.down)
                // A square wave is close enough to the sine to tell presence from absence.
                sine += (turn < 0.5 ? 1 : -1) * (beat.interval - middle)
                cosine += (turn < 0.25 || turn >= 0.75 ? 1 : -1) * (beat.interval - middle)
            }
            return max(abs(sine), abs(cosine)) / Double(beats.count)
        }
        #expect(amplitude(.sit) > 15)
        #expect(amplitude(.run(intensity: 0.85)) < 2)
    }

    @Test("a scenario ends in its last phase, or begins again")
    func scenario() {
        let phases = [Scenario.Phase(.sit, for: .minutes(1)), Scenario.Phase(.walk, for: .minutes(2))]
        #expect(Scenario(phases).activity(at: .seconds(59)) == .sit)
        #expect(Scenario(phases).activity(at: .seconds(60)) == .walk)
        #expect(Scenario(phases).activity(at: .hours(9)) == .walk)
        #expect(Scenario(phases, repeats: true).activity(at: .seconds(180)) == .sit)
        #expect(Scenario([]).activity(at: .zero) == .sit)
    }
}
