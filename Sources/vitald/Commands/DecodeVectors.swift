import Hub
import JSON5
import Profiles

/// `vitald decode --vectors`: files of vectors, run through all profiles of a folder.
enum DecodeVectors {
    static func run(_ arguments: Arguments, on console: Console) throws {
        if let word = arguments.positionals.first {
            throw CommandError.usage("'\(word)': --vectors takes no PROFILE and no bytes")
        }
        if arguments.text("input") != nil { throw CommandError.usage("--input does not go with --vectors") }
        let folder = try ShippedFiles.folder(.profiles, arguments)
        let library = ProfileLibrary(files: try Folder.files(in: [folder], ending: ".json5"))
        for error in library.errors { console.note("\(error)") }
        var outcome = VectorOutcome()
        for path in arguments.all("vectors") {
            let next = library.run(try VectorFile(path: path))
            outcome.passed += next.passed
            outcome.failures += next.failures
            outcome.unmatched += next.unmatched
            outcome.uncompared += next.uncompared
        }
        for failure in outcome.failures { line(failure.line, console) }
        if !outcome.uncompared.isEmpty {
            let fields = outcome.uncompared.map { "\($0.field) of \($0.vector)" }
            line("\(fields.count) fields not compared, the profile reads none of that name: \(listed(fields))", console)
        }
        if !outcome.unmatched.isEmpty {
            let names = outcome.unmatched
            line("\(names.count) not run, there is no profile for them: \(listed(names, atMost: 40))", console)
        }
        line("\(outcome.passed) passed, \(outcome.failures.count) failed", console)
        // The lines above say all.
        if !outcome.failures.isEmpty { throw CommandError.failed("") }
    }

    /// Names come from the file: none of their control characters reaches the terminal, and one vector has one line.
    private static func line(_ text: String, _ console: Console) {
        console.out.line(TextWidth.printable(text))
    }
}
