import Analysis
import Kernels

/// One recording of heartbeats with what cardiologists said of its rhythm.
struct RhythmRecord {
    var database: String
    var name: String
    /// Milliseconds; the first beat's own interval is not known, so there is one less than beats.
    var intervals: [Double]
    /// Whether the beat at the end of each interval lies in atrial fibrillation.
    var isIrregular: [Bool]

    /// Plausible intervals, as the daemon lets them through.
    static let plausible = 240.0...3000.0

    static let afdb = [
        "03665", "04015", "04043", "04048", "04908", "04936", "05091", "05261", "06426", "06995", "07162", "07859",
        "07910", "08219", "08378", "08434", "08455",
    ]
    static let mitdb = [
        "100", "102", "103", "104", "105", "107", "108", "111", "112", "113", "115", "116", "117", "118", "121", "123",
        "124", "201", "203", "205", "208", "209", "212", "213", "215", "217", "220", "221", "223", "230", "232", "233",
    ]
    static let nsr2db = (1...10).map { "nsr0" + ($0 < 10 ? "0" : "") + "\($0)" }
    static let chf2db = ["chf201", "chf202", "chf203", "chf204", "chf205"]
    static let healthy = ["000", "003", "005", "006", "007", "008"]

    static func names(_ database: String) -> [String] {
        switch database {
        case "afdb": afdb
        case "mitdb": mitdb
        case "nsr2db": nsr2db
        case "chf2db": chf2db
        default: healthy
        }
    }

    init(_ database: String, _ name: String) throws {
        self.database = database
        self.name = name
        intervals = []
        isIrregular = []
        let folder = "rr_rhythm/\(database)"
        switch database {
        case "afdb":
            let beats = try SharedData.rows("\(folder)/\(name)_beats.csv.gz").dropFirst().compactMap { Int($0[0]) }
            let changes = try SharedData.rows("\(folder)/\(name)_rhythm.csv").dropFirst().compactMap { row in
                Int(row[0]).map { (at: $0, rhythm: row[1]) }
            }
            fill(beats, rate: 250, changes.map { ($0.at, $0.rhythm == "AFIB") })
        case "mitdb":
            var beats: [Int] = []
            var changes: [(Int, Bool)] = []
            for row in try SharedData.rows("\(folder)/\(name).csv.gz").dropFirst() where row.count > 2 {
                guard let sample = Int(row[0]) else { continue }
                if "NLRAaJSVF/fQejEn?B".contains(row[1]) { beats.append(sample) }
                if row[1] == "+", row[2].hasPrefix("(") { changes.append((sample, row[2].hasPrefix("(AFIB"))) }
            }
            fill(beats, rate: 360, changes)
        case "nsr2db", "chf2db":
            // The first value is the time until the first beat.
            intervals = try SharedData.rows("\(folder)/\(name)_rr_secs.csv.gz").dropFirst(2).compactMap {
                Double($0[0]).map { $0 * 1000 }
            }
        default:
            intervals = try SharedData.rows("rr_rhythm/healthy_rr/\(name).csv.gz").dropFirst().compactMap {
                Double($0[0])
            }
        }
        if isIrregular.isEmpty { isIrregular = Array(repeating: false, count: intervals.count) }
    }

    private mutating func fill(_ beats: [Int], rate: Double, _ changes: [(at: Int, isIrregular: Bool)]) {
        var change = -1
        for (i, beat) in beats.enumerated() {
            while change + 1 < changes.count, changes[change + 1].at <= beat { change += 1 }
            guard i > 0 else { continue }
            intervals.append(Double(beat - beats[i - 1]) / rate * 1000)
            isIrregular.append(change >= 0 && changes[change].isIrregular)
        }
    }

    var hours: Double { intervals.reduce(0, +) / 3_600_000 }

    // MARK: Judging

    /// Zhou 2015 alone, beat by beat: compared with the label of the beat 63 back, or of the beat itself.
    func words(isCentred: Bool) -> Confusion {
        var entropy = WordEntropy()
        var found = Confusion()
        for (i, interval) in intervals.enumerated() {
            entropy.add(interval)
            let value = entropy.value
            guard !value.isNaN else { continue }
            found.count(value >= WordEntropy.threshold, isIrregular[isCentred ? i - WordEntropy.middle : i])
        }
        return found
    }

    /// What the detector decides when it is given the beats in order.
    func decisions() -> [RhythmTrack.Decision] {
        var track = RhythmTrack()
        var time = 0.0
        var decisions: [RhythmTrack.Decision] = []
        for interval in intervals {
            time += interval
            guard Self.plausible.contains(interval) else { continue }
            if let decision = track.take(time: Int64(time), interval: interval) { decisions.append(decision) }
        }
        return decisions
    }

    /// A decision stands for the beats nearer to it than to others, at most 10 s away.
    func confusion(_ decisions: [RhythmTrack.Decision]) -> Confusion {
        var found = Confusion()
        var time = 0.0
        var d = 0
        for (interval, isIrregular) in zip(intervals, isIrregular) where !decisions.isEmpty {
            time += interval
            let beat = Int64(time)
            while d + 1 < decisions.count, abs(decisions[d + 1].time - beat) <= abs(decisions[d].time - beat) { d += 1 }
            guard abs(decisions[d].time - beat) <= 10_000 else { continue }
            found.count(decisions[d].isIrregular, isIrregular)
        }
        return found
    }

    /// Seconds of the longest stretch of fibrillation.
    var longestIrregular: Double {
        var longest = 0.0
        var stretch = 0.0
        for (interval, isIrregular) in zip(intervals, isIrregular) {
            stretch = isIrregular ? stretch + interval / 1000 : 0
            longest = Swift.max(longest, stretch)
        }
        return longest
    }
}

/// Beats by what was found and what is true.
struct Confusion: CustomStringConvertible {
    var hits = 0
    var missed = 0
    var wrong = 0
    var right = 0

    mutating func count(_ found: Bool, _ isTrue: Bool) {
        switch (found, isTrue) {
        case (true, true): hits += 1
        case (false, true): missed += 1
        case (true, false): wrong += 1
        case (false, false): right += 1
        }
    }

    static func + (a: Confusion, b: Confusion) -> Confusion {
        Confusion(
            hits: a.hits + b.hits, missed: a.missed + b.missed, wrong: a.wrong + b.wrong, right: a.right + b.right)
    }

    /// In percent.
    var sensitivity: Double { 100 * Double(hits) / Double(hits + missed) }
    var specificity: Double { 100 * Double(right) / Double(right + wrong) }
    var precision: Double { 100 * Double(hits) / Double(hits + wrong) }

    var description: String {
        func text(_ value: Double) -> String {
            value.isNaN ? "–" : "\((value * 100).rounded() / 100)"
        }
        return "sensitivity \(text(sensitivity)), specificity \(text(specificity)), precision \(text(precision))"
            + " (\(hits) \(missed) \(wrong) \(right))"
    }
}
