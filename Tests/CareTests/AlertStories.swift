import Testing
import Vitals

@testable import Care

@Suite("The life of an alert")
struct AlertStories {
    @Test("an alert opens, is acknowledged and resolves for everyone who was told")
    func wholeLife() throws {
        try expectStory(
            """
            Mon 14:20  resting-tachycardia opens (since 14:10)
                    -> alert opened to person, clinician: High heart rate at rest | 135 bpm for 10 minutes.
            Mon 14:31  chen acknowledges resting-tachycardia on my way
                    -> alert acknowledged (after 1) to person, clinician: Acknowledged: High heart rate at rest | Acknowledged by chen: “on my way”
            Mon 15:40  resting-tachycardia clears (since 15:30)
                    -> alert resolved (after 1) to person, clinician: Resolved: High heart rate at rest | No longer so since 15:30, 1 h 20 min after it began.
            """)
    }

    @Test("an open alert does not open twice, and two rules have an episode each")
    func oneEpisodePerRule() throws {
        try expectStory(
            """
            Mon 14:20  resting-tachycardia opens (since 14:10)
                    -> alert opened to person, clinician: High heart rate at rest | 135 bpm for 10 minutes.
            Mon 14:40  resting-tachycardia opens (since 14:30)
            Mon 14:50  resting-bradycardia opens (since 14:40)
                    -> alert opened to person, clinician: Low heart rate at rest | 38 bpm for 10 minutes.
            Mon 15:00  resting-tachycardia clears (since 14:55)
                    -> alert resolved (after 1) to person, clinician: Resolved: High heart rate at rest | No longer so since 14:55, 45 min after it began.
            Mon 15:01  resting-tachycardia clears (since 14:55)
            Mon 18:20  resting-tachycardia opens (since 18:10)
                    -> alert opened to person, clinician: High heart rate at rest | 135 bpm for 10 minutes.
            """)
    }

    @Test("a second acknowledgement, one after the end and one of something unknown are refused in one line")
    func refusedAcknowledgements() throws {
        try expectStory(
            """
            Mon 14:00  chen acknowledges resting-tachycardia
                    -> refused: No alert of ada with id 00000000-0000-0000-0000-000000000000 is known here.
            Mon 14:20  resting-tachycardia opens (since 14:10)
                    -> alert opened to person, clinician: High heart rate at rest | 135 bpm for 10 minutes.
            Mon 14:31  chen acknowledges resting-tachycardia
                    -> alert acknowledged (after 1) to person, clinician: Acknowledged: High heart rate at rest | Acknowledged by chen.
            Mon 14:32  ben acknowledges resting-tachycardia
                    -> refused: “High heart rate at rest” is already acknowledged by chen, at 14:31.
            Mon 15:40  resting-tachycardia clears (since 15:30)
                    -> alert resolved (after 1) to person, clinician: Resolved: High heart rate at rest | No longer so since 15:30, 1 h 20 min after it began.
            Mon 15:41  ben acknowledges resting-tachycardia
                    -> refused: “High heart rate at rest” resolved at 15:40; there is nothing left to acknowledge.
            Mon 15:50  monthly-note opens
                    -> advice opened to person: A month in view | 
            Mon 15:51  ben acknowledges monthly-note
                    -> refused: “A month in view” is advice, not an alert: it needs no acknowledging.
            """)
    }

    @Test("an alert that nothing ends expires after seven days, acknowledged or not, and may open anew")
    func expiry() throws {
        try expectStory(
            """
            Mon 14:20  resting-tachycardia opens (since 14:10)
                    -> alert opened to person, clinician: High heart rate at rest | 135 bpm for 10 minutes.
            Mon 15:20  resting-bradycardia opens (since 15:10)
                    -> alert opened to person, clinician: Low heart rate at rest | 38 bpm for 10 minutes.
            Mon 15:30  chen acknowledges resting-bradycardia
                    -> alert acknowledged (after 1) to person, clinician: Acknowledged: Low heart rate at rest | Acknowledged by chen.
                    -> alert expired (after 1) to person, clinician: Expired: High heart rate at rest | Open for 7 days without an end being measured. It is closed here; what is measured next may open it anew.
                    -> alert expired (after 1) to person, clinician: Expired: Low heart rate at rest | Open for 7 days without an end being measured. It is closed here; what is measured next may open it anew.
            MON 16:00  resting-tachycardia clears (since 15:50)
            MON 16:20  resting-tachycardia opens (since 16:10)
                    -> alert opened to person, clinician: High heart rate at rest | 135 bpm for 10 minutes.
            """)
    }

    @Test("a rule that opens again for the same onset goes on with the same chain, under a new id")
    func sameOnset() throws {
        let text = """
            Mon 14:20  resting-tachycardia opens (since 14:10)
                    -> alert opened to person, clinician: High heart rate at rest | 135 bpm for 10 minutes.
            Mon 14:30  resting-tachycardia clears (since 14:25)
                    -> alert resolved (after 1) to person, clinician: Resolved: High heart rate at rest | No longer so since 14:25, 15 min after it began.
            Mon 14:40  resting-tachycardia opens (since 14:10)
                    -> alert opened (after 1) to person, clinician: High heart rate at rest | 135 bpm for 10 minutes.
            """
        try expectStory(text)
    }

    @Test("any event of an episode names it in a command")
    func anyId() throws {
        var story = try Story()
        let at = Story.monday + .hours(14)
        _ = try story.step("resting-tachycardia opens", at: at, .plainly)
        let opening = try #require(story.events.first)
        _ = try story.step("chen acknowledges resting-tachycardia", at: at + .minutes(1), .plainly)
        let acknowledged = try #require(story.events.last)
        #expect(opening.id != acknowledged.id)
        for event in story.events {
            #expect(story.care.knows(event.id))
            let command = Command(
                id: CommandID(high: 2, low: 2), actor: "ben", action: .acknowledge(event.id, comment: ""))
            #expect(
                story.care.handle(command, at: at + .minutes(2))
                    == .refused("“High heart rate at rest” is already acknowledged by chen, at 14:01."))
        }
        #expect(acknowledged.causes == [opening.id])
        #expect(acknowledged.onset == opening.onset)
        #expect([opening.transition, acknowledged.transition] == [0, 1])
        #expect(opening.evidence != nil)
    }

    @Test("texts follow the person's language")
    func language() throws {
        var person = Story.ada
        person.language = "zh-Hans"
        try expectStory(
            """
            Mon 14:20  resting-tachycardia opens (since 14:10)
                    -> alert opened to person, clinician: High heart rate at rest | 135 bpm for 10 minutes.
            Mon 14:31  陈医生 acknowledges resting-tachycardia 马上到
                    -> alert acknowledged (after 1) to person, clinician: 已确认：High heart rate at rest | 陈医生 已确认：“马上到”
            Mon 15:40  resting-tachycardia clears (since 15:30)
                    -> alert resolved (after 1) to person, clinician: 已解除：High heart rate at rest | 自 15:30 起已不再如此，距开始 1 小时 20 分钟。
            """, person: person)
    }
}

@Suite("Reminders")
struct ReminderStories {
    @Test("each opening of a reminder is told, and what came of it is kept without an event")
    func kept() throws {
        let text = """
            Mon 14:00  sedentary-hour opens (since 13:00)
                    -> reminder opened to person: Time to move | 12 steps in an hour.
            Mon 14:20  sedentary-hour clears (since 14:15)
            Mon 16:10  sedentary-hour opens (since 15:10)
                    -> reminder opened to person: Time to move | 12 steps in an hour.
            Mon 18:30  sedentary-hour opens (since 15:10)
                    -> reminder opened (after 1) to person: Time to move | 12 steps in an hour.
            """
        try expectStory(text)

        var story = try Story()
        for (line, at, state) in [
            ("sedentary-hour opens (since 13:00)", 14, Reminder.State.waiting),
            ("sedentary-hour clears (since 14:15)", 15, .followed),
            ("sedentary-hour opens (since 15:10)", 16, .waiting),
            ("nothing", 18, .missed),
            ("sedentary-hour opens (since 18:10)", 19, .waiting),
            ("sedentary-hour opens (since 22:00)", 23, .waiting),
        ] {
            _ = try story.step(line, at: Story.monday + .hours(Int64(at)), .plainly)
            #expect(story.care.reminders.map(\.state) == [state])
        }
        #expect(story.care.reminders.map(\.missedBefore) == [2])
        // The end of the day comes before the end of the repeat time.
        #expect(story.care.nextDeadline == Story.monday + .days(1))
    }
}
