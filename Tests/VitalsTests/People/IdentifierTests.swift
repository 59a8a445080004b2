import Testing
import Vitals

@Suite("Ids and slots")
struct IdentifierTests {
    @Test(
        "a person's slot is the leading 12 bits of the id",
        arguments: [
            ("00000000-0000-4000-8000-000000000000", 0), ("000fffff-ffff-4fff-bfff-ffffffffffff", 0),
            ("00100000-0000-4000-8000-000000000000", 1), ("7ff00000-0000-4000-8000-000000000000", 2047),
            ("80000000-0000-4000-8000-000000000000", 2048), ("ABCdef01-2345-4789-abcd-ef0123456789", 0xABC),
            ("fff00000-0000-4000-8000-000000000000", 4095), ("ffffffff-ffff-4fff-bfff-ffffffffffff", 4095),
        ])
    func slots(text: String, expected: Int) throws {
        #expect(slot(of: try #require(PersonID(text))) == expected)
    }

    @Test("an id is read from its text and its bytes, and written in lower case")
    func text() throws {
        let id = try #require(PersonID("ABCDEF01-2345-4789-ABCD-EF0123456789"))
        #expect("\(id)" == "abcdef01-2345-4789-abcd-ef0123456789")
        #expect(PersonID("abcdef0123454789abcdef0123456789") == id)
        #expect(PersonID(bytes: id.bytes) == id)
        for bad in ["", "abcdef01-2345-4789-abcd-ef012345678", "gbcdef01-2345-4789-abcd-ef0123456789", "ａ"] {
            #expect(PersonID(bad) == nil)
        }
    }
}
