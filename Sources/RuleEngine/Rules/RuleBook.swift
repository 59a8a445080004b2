import Vitals

/// All rules in force, compiled against one table of features.
///
/// A bad file is put aside alone, with its error; the others work.
public struct RuleBook: Sendable {
    /// Ordered by name, so that the order of files never shows in a result.
    public let rules: [Rule]
    /// One for each file that was put aside.
    public let errors: [RuleError]
    /// What the rules may ask for; the index is the slot. Each feature once.
    public let features: [Feature]
    /// How long after a person's last sample ticks must still be evaluated: what silence alone can still bring about.
    ///
    /// It is the longest `stale` span, or duration beside `age_of`, or window up to one hour (a longer window counts as
    /// one hour, see `longestSettlingWindow`), plus the longest `for`, plus a minute. Scheduled times and the beginnings
    /// of `between` are left out: `nextSchedule` names them.
    public let awakeHorizon: TimeSpan
    /// The longest window any rule asks for.
    public let longestWindow: TimeSpan

    /// A window longer than this is taken as settled this long after the last sample: what it still does afterwards is
    /// that samples leave it and its coverage sinks, and no decision should come of data fading out. It decides again
    /// with the next sample, or at the next scheduled time.
    public static let longestSettlingWindow = TimeSpan.hours(1)
    /// The latest value of a gauge holds no longer than this (DESIGN §7: `hold` is 5 s to 5 min).
    static let longestHold = TimeSpan.minutes(5)
    /// Added to the horizon so that it never ends on the tick that decides.
    static let margin = TimeSpan.minutes(1)
    /// Ticks come at pane ends (DESIGN §2).
    public static let tick = TimeSpan.seconds(5)
    /// A tick is processed this long after its pane ended (DESIGN §2).
    public static let grace = TimeSpan.seconds(2)

    /// What evaluation needs, rule by rule.
    let watches: [Watch]
    let names: [String]
    /// Changes whenever a rule does.
    let fingerprint: UInt64

    /// Reads rule files.
    ///
    /// - Parameters:
    ///   - files: path and text of each; paths appear in errors and evidence.
    ///   - hash: SHA-256 of a text in hexadecimal, for evidence.
    /// - Complexity: O(length of the texts).
    public init(files: [Configured.File], hash: (String) -> String) {
        var table = FeatureTable()
        var rules: [Rule] = []
        var errors: [RuleError] = []
        for file in files {
            var attempt = table
            do throws(RuleError) {
                let rule = try Rule(text: file.text, path: file.path, hash: hash(file.text), table: &attempt)
                if let other = rules.first(where: { $0.name == rule.name }) {
                    throw try RuleFile(text: file.text, path: file.path).required("rule").error(
                        "the rule '\(rule.name)' is already defined in \(other.file):\(other.line)", code: .duplicate)
                }
                rules.append(rule)
                table = attempt
            } catch {
                errors.append(error)
            }
        }
        rules.sort { $0.name < $1.name }
        self.rules = rules
        self.errors = errors
        features = table.features
        names = rules.map(\.name)
        watches = rules.map { Watch($0, table.features) }
        fingerprint = Fingerprint.of(watches.map { String($0.version, radix: 16) } + names)
        awakeHorizon = Self.horizon(rules, table.features)
        longestWindow = table.features.compactMap(\.windowLength).max() ?? .zero
    }

    public subscript(name: String) -> Rule? { rules.first { $0.name == name } }

    private static func horizon(_ rules: [Rule], _ features: [Feature]) -> TimeSpan {
        var longest = longestHold
        for feature in features {
            switch feature.plain {
            case .window(_, _, let window, _): longest = max(longest, min(window, longestSettlingWindow))
            case .stale(_, let span): longest = max(longest, span)
            default: break
            }
        }
        for rule in rules {
            for clause in [rule.when, rule.needs, rule.clear] {
                guard let clause else { continue }
                longest = max(longest, clause.expression.term.longestAge(features))
            }
        }
        return longest + (rules.map(\.hold).max() ?? .zero) + margin
    }

    /// The next moment after `time` at which rules must be evaluated although nothing arrives: a scheduled time (`at`)
    /// or the beginning of a `between`; `nil` without such rules.
    public func nextSchedule(after time: Timestamp, zone: Zone) -> Timestamp? {
        var next: Timestamp?
        let today = zone.day(of: time)
        for rule in rules where rule.isEnabled && !rule.isOnSessionEnd {
            guard let start = rule.at ?? (rule.hours.isAlways ? nil : rule.hours.start) else { continue }
            // A week and a day: the days of the week may leave out all but one.
            for offset: Int32 in 0...8 where rule.hours.counts(today + offset) {
                let moment = zone.timestamp(day: today + offset, timeOfDay: start)
                guard moment > time else { continue }
                next = min(next ?? moment, moment)
                break
            }
        }
        return next
    }
}

extension Feature {
    var windowLength: TimeSpan? {
        if case .window(_, _, let window, _) = plain { window } else { nil }
    }
}

extension Term {
    /// The longest duration written in a comparison with an `age_of`: the moment at which silence changes the answer.
    func longestAge(_ features: [Feature]) -> TimeSpan {
        let inner = children.reduce(TimeSpan.zero) { max($0, $1.longestAge(features)) }
        guard case .compare = operation, contains(features, \.isAge) else { return inner }
        return max(inner, longestConstant)
    }

    private func contains(_ features: [Feature], _ test: (Feature) -> Bool) -> Bool {
        if case .feature(let slot) = operation { return features.indices.contains(slot) && test(features[slot]) }
        return children.contains { $0.contains(features, test) }
    }

    private var longestConstant: TimeSpan {
        if case .constant(let value) = operation, type == .duration {
            return TimeSpan(milliseconds: Int64(exactly: abs(value).rounded(.up)) ?? 0)
        }
        return children.reduce(.zero) { max($0, $1.longestConstant) }
    }
}

extension Feature {
    fileprivate var isAge: Bool { if case .age = plain { true } else { false } }
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo): tells versions of rules apart within one store; not a security measure.
enum Fingerprint {
    static func of(_ texts: [String]) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for text in texts {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            hash = (hash ^ 0xFF) &* 0x100_0000_01B3
        }
        return hash
    }
}
