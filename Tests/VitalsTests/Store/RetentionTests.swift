import Testing
import Vitals

@Suite("Retention") struct RetentionTests {
    @Test("is read as people write it; what is not named follows from what is")
    func reading() throws {
        let whole = try Retention("raw 90d, 1m 2y, 15m forever")
        #expect(whole.samples == .days(90) && whole.minutes == .days(730))
        // Sums of five minutes are there until those of fifteen alone are left.
        #expect(whole.fiveMinutes == .days(730) && whole.quarters == nil)
        let raw = try Retention("raw 8w")
        #expect(raw.samples == .days(56) && raw.minutes == .days(56) && raw.fiveMinutes == nil)
        let end = try Retention("raw 30d,5m 1y")
        #expect(end.fiveMinutes == .days(365) && end.quarters == .days(365))
        #expect(try Retention("raw forever") == .forever)
    }

    @Test(
        "says what is wrong with it",
        arguments: [
            ("", "expected raw"), ("raw", "expected raw"), ("raw 90", "no length"), ("raw 0d", "no length"),
            ("raw 6d", "7d or more"), ("raw 90d, raw 91d", "once"), ("10m 90d", "expected raw"),
            ("raw 2y, 1m 90d", "at least as long"), ("1m 90d", "at least as long"),
            ("raw 1y, 15m 90d", "at least as long"), ("raw 99999999999999999999y", "no length"),
            ("raw -9d", "no length"),
        ])
    func wrong(text: String, hint: String) {
        do throws(Retention.Problem) {
            let read = try Retention(text)
            Issue.record("\(text) was read as \(read)")
        } catch {
            #expect(error.message.contains(hint), "\(error.message)")
        }
    }
}
