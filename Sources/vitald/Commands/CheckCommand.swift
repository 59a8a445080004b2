import Hub
import JSON5
import Profiles
import RuleEngine
import Vitals

/// `vitald check`
enum CheckCommand: Subcommand {
    static let syntax = Syntax(
        "check", "Check profiles and rules, and run the tests inside them",
        positionals: [
            .init("PATH", "files or folders (the shipped profiles and rules)", isOptional: true, repeats: true)
        ],
        notes: ["One line on stdout for each file that is right; what is wrong goes to stderr with its place."],
        examples: ["vitald check", "vitald check Rules/resting-tachycardia.json5"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        var paths = arguments.positionals
        if paths.isEmpty {
            let shipped = ShippedFiles()
            paths = [try shipped.folder(.profiles), try shipped.folder(.rules)]
        }
        let files = try Folder.files(in: paths, ending: ".json5")
        guard !files.isEmpty else { throw CommandError.failed("no .json5 files in \(paths.joined(separator: ", "))") }
        var report = Report(console: console)
        let rules = files.filter { isRule($0) }
        checkProfiles(files.filter { !isRule($0) }, &report)
        try checkRules(rules, &report)
        guard report.wrong > 0 else { return console.note("\(report.right) files are right") }
        throw CommandError.failed("\(report.wrong) of \(report.right + report.wrong) files are wrong")
    }

    /// A file with a `rule` or a `when` is meant as a rule; anything else, broken files included, as a profile, unless
    /// it lies among the rules.
    private static func isRule(_ file: Configured.File) -> Bool {
        guard let root = try? JSONDocument.parse(file.text, file: file.path).reader else {
            return FileTree.name(of: FileTree.folder(of: file.path)) == ShippedFiles.Kind.rules.rawValue
        }
        return root.has("rule") || root.has("when")
    }

    private static func checkProfiles(_ files: [Configured.File], _ report: inout Report) {
        // A profile outside the shipped folder may extend a shipped one.
        let shipped = (try? ShippedFiles().folder(.profiles)).flatMap { try? Folder.files(in: [$0], ending: ".json5") }
        let library = ProfileLibrary(files: files, extending: shipped ?? [])
        let others = ProfileLibrary(files: shipped ?? []).profiles.reduce(into: [:]) { $0[$1.id] = $1.file }
        for file in files {
            let errors = library.errors.filter { $0.file == file.path }.map { "\($0)" }
            guard errors.isEmpty, let profile = library.profiles.first(where: { $0.file == file.path }) else {
                report.add(file.path, failures: errors.isEmpty ? ["\(file.path): replaced by a later profile"] : errors)
                continue
            }
            report.add(
                profile.id, tests: profile.vectors.count, "vector", failures: profile.check().map { "\($0)" })
            for doubt in profile.doubts() { report.console.note("\(file.path): note: \(doubt)") }
            if let other = others[profile.id], other != file.path {
                report.console.note("\(file.path): note: takes the place of \(other)")
            }
        }
    }

    private static func checkRules(_ files: [Configured.File], _ report: inout Report) throws {
        let book = RuleBook(files: files) { "\(ContentHash(of: $0))" }
        for file in files {
            let errors = book.errors.filter { $0.file == file.path }.map { "\($0)" }
            guard errors.isEmpty, let rule = book.rules.first(where: { $0.file == file.path }) else {
                report.add(file.path, failures: errors.isEmpty ? ["\(file.path): holds no rule"] : errors)
                continue
            }
            report.add(
                rule.name, tests: rule.tests.count, "test", failures: try failures(of: rule, in: file, among: files))
        }
    }

    /// Runs the tests of a rule; a file that does not load must not keep the tests of the others from running.
    private static func failures(
        of rule: Rule, in file: Configured.File, among files: [Configured.File]
    ) throws -> [String] {
        try RuleTrial.run(rule, among: files).flatMap { outcome in
            outcome.failures.map { "\(file.path):\(outcome.test.line): test \"\(outcome.test.name)\": \($0)" }
        }
    }

    /// Prints what was found and counts it.
    private struct Report {
        let console: Console
        var right = 0
        var wrong = 0

        mutating func add(_ name: String, tests: Int = 0, _ unit: String = "", failures: [String]) {
            guard failures.isEmpty else {
                wrong += 1
                for failure in failures { console.note(failure) }
                return
            }
            right += 1
            let count = "\(tests) \(unit)\(tests == 1 ? "" : "s")"
            console.out.line("\(console.outTerminal.paint("ok", .green)) \(name) \(count)")
            // Tests of rules take their time.
            console.out.flush()
        }
    }
}
