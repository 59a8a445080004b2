import Testing
import Vitals

@testable import RuleEngine

@Suite("Rules that decide on late data")
struct LateRuleTests {
    private static let night = Feature.late(.latest(.nightSignal), within: .hours(36))
    private static let seven = Timestamp("2026-01-05T07:00:00Z") ?? .distantPast

    /// The night of a day after the first, and how it came.
    private static func reading(_ stage: inout Stage, _ value: Double, day: Int64 = 0, isLate: Bool = true) {
        stage.table[night] = value
        stage.days[night] = DayReading(time: seven + .days(day), isLate: isLate)
    }

    @Test("only a rule with 'late' asks for late values, and only of daily series")
    func features() {
        let plain = book(ruleText("when: 'night_signal >= 2 and heart_rate > 1'"))
        #expect(plain.features == [.latest(.nightSignal), .latest(.heartRate)])
        let late = book(
            ruleText(
                "late: '36h', when: 'night_signal >= 2 and heart_rate > 1', needs: 'coverage(hrv_night, 7d) > 0.5', "
                    + "clear: 'stale(heart_rate, 10m)'"),
            ruleText("when: 'night_signal >= 2'", name: "other"))
        #expect(late.errors.isEmpty)
        #expect(Set(late.features).isSuperset(of: [Self.night, .latest(.nightSignal), .latest(.heartRate)]))
        let wrapped = late.features.filter { $0.plain != $0 }
        #expect(wrapped.allSatisfy { $0.isOfDays })
        #expect(late["probe"]?.late == .hours(36) && late["other"]?.late == nil)
        #expect(late.longestWindow == .days(7))
    }

    @Test("a late value began at its own time and is decided now; it opens once, and one in time began with its tick")
    func onset() {
        for isLate in [true, false] {
            var stage = Stage(ruleText("late: '36h', when: 'night_signal >= 2', repeat: '3d'"))
            Self.reading(&stage, 2, isLate: isLate)
            stage.run(.minutes(2), hr: 60)
            #expect(stage.log == ["opened@12:00:05"])
            #expect(stage.triggers[0].onset == (isLate ? Self.seven : Self.seven + .seconds(18_005)))
            #expect(stage.triggers[0].decided == Self.seven + .seconds(18_007))
            let clause = stage.triggers[0].evidence.clauses.last
            #expect(clause?.name == Evidence.lateClause && clause?.root.text == "36h")
        }
    }

    @Test("a sensor whose values come after their time has a state of that name")
    func sensorState() throws {
        let expression = try Expression.compile("sensor_state == late")
        #expect(
            expression.evaluate(FixedSource(values: [7])) == 1 && expression.evaluate(FixedSource(values: [5])) == 0)
    }

    @Test("a condition that also reads what changes with every tick began when it became true")
    func mixed() {
        var stage = Stage(ruleText("late: '36h', when: 'night_signal >= 2 and heart_rate > 100'"))
        Self.reading(&stage, 2)
        stage.run(.minutes(1), hr: 60)
        stage.run(.minutes(1), hr: 110)
        #expect(stage.log == ["opened@12:01:05"])
        #expect(stage.triggers[0].onset == Self.seven + .seconds(18_065))
    }

    @Test("a day that is completed afterwards takes nothing back and repeats nothing; a later day ends it")
    func retractsNothing() {
        for ending in ["clear: 'night_signal < 1', ", ""] {
            var stage = Stage(ruleText("late: '36h', \(ending)when: 'night_signal >= 2'"))
            Self.reading(&stage, 2)
            stage.run(.minutes(1), hr: 60)
            Self.reading(&stage, 0)
            stage.run(.minutes(1), hr: 60)
            Self.reading(&stage, 2)
            stage.run(.minutes(1), hr: 60)
            #expect(stage.log == ["opened@12:00:05"])
            Self.reading(&stage, 0, day: 1)
            stage.run(.minutes(1), hr: 60)
            #expect(stage.log == ["opened@12:00:05", "cleared@12:03:05"])
        }
    }
}
