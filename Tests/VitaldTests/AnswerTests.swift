import Testing

@testable import vitald

@Suite struct AnswerTests {
    private let lines = [
        #"{"name":"ring","port":null,"bytes":12,"diagnostics":{"resync":2}}"#,
        #"{"name":"strap","bytes":3,"people":["ada","bob"]}"#,
    ]

    @Test("rows have a column for each key that any object has")
    func rows() {
        let console = Console.kept()
        Answer(lines).writeRows(as: .csv, on: console)
        #expect(
            console.out.pending == """
                name,port,bytes,diagnostics,people
                ring,,12,resync 2,
                strap,,3,,"ada, bob"

                """)
    }

    @Test("JSON lines pass as they came")
    func verbatim() {
        let console = Console.kept()
        Answer(lines).writeRows(as: .jsonl, on: console)
        #expect(console.out.pending == lines.joined(separator: "\n") + "\n")
    }

    @Test("a state is one line for each member")
    func members() {
        let console = Console.kept()
        Answer([#"{"hub":"home","put_aside":[],"waiting_commits":0}"#]).writeMembers(as: .table, on: console)
        #expect(console.out.pending == "hub              home\nput aside        –\nwaiting commits  0\n")
    }

    @Test("an answer that is no JSON is no row")
    func garbage() {
        let console = Console.kept()
        Answer(["{", "[1]"]).writeRows(as: .table, on: console)
        #expect(console.out.pending == "")
    }
}
