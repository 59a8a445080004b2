import Analysis
import Vitals

/// What the command line tells of the person whose files are analysed.
///
/// The daemon knows a person's maximum heart rate or says nothing; a file says nothing of its wearer. So that its load
/// can be compared with that of other files all the same, constants are assumed and said: the 190 and 50 beats a minute
/// that the reference figures of the agreement tests assume, too.
enum AnalyzedPerson {
    static let assumedMaximum = 190
    static let assumedRest = 50

    private enum Sex: String, CaseIterable { case female, male }

    /// - Parameter isTelling: whether what is assumed matters to what was asked.
    static func body(_ arguments: Arguments, isTelling: Bool, on console: Console) throws -> Body {
        let sex: Person.Sex? =
            switch try arguments.choice("sex", Sex.self) {
            case .female: .female
            case .male: .male
            case nil: nil
            }
        var born: LocalDay?
        if let text = arguments.text("born") {
            guard let time = try arguments.time("born") else { throw CommandError.usage("--born \(text)") }
            born = Zone.utc.day(of: time)
        }
        let most = try arguments.integer("max-heart-rate", in: 60...250)
        let rest = try arguments.integer("resting-heart-rate", in: 20...120)
        var assumed: [String] = []
        if most == nil, born == nil { assumed.append("a maximum heart rate of \(assumedMaximum) (--max-heart-rate)") }
        if rest == nil {
            assumed.append("\(assumedRest) at rest where the files do not tell (--resting-heart-rate)")
        }
        if sex == nil { assumed.append("the constants for men (--sex)") }
        if isTelling, !assumed.isEmpty { console.note("training load assumes \(assumed.joined(separator: ", "))") }
        return Body(
            maxHeartRate: most.map(Double.init) ?? (born == nil ? Double(assumedMaximum) : nil),
            restingHeartRate: Double(rest ?? assumedRest), born: born, sex: sex)
    }
}
