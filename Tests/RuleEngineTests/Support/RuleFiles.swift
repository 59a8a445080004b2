import FoundationEssentials
import Vitals

@testable import RuleEngine

/// Folders of this package, found from this file upward.
enum Folders {
    static let package: String = {
        var parts = #filePath.split(separator: "/")
        while !parts.isEmpty {
            let folder = "/" + parts.joined(separator: "/")
            if FileManager.default.fileExists(atPath: folder + "/Package.swift") { return folder }
            parts.removeLast()
        }
        return "."
    }()

    static func files(in folder: String, ending: String) -> [Configured.File] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: package + "/" + folder)) ?? []
        return names.filter { $0.hasSuffix(ending) }.sorted().compactMap { name in
            text(folder + "/" + name).map { Configured.File(path: name, text: $0) }
        }
    }

    static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: package + "/" + path).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// Not a hash, but different for different texts: enough to see that it is carried through.
func lengthHash(_ text: String) -> String { String(text.utf8.count, radix: 16) }

func book(_ texts: String...) -> RuleBook {
    RuleBook(
        files: texts.enumerated().map { Configured.File(path: "rule\($0).json5", text: $1) }, hash: lengthHash)
}

/// A rule file with these fields and a plain `then`.
func ruleText(_ fields: String, kind: String = "alert", name: String = "probe") -> String {
    """
    { rule: "\(name)", \(fields),
      then: { kind: "\(kind)", title: "Probe", text: "Probe"\(kind == "plan" ? ", rest: true" : "") } }
    """
}
