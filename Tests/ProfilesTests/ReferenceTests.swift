import Glibc
import JSON5
import Testing
import Vitals

@testable import Profiles

@Suite struct ReferenceTests {
    /// What a command of the shell prints, or `nil` where it cannot be run.
    private func output(of command: String) -> String? {
        guard let pipe = popen("\(command) 2>/dev/null", "r") else { return nil }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while case let count = fread(&chunk, 1, chunk.count, pipe), count > 0 { text += chunk[..<count] }
        return pclose(pipe) == 0 ? String(decoding: text, as: UTF8.self) : nil
    }

    @Test("thousands of damaged frames mean what the reference interpreter says, in its own profiles")
    func mutants() throws {
        guard let shared = Files.shared else { return }
        guard output(of: "python3 -c ''") != nil else { return print("skipped: no python3 for the reference") }
        var template = Array("/tmp/vitald-reference-XXXXXX".utf8CString)
        let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        let names = Files.names(in: shared + "/devices/profiles", suffix: ".json5")
        defer {
            for name in names { unlink("\(folder)/\(name.dropLast())") }
            rmdir(folder)
        }
        var files: [Configured.File] = []
        for name in names {
            let text = try Files.text("\(shared)/devices/profiles/\(name)")
            files.append(Configured.File(path: name, text: text))
            let json = try JSONDocument.parse(text, file: name).root.jsonText
            let file = try #require(fopen("\(folder)/\(name.dropLast())", "w"))
            fputs(json, file)
            fclose(file)
        }
        let script = Files.fixtures + "/mutants.py"
        let text = try #require(output(of: "python3 '\(script)' '\(shared)/devices' '\(folder)' 5 25"))
        let outcome = ProfileLibrary(files: files).run(try VectorFile(text: text, file: "mutants"))
        #expect(outcome.passed > 2500)
        #expect(outcome.failures.map(\.error.message) == [])
    }
}
