import Testing
import Vitals

@testable import Care

@Suite("Changes of an exercise plan")
struct PlanStories {
    @Test("a change toward rest applies to the next session at once, and ends when it has taken place")
    func eased() throws {
        try expectStory(
            """
            Wed 18:00  ease-after-overreach opens
                    -> plan applied to person: Next session eased | 12 minutes above the range. Friday's run: upper target 70 % → 63 % of reserve.
            Fri 08:00  the plan of the day
                    -> run, 40 min, 45 % to 63 %
            Fri 18:00  a session takes place
                    -> plan done (after 1) to person: Next session eased | Friday's run took place; the change ends with it.
            Fri 19:00  the plan of the day
                    -> run, 40 min, 50 % to 70 %
            """)
    }

    @Test("without a session the change ends with its day")
    func lapsed() throws {
        try expectStory(
            """
            Wed 18:00  ease-after-overreach opens
                    -> plan applied to person: Next session eased | 12 minutes above the range. Friday's run: upper target 70 % → 63 % of reserve.
                    -> plan expired (after 1) to person: Next session eased | Friday's run did not take place as far as was measured; the change ends with its day.
            Sat 09:00  ada declines ease-after-overreach
                    -> refused: “Next session eased” has expired; the plan is as it was.
            FRI 09:00  the plan of the day
                    -> run, 40 min, 50 % to 70 %
            """)
    }

    @Test("the next session is one whose day has not begun, within 72 hours, or there is none")
    func horizon() throws {
        try expectStory(
            """
            Tue 07:00  ease-after-overreach opens
                    -> plan applied to person: Next session eased | 12 minutes above the range. Friday's run: upper target 70 % → 63 % of reserve.
            Fri 23:00  rest-when-ill opens
                    -> plan expired to person: A day of rest | Three nights with a raised heart rate. No session is planned within 72 h, so nothing changes.
                    -> plan expired (after 1) to person: Next session eased | Friday's run did not take place as far as was measured; the change ends with its day.
            Sat 00:00  rest-when-ill opens
                    -> plan applied to person: A day of rest | Three nights with a raised heart rate. Tuesday's walk: rest instead.
            TUE 08:00  the plan of the day
                    -> rest
            """)
    }

    @Test("one rule does not stack on one session; several rules combine by the most cautious of each field")
    func combined() throws {
        try expectStory(
            """
            Wed 18:00  shorter-after-a-bad-night opens
                    -> plan applied to person: Next session shortened | The night was short. Friday's run: upper target 70 % → 66.5 % of reserve; 40 → 30 min.
            Wed 20:00  ease-after-overreach opens
                    -> plan applied to person: Next session eased | 12 minutes above the range. Friday's run: upper target 66.5 % → 63 % of reserve.
            Thu 20:00  ease-after-overreach opens
            Thu 21:00  shorter-after-a-bad-night opens
            Fri 08:00  the plan of the day
                    -> run, 30 min, 45 % to 63 %
            Fri 09:00  ada declines ease-after-overreach
                    -> plan declined (after 1) to person: Next session eased | Declined by ada: the plan is as it was.
            Fri 09:01  the plan of the day
                    -> run, 30 min, 47.5 % to 66.5 %
            Fri 18:00  a session takes place
                    -> plan done (after 1) to person: Next session shortened | Friday's run took place; the change ends with it.
            """)
    }

    @Test("a change that another one already covers says so")
    func covered() throws {
        try expectStory(
            """
            Wed 18:00  rest-when-ill opens
                    -> plan applied to person: A day of rest | Three nights with a raised heart rate. Friday's run: rest instead.
            Wed 20:00  ease-after-overreach opens
                    -> plan applied to person: Next session eased | 12 minutes above the range. Friday's run: as it was, other changes for that day are at least as cautious.
            Fri 08:00  the plan of the day
                    -> rest
            """)
    }

    @Test("a change toward more asks first, and applies once it is accepted")
    func accepted() throws {
        try expectStory(
            """
            Wed 18:00  build-up opens
                    -> plan proposed to person: Ready for more | Four sessions within range. Proposed: Friday's run: upper target 70 % → 77 % of reserve; 40 → 45 min. Nothing changes unless it is accepted.
            Thu 08:00  ada acknowledges build-up
                    -> refused: That is a plan change, not an alert: accept or decline it.
            Thu 09:00  ada accepts build-up
                    -> plan applied (after 1) to person: Ready for more | Accepted by ada. Friday's run: upper target 70 % → 77 % of reserve; 40 → 45 min.
            Thu 09:01  ada accepts build-up
                    -> refused: “Ready for more” is in force already.
            Fri 08:00  the plan of the day
                    -> run, 45 min, 55 % to 77 %
            """)
    }

    @Test("a proposal is declined once, and not made again for that session")
    func declined() throws {
        try expectStory(
            """
            Wed 18:00  build-up opens
                    -> plan proposed to person: Ready for more | Four sessions within range. Proposed: Friday's run: upper target 70 % → 77 % of reserve; 40 → 45 min. Nothing changes unless it is accepted.
            Thu 09:00  ada declines build-up
                    -> plan declined (after 1) to person: Ready for more | Declined by ada: the plan is as it was.
            Thu 09:01  ada accepts build-up
                    -> refused: “Ready for more” was declined already; the plan is as it was.
            Thu 18:00  build-up opens
            Fri 08:00  the plan of the day
                    -> run, 40 min, 50 % to 70 %
            Fri 18:00  a session takes place
            """)
    }

    @Test("a proposal without an answer changes nothing, whether the session takes place or not")
    func unanswered() throws {
        try expectStory(
            """
            Mon 18:00  build-up opens
                    -> plan proposed to person: Ready for more | Four sessions within range. Proposed: Tuesday's walk: upper target 60 % → 66 % of reserve; 30 → 35 min. Nothing changes unless it is accepted.
            Tue 08:00  the plan of the day
                    -> walk, 30 min, 40 % to 60 %
            Tue 18:00  a session takes place
                    -> plan expired (after 1) to person: Ready for more | Tuesday's walk took place before an answer; nothing was changed.
            Wed 18:00  build-up opens
                    -> plan proposed to person: Ready for more | Four sessions within range. Proposed: Friday's run: upper target 70 % → 77 % of reserve; 40 → 45 min. Nothing changes unless it is accepted.
                    -> plan expired (after 1) to person: Ready for more | No answer by the end of the day of Friday's run; nothing was changed.
            SAT 08:00  nothing happens
            """)
    }

    @Test("no rule exceeds the clinician's limits, and the text says which one held it back")
    func limits() throws {
        var person = Story.ada
        person.limits = Person.Limits(maxHeartRate: 140, maxIntensity: 0.72, maxWeeklyIncrease: 0.05)
        try expectStory(
            """
            Wed 18:00  build-up opens
                    -> plan proposed to person: Ready for more | Four sessions within range. Proposed: Friday's run: upper target 70 % → 71 % of reserve; 40 → 42.6 min. Held to 5 % more load in a week, the clinician's limit. Never above 140 bpm, the clinician's limit. Nothing changes unless it is accepted.
            Thu 09:00  ada accepts build-up
                    -> plan applied (after 1) to person: Ready for more | Accepted by ada. Friday's run: upper target 70 % → 71 % of reserve; 40 → 42.6 min. Held to 5 % more load in a week, the clinician's limit. Never above 140 bpm, the clinician's limit.
            """, person: person)

        var story = try Story(person: person)
        _ = try story.step("nothing", at: Story.monday, .plainly)
        let friday = Story.monday + .days(4)
        let day = story.zone.day(of: friday)
        // 60 + 0.7 × 120 = 144, over the limit of 140.
        #expect(story.care.value(.targetHigh, on: day, restingHeartRate: 60, maxHeartRate: 180) == 140)
        #expect(story.care.value(.targetLow, on: day, restingHeartRate: 60, maxHeartRate: 180) == 120)
    }

    @Test("whatever a change asks for, the week's load and the intensity stay within the clinician's limits")
    func limitsHold() {
        var person = Story.ada
        person.limits = Person.Limits(maxIntensity: 0.72, maxWeeklyIncrease: 0.05)
        let guardrails = Guardrails(person)
        for base in person.plan.sessions {
            for intensity in stride(from: -1.0, through: 1, by: 0.125) {
                for minutes in stride(from: Int64(-60), through: 60, by: 5) {
                    let change = PlanChange(intensity: intensity, duration: .minutes(minutes))
                    guard let session = guardrails.apply(change, to: base).session else { continue }
                    let more = Guardrails.load(of: session) - Guardrails.load(of: base)
                    #expect(more <= 0.05 * guardrails.weeklyLoad + 1e-9)
                    #expect(session.intensity.upperBound <= 0.72)
                    #expect(session.intensity.upperBound >= 0.3)
                    #expect(session.minutes >= 10)
                }
            }
        }
    }

    @Test("a plan above the clinician's limit is held to it without any rule")
    func plannedAboveLimit() throws {
        var person = Story.ada
        person.limits.maxIntensity = 0.45
        try expectStory(
            """
            Wed 18:00  ease-after-overreach opens
                    -> plan applied to person: Next session eased | 12 minutes above the range. Friday's run: upper target 45 % → 40.5 % of reserve.
            Fri 08:00  the plan of the day
                    -> run, 40 min, 40.5 % to 40.5 %
            """, person: person)
    }

    @Test("easing stops at 30 percent of reserve and ten minutes")
    func floors() throws {
        var person = Story.ada
        person.plan.sessions = [PlannedSession(weekday: 5, activity: "walk", minutes: 15, intensity: 0.2...0.31)]
        try expectStory(
            """
            Wed 18:00  shorter-after-a-bad-night opens
                    -> plan applied to person: Next session shortened | The night was short. Friday's walk: upper target 31 % → 30 % of reserve; 15 → 10 min. Not eased below 30 % of reserve. Not shortened below 10 min.
            """, person: person)
    }

    @Test("the days of a plan are local days, also when the clocks change")
    func summerTime() throws {
        guard let berlin = try? Zone(named: "Europe/Berlin") else {
            print("skipped: this machine has no zone files")
            return
        }
        // Saturday, 28 March 2026, 23:30 in Berlin; the next day has 23 hours.
        let saturday = Timestamp(milliseconds: 1_774_737_000_000)
        var person = Story.ada
        person.plan.sessions = [PlannedSession(weekday: 7, activity: "run", minutes: 40, intensity: 0.5...0.7)]
        var story = try Story(person: person, zone: berlin)
        _ = try story.step("ease-after-overreach opens", at: saturday, .plainly)
        let change = try #require(story.care.adjustments.first)
        #expect(change.day == berlin.day(of: saturday) + 1)
        #expect(change.expires - saturday == .minutes(30 + 23 * 60))
        #expect(story.care.nextDeadline == change.expires)
    }

    @Test("plan fields are unknown without a plan, and rest on a day without a session")
    func fields() throws {
        var person = Story.ada
        person.plan = WeeklyPlan()
        let none = try Story(person: person).care
        let monday = Zone.utc.day(of: Story.monday)
        for field in PlanField.allCases {
            #expect(none.value(field, on: monday, restingHeartRate: 60, maxHeartRate: 180).isNaN, "\(field)")
        }
        let care = try Story().care
        func value(_ field: PlanField, _ day: Int32, rest: Double = 60) -> Double {
            care.value(field, on: monday + day, restingHeartRate: rest, maxHeartRate: 180)
        }
        #expect(value(.rest, 0) == 1)
        #expect(value(.minutes, 0) == 0)
        #expect(value(.intensity, 0).isNaN)
        #expect(value(.stepsGoal, 0) == 6000)
        #expect(value(.rest, 4) == 0)
        #expect(value(.minutes, 4) == 40)
        #expect(value(.intensity, 4) == 0.7)
        #expect(value(.targetHigh, 4) == 144)
        #expect(value(.targetHigh, 4, rest: .nan).isNaN)
    }

    @Test("declining leaves the plan byte-identical")
    func declineLeavesPlan() throws {
        var story = try Story()
        let before = story.care.person.plan
        let at = Story.monday + .days(2)
        _ = try story.step("build-up opens", at: at, .plainly)
        _ = try story.step("ada declines build-up", at: at + .hours(1), .plainly)
        #expect(story.care.person.plan == before)
        for day in Int32(0)..<14 {
            let day = Zone.utc.day(of: Story.monday) + day
            #expect(story.care.session(on: day) == before.sessions.first { $0.weekday == day.weekday })
        }
    }

    @Test("numbers no body has do not trap")
    func wildChanges() throws {
        for intensity in [-Double.infinity, -5, -1, 1e300, .nan, .infinity, -0.0] {
            for duration in [Int64.min / 2, -1, 0, Int64.max / 2] {
                var person = Story.ada
                person.plan.sessions += [
                    PlannedSession(weekday: 3, activity: "", minutes: .nan, intensity: -.infinity ... .infinity),
                    PlannedSession(weekday: 4, activity: "", minutes: -.infinity, intensity: .infinity ... .infinity),
                ]
                person.limits = Person.Limits(
                    maxHeartRate: -.infinity, maxIntensity: intensity, maxWeeklyIncrease: -intensity)
                var story = try Story(person: person)
                let action = Trigger.Action(
                    kind: .plan, severity: .info, recipients: [], title: "", text: "",
                    change: PlanChange(intensity: intensity, duration: .milliseconds(duration)), isEpisode: false)
                for at in [Timestamp.distantPast, Story.monday, .distantFuture] {
                    _ = story.care.handle(
                        Trigger(
                            rule: "wild", edge: .opened, onset: at, decided: at, action: action,
                            evidence: Evidence(file: "", fileHash: "", clauses: [])))
                }
                for day in Int32(-1)..<8 {
                    let session = story.care.session(on: Zone.utc.day(of: Story.monday) + day)
                    #expect(session.map { (0...1).contains($0.intensity.upperBound) } ?? true)
                }
            }
        }
    }
}
