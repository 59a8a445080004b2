import Kernels
import Testing

@Suite("The windowed Gaussian and the scorer of the Numenta Anomaly Benchmark", .enabled(if: SharedData.isHere))
struct NABTests {
    /// One file of the benchmark.
    struct Recording {
        var name: String
        var times: [String]
        var values: [Double]
        /// Published scores, row by row.
        var published: [Double]
        var windows: [ClosedRange<Int>]

        init(_ name: String, windows: [[String]]) throws {
            self.name = name
            (times, values) = try Self.columns("nab/\(name).gz")
            let flat = name.split(separator: "/").joined(separator: "_")
            published = try Self.columns("nab/expected/windowedGaussian/\(flat).gz").values
            let times = times
            self.windows = try windows.map { ends in
                // To the microsecond in one file, to the second in the other.
                let first = try #require(times.firstIndex(of: String(ends[0].prefix(19))), "\(name) \(ends)")
                let last = try #require(times.firstIndex(of: String(ends[1].prefix(19))), "\(name) \(ends)")
                return first...last
            }
        }

        /// The first two columns below the header, byte by byte: these files have 300 000 rows.
        static func columns(_ path: String) throws -> (times: [String], values: [Double]) {
            var times: [String] = []
            var values: [Double] = []
            for line in try SharedData.bytes(path).split(whereSeparator: { $0 == 10 || $0 == 13 }).dropFirst() {
                let fields = line.split(separator: UInt8(ascii: ","), maxSplits: 2)
                times.append(String(decoding: fields[0], as: UTF8.self))
                values.append(Double(String(decoding: fields[1], as: UTF8.self)) ?? .nan)
            }
            return (times, values)
        }
    }

    /// Names and labelled windows: the file has no other text than names and pairs of times.
    static func all() throws -> [Recording] {
        let json = String(decoding: try SharedData.bytes("nab/combined_windows.json"), as: UTF8.self)
        var files: [(name: String, ends: [String])] = []
        for (i, text) in json.split(separator: "\"", omittingEmptySubsequences: false).enumerated() where i % 2 == 1 {
            if text.hasSuffix(".csv") {
                files.append((String(text), []))
            } else {
                files[files.count - 1].ends.append(String(text))
            }
        }
        return try files.map { file in
            let windows = stride(from: 0, to: file.ends.count, by: 2).map { [file.ends[$0], file.ends[$0 + 1]] }
            return try Recording(file.name, windows: windows)
        }
    }

    @Test("every row's score to 1e-9, every file's to 1e-9 with its counts, and the whole to the published score")
    func agreement() throws {
        let recordings = try Self.all()
        #expect(recordings.count == 39)
        var published: [String: [Substring]] = [:]
        for row in try SharedData.rows("nab/expected/published_per_file_scores.csv.gz")
        where row[0] == "windowedGaussian" {
            published["\(row[1]) \(row[4])"] = row
        }
        let scores = recordings.map { recording in
            var detector = WindowedGaussian()
            return recording.values.map { detector.take($0) }
        }
        for (recording, scores) in zip(recordings, scores) {
            let worst = zip(scores, recording.published).map { abs($0 - $1) }.max() ?? 0
            // Published with twelve decimals.
            #expect(worst <= 1e-9 && scores.count == recording.published.count, "\(recording.name): \(worst)")
        }
        // The benchmark scores what it stored, and it stores twelve decimals: a threshold of 1 meets what rounds to 1.
        let stored = scores.map { $0.map { ($0 * 1e12).rounded() / 1e12 } }
        let whole = try SharedData.rows("nab/expected/normalized_scores_on_this_split.csv")
        let ours = try #require(whole.first { $0[0] == "windowedGaussian" })
        for (name, profile) in [
            ("standard", NABScorer.Profile()), ("reward_low_FP_rate", NABScorer.Profile(falseHit: 0.22)),
            ("reward_low_FN_rate", NABScorer.Profile(miss: 2)),
        ] {
            let scorer = NABScorer(profile: profile)
            var sum = 0.0
            for (recording, scores) in zip(recordings, stored) {
                let row = try #require(published["\(name) \(recording.name)"], "\(name) \(recording.name)")
                let threshold = try #require(Double(row[5])), theirs = try #require(Double(row[6]))
                let score = scorer.score(scores, threshold: threshold, windows: recording.windows)
                #expect(abs(score.value - theirs) <= 1e-9, "\(name) \(recording.name): \(score.value) and \(theirs)")
                let counts = [score.truePositives, score.trueNegatives, score.falsePositives, score.falseNegatives]
                #expect(counts == row[7...10].compactMap { Int($0) }, "\(name) \(recording.name)")
                sum += score.value
            }
            let column = try #require(whole[0].firstIndex { $0 == name })
            let expected = try #require(Double(ours[column]))
            let windows = recordings.reduce(0) { $0 + $1.windows.count }
            #expect(abs(scorer.normalised(sum, windows: windows) - expected) <= 0.005, "\(name)")
        }
    }

    @Test("silence earns nothing, hitting every window at once earns all, and late hits and false ones cost")
    func scorer() {
        let scorer = NABScorer()
        let windows = [400...419, 600...649]
        var scores = [Double](repeating: 0, count: 1000)
        #expect(scorer.normalised(scorer.score(scores, threshold: 0.5, windows: windows).value, windows: 2) == 0)
        scores[400] = 1
        scores[600] = 1
        #expect(
            abs(scorer.normalised(scorer.score(scores, threshold: 0.5, windows: windows).value, windows: 2) - 100)
                < 1e-9)
        let early = scorer.score(scores, threshold: 0.5, windows: windows).value
        scores[400] = 0
        scores[415] = 1
        let late = scorer.score(scores, threshold: 0.5, windows: windows).value
        scores[300] = 1
        let wrong = scorer.score(scores, threshold: 0.5, windows: windows).value
        #expect(late < early && abs(late - 0.11 - wrong) < 1e-12)
        // Within the probation nothing counts.
        scores[20] = 1
        #expect(scorer.score(scores, threshold: 0.5, windows: windows).value == wrong)
    }
}
