import Analysis
import Links
import Vitals

/// `vitald analyze`
enum AnalyzeCommand: Subcommand {
    static let syntax = Syntax(
        "analyze", "Tell what files hold, without a store: a report, features, windows, or derived series",
        positionals: [
            .init(
                "FILE", "CSV of one person, merged by time, or lists of heartbeat intervals; also .gz",
                isOptional: true,
                repeats: true)
        ],
        options: [
            .init("features", "NAME,…", "one JSON line per file with these features of the whole file"),
            .init("raw", nil, "with --features: heartbeats as they are, without artefact correction"),
            .init("series", "NAME,…", "rows time,name,value of these derived series"),
            .init("rolling", "NAME,…", "a row for each moment with these statistics of the window that ends there"),
            .init("window", "SPAN", "with --rolling: length of the windows, e.g. 5m"),
            .init("grid", "SPAN", "with --rolling: distance of the moments (that of most samples, from 1s)"),
            RowFormat.option,
            .init("max-heart-rate", "BPM", "the person's maximum (\(AnalyzedPerson.assumedMaximum))"),
            .init("resting-heart-rate", "BPM", "where the files do not tell (\(AnalyzedPerson.assumedRest))"),
            .init("born", "DATE", "date of birth: the maximum is 208 − 0.7 × age unless given"),
            .init("sex", "female|male", "constants of the training load (male)"),
            .init("edwards", nil, "with --series training_load: minutes in five zones instead of Banister's weights"),
            .init("cards", nil, "what each derived series measures, needs and cannot tell"),
        ] + SampleArguments.options,
        notes: [
            "Features: \(FileFeatures.names.joined(separator: ", ")). pnn50, corrected_share and coverage are shares "
                + "0 to 1, times in ms, slope per minute. A feature that a file cannot give is null, with the reason on "
                + "stderr.",
            "Series: \(AnalyzeSeries.names.joined(separator: ", ")). night_signal:published is the exact published "
                + "arithmetic. The values of a day carry a time of that day; CSV and JSON lines write UTC.",
            "Rolling: \(RollingStatistic.names.joined(separator: ", ")) or any other quantile q1 to q99, of heart rate or the "
                + "--metric, each file a person of its own. slope is per minute, ewma halves weights with each window, cusum "
                + "stands on the file's median and MAD. Windows that hold nothing are left out.",
        ],
        examples: [
            "vitald analyze ada_hr.csv.gz ada_steps.csv.gz --zone Europe/Berlin",
            "vitald analyze night.txt --features rmssd,sdnn,pnn50 --metric rr_interval --unit ms",
            "vitald analyze hr.csv steps.csv --series resting_heart_rate,night_signal --format csv",
            "vitald analyze ada.csv bob.csv --rolling mean,std,median,q90 --window 5m --format csv",
        ])

    static func run(_ arguments: Arguments, on console: Console) throws {
        if arguments.has("cards") { return AnalyzeCards.print(on: console) }
        guard !arguments.positionals.isEmpty else { throw CommandError.usage("which FILE?") }
        let questions = ["features", "series", "rolling"].filter { arguments.text($0) != nil }
        guard questions.count < 2 else {
            throw CommandError.usage("--\(questions[0]) and --\(questions[1]) are two questions; ask one at a time")
        }
        for option in ["window", "grid"] where arguments.text(option) != nil && arguments.text("rolling") == nil {
            throw CommandError.usage("--\(option) goes with --rolling")
        }
        guard !arguments.has("raw") || arguments.text("features") != nil else {
            throw CommandError.usage("--raw goes with --features")
        }
        if let text = arguments.text("features") {
            try AnalyzeFeatures.run(try AnalyzeFeatures.names(text), arguments, on: console)
        } else if let text = arguments.text("series") {
            try AnalyzeSeries.run(try AnalyzeSeries.names(text), arguments, on: console)
        } else if let text = arguments.text("rolling") {
            try AnalyzeRolling.run(try AnalyzeRolling.statistics(text), arguments, on: console)
        } else {
            try AnalyzeReport.run(arguments, on: console)
        }
    }

    /// When a list of intervals began that does not say: a file that is only looked at needs some day.
    private static let someDay = Timestamp(milliseconds: 946_684_800_000)

    static func options(_ arguments: Arguments, source: Device, zone: Zone) throws -> ImportOptions {
        var options = try SampleArguments.options(arguments, source: source.id, zone: zone)
        options.start = options.start ?? someDay
        return options
    }

    /// What a command line tells of the person, and samples of all files in order of time.
    static func samples(_ arguments: Arguments, on console: Console) throws -> (samples: [Sample], zone: Zone) {
        let zone = try arguments.zone() ?? .utc
        let source = try SampleArguments.source(arguments)
        let options = try AnalyzeCommand.options(arguments, source: source, zone: zone)
        return (try SampleArguments.read(arguments.positionals, options, on: console), zone)
    }
}
