import Testing
import Vitals

@testable import Analysis

@Suite("Detectors have one place, and their states versions")
struct DetectorTests {
    @Test("every detector has a card of its own, and no series two makers")
    func cards() {
        let cards = DetectorCard.all
        #expect(!cards.isEmpty)
        #expect(Set(cards.map(\.name)).count == cards.count)
        let series = cards.flatMap(\.gives)
        #expect(Set(series).count == series.count)
        for card in cards {
            #expect(card.version >= 1)
            for text in [card.measures, card.inputs, card.delay, card.source, card.needs, card.limits] {
                #expect(!text.isEmpty, "\(card.name)")
                // Words that a wellness instrument does not use of a person.
                for word in ["abnormal", "diagnos", "healthy heart"] { #expect(!text.contains(word), "\(card.name)") }
            }
        }
    }

    @Test("a detector whose version changed drops its state, says so, and begins anew from stored samples")
    func versions() throws {
        var driver = try Driver(AnalysisSettings(), from: monday)
        for minute in 0..<600 as Range<Int64> {
            let at = monday + minute * 60
            driver.take(.reading(Reading(metric: .heartRate, value: 55), strap, at + 1))
            driver.take(
                .sample(Sample(metric: .steps, value: 0, time: at + 60, span: 60_000, received: at + 60, source: watch))
            )
        }
        driver.commit()
        let resting = driver.stored.filter { $0.metric == .restingHeartRate }
        #expect(resting.map(\.value) == [55])
        let name = Detectors.prefix + RestingHeartRate.card.name
        driver.states[name]?.version += 1
        var analysis = try PersonAnalysis(
            person: ana, settings: AnalysisSettings(), restoring: Array(driver.states.values))
        #expect(analysis.renewed == [RestingHeartRate.card.name])
        let fresh = Detectors().bytes["resting_heart_rate"]
        #expect(analysis.detectors.bytes["resting_heart_rate"] == fresh)
        analysis.rebuild(driver.stored)
        let whole = driver.analysis.detectors.bytes
        #expect(analysis.detectors.bytes.filter { $1 != whole[$0] } == [:])
        #expect(analysis.value(of: .latest(.restingHeartRate)) == 55)
    }
}
