import JSON5
import Links
import Vitals

/// `vitald analyze --features`
enum AnalyzeFeatures {
    static func names(_ text: String) throws(CommandError) -> [WindowFunction] {
        let asked = text.split(separator: ",").map { String($0.drop { $0 == " " }) }
        guard !asked.isEmpty else {
            throw .usage("--features: which? One of \(FileFeatures.names.joined(separator: ", "))")
        }
        var functions: [WindowFunction] = []
        for name in asked {
            guard FileFeatures.names.contains(name), let function = WindowFunction(rawValue: name) else {
                throw .usage(
                    "--features: no feature is named '\(name)'",
                    hint: didYouMean(name, in: FileFeatures.names)
                        ?? "known: \(FileFeatures.names.joined(separator: ", "))")
            }
            functions.append(function)
        }
        return functions
    }

    static func run(_ asked: [WindowFunction], _ arguments: Arguments, on console: Console) throws {
        let zone = try arguments.zone() ?? .utc
        let source = try SampleArguments.source(arguments)
        let options = try AnalyzeCommand.options(arguments, source: source, zone: zone)
        for path in arguments.positionals {
            var reason: String?
            var samples: [Sample] = []
            do throws(FileError) {
                let imported = try SampleFile.read(path: path, options: options)
                samples = imported.samples
                console.note("\(path): \(imported.report)")
            } catch {
                // A file without what was asked for answers, too: with nothing.
                guard [.noRows, .noMetric, .badOption].contains(error.code) else { throw error }
                reason = "\(error)"
            }
            let features = FileFeatures(samples, metric: options.metric, isCorrected: !arguments.has("raw"))
            var json = JSONWriter()
            json.object { json in
                json.member("file", path)
                for function in asked {
                    let value = features.value(function)
                    if value.isFinite { json.member(function.rawValue, value) } else { json.null(function.rawValue) }
                }
            }
            console.out.line(json.text)
            if let reason {
                console.note(reason)
                continue
            }
            for function in asked where !features.value(function).isFinite {
                console.note("\(path): \(function.rawValue): \(features.refusal(function))")
            }
        }
    }
}
