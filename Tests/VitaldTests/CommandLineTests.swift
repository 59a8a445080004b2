import Testing

@testable import vitald

@Suite struct CommandLineTests {
    /// Exit code, stdout and stderr of a command line.
    private func run(_ words: String...) -> (code: Int32, out: String, log: String) {
        Workspace.run(words)
    }

    @Test("every command has a help with its purpose, usage and an example that begins with it")
    func help() {
        for command in Vitald.commands {
            let syntax = command.syntax
            let help = run(syntax.command.split(separator: " ").map(String.init) + ["--help"])
            #expect(help.code == 0 && help.log == "")
            #expect(help.out.hasPrefix("\(syntax.purpose).\n"))
            #expect(help.out.contains("Usage: vitald \(syntax.command)"))
            #expect(!syntax.examples.isEmpty && syntax.examples.allSatisfy { $0.contains("vitald \(syntax.command)") })
            #expect(!syntax.purpose.hasSuffix("."))
            #expect(help.out.split(separator: "\n").allSatisfy { $0.hasPrefix("  vitald") || $0.count <= 100 })
        }
    }

    private func run(_ words: [String]) -> (code: Int32, out: String, log: String) {
        Workspace.run(words)
    }

    @Test("every example is a command line that its command accepts")
    func examples() throws {
        for command in Vitald.commands {
            for example in command.syntax.examples {
                let line = example.split(separator: "|").first { $0.contains("vitald ") } ?? ""
                let words = shellWords(String(line)).drop { $0 != "vitald" }.dropFirst()
                let rest = words.dropFirst(command.syntax.command.split(separator: " ").count)
                #expect(throws: Never.self, "\(example)") { try Arguments(rest, for: command.syntax) }
            }
        }
    }

    /// Words of a line, single quotes respected.
    private func shellWords(_ line: String) -> [String] {
        var words: [String] = []
        for (i, part) in line.split(separator: "'", omittingEmptySubsequences: false).enumerated() {
            if i % 2 == 1 { words.append(String(part)) } else { words += part.split(separator: " ").map(String.init) }
        }
        return words
    }

    @Test("the list of commands names each of them")
    func list() {
        let help = run("--help")
        #expect(help.code == 0)
        for command in Vitald.commands { #expect(help.out.contains("\n  \(command.syntax.command)  ")) }
        #expect(run("-h").out == help.out)
        #expect(run("help").out == help.out)
    }

    @Test("usage errors exit with 2, say why on stderr and print nothing on stdout")
    func usage() {
        for words in [[], ["versoin"], ["version", "--all"], ["version", "x"]] {
            let result = run(words)
            #expect(result.code == 2)
            #expect(result.out == "")
            #expect(result.log.contains("--help"))
        }
        #expect(run("versoin").log.contains("did you mean 'version'?"))
    }

    @Test("the version is one line")
    func version() {
        #expect(run("version").out == "vitald \(Vitald.version)\n")
        #expect(run("--version").out == run("version").out)
    }
}
