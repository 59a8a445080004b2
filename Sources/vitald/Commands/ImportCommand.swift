import Hub
import Links
import Storage
import Vitals

/// `vitald import`
enum ImportCommand: Subcommand {
    static let syntax = Syntax(
        "import", "Put measurements from files into a store",
        positionals: [
            .init("FILE", "CSV with a time column, or a list of heartbeat intervals; also .gz", repeats: true)
        ],
        options: [
            .init("store", "FILE", "the store; made where there is none").required(),
            SampleArguments.person.required(),
        ] + SampleArguments.options,
        notes: [
            "Derived series are computed, too; rules decide nothing here ('vitald replay' does all).",
            "Rows may be unsorted, repeated or broken: they are sorted, dropped, or counted with their line numbers. "
                + "Importing a file twice changes nothing. A person the store does not know is added.",
        ],
        examples: [
            "vitald import ada_hr.csv.gz ada_steps.csv.gz --store home.db --person ada --zone Europe/Berlin",
            "vitald import night.txt --store home.db --person ada --metric rr_interval --unit ms --start 2026-11-20T23:10",
            "vitald import export.csv --store home.db --person bob --map 'Puls=heart_rate,Note=ignore'",
        ])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let path = try arguments.required("store")
        let source = try SampleArguments.source(arguments)
        // A store that is there is opened first, so that another writer is noticed before long files are read; a new one
        // is made last, so that a file that cannot be used leaves none behind.
        let existing = try StoreFile.openToWrite(path, arguments)
        let known = try existing?.people() ?? []
        let person = try SampleArguments.person(arguments, among: known)
        let zone = try Zone(named: person.zone)
        let options = try SampleArguments.options(arguments, source: source.id, zone: zone)
        let samples = try SampleArguments.read(arguments.positionals, options, on: console)
        let store = try existing ?? StoreFile.openOrMake(path, hub: .random(), arguments)
        defer { StoreFile.close(store, path, on: console) }
        try Importing.run(samples, of: person, source: source, store: store) { done, total in
            console.show(status: "storing \(total > 0 ? done * 100 / total : 100) %")
        }
        console.clearStatus()
        console.out.line("\(samples.count) samples of \(person.name) from \(source.name) are in \(path)")
    }
}
