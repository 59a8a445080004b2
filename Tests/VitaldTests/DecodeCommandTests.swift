import Testing

@testable import vitald

@Suite struct DecodeCommandTests {
    @Test("each word is a frame, but single bytes together are one")
    func frames() throws {
        #expect(try DecodeCommand.frames(["0648", "06 49", "0x06:4a"]) == [[6, 0x48], [6, 0x49], [6, 0x4A]])
        #expect(try DecodeCommand.frames(["06", "48"]) == [[6, 0x48]])
        #expect(try DecodeCommand.frames(["06"]) == [[6]])
    }

    @Test("what is no hexadecimal byte is named", arguments: ["6", "064", "zz", "0x", "06 4", "6̇1"])
    func refused(word: String) {
        #expect(throws: CommandError.self) { try DecodeCommand.frames([word]) }
    }
}
