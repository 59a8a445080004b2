import Analysis
import Glibc
import Kernels
import Testing

/// One segment's intervals and what four packages make of it.
struct Segment {
    var name: String
    var intervals: [Double] = []
    /// By "package metric".
    var published: [String: Double] = [:]

    static func all() throws -> [Segment] {
        var order: [String] = []
        var byName: [String: Segment] = [:]
        for row in try SharedData.rows("hrv_reference/segments.csv.gz").dropFirst() {
            let name = String(row[0])
            if byName[name] == nil { order.append(name) }
            byName[name, default: Segment(name: name)].intervals.append(Double(row[2]) ?? .nan)
        }
        for row in try SharedData.rows("hrv_reference/expected/hrv_metrics.csv.gz").dropFirst() {
            byName[String(row[0])]?.published["\(row[1]) \(row[2])"] = Double(row[3])
        }
        return order.compactMap { byName[$0] }
    }
}

@Suite("Heart-rate variability agrees with published packages", .enabled(if: SharedData.isHere))
struct VariabilityTests {
    @Test("time domain: mean, SDNN, RMSSD, NN50 and pNN50 to 1e-6, SD1 and SD2 to 1 %")
    func timeDomain() throws {
        for segment in try Segment.all() {
            let ours = BeatStatistics(segment.intervals.span)
            func compare(_ value: Double, _ name: String, _ tolerance: Double) throws {
                let theirs = try #require(segment.published[name], "\(name)")
                #expect(
                    abs(value - theirs) <= tolerance * Swift.max(1, abs(theirs)),
                    "\(segment.name) \(name): \(value) and \(theirs)")
            }
            for (value, names) in [
                (ours.mean, ["neurokit2 HRV_MeanNN", "systole MeanRR", "pyhrv nni_mean"]),
                (ours.sdnn, ["neurokit2 HRV_SDNN", "hrv-analysis sdnn", "systole SDNN", "pyhrv sdnn"]),
                (ours.rmssd, ["neurokit2 HRV_RMSSD", "hrv-analysis rmssd", "systole RMSSD", "pyhrv rmssd"]),
                (Double(ours.nn50), ["hrv-analysis nni_50", "systole nn50", "pyhrv nn50"]),
                (ours.pnn50 * 100, ["hrv-analysis pnni_50", "systole pnn50", "pyhrv pnn50"]),
            ] {
                for name in names { try compare(value, name, 1.1e-6) }
            }
            for name in ["neurokit2 HRV_SD", "hrv-analysis sd", "pyhrv sd", "systole SD"] {
                try compare(ours.sd1, "\(name)1", 0.01)
                try compare(ours.sd2, "\(name)2", 0.01)
            }
        }
    }

    @Test("sample entropy to 1e-4 of neurokit2 and hrv-analysis")
    func sampleEntropy() throws {
        for segment in try Segment.all() {
            let x = segment.intervals
            let ours = SampleEntropy.value(x.span, tolerance: 0.2 * BeatStatistics(x.span).sdnn)
            for name in ["neurokit2 HRV_SampEn", "hrv-analysis sampen"] {
                let theirs = try #require(segment.published[name], "\(name)")
                #expect(abs(ours - theirs) < 1e-4, "\(segment.name) \(name): \(ours) and \(theirs)")
            }
        }
    }

    @Test("LF, HF and their ratio to 1e-6 of hrv-analysis with its settings")
    func frequencyDomain() throws {
        for segment in try Segment.all() {
            let ours = FrequencyDomain(segment.intervals)
            for (value, name) in [(ours.lf, "lf"), (ours.hf, "hf"), (ours.ratio, "lf_hf_ratio")] {
                let theirs = try #require(segment.published["hrv-analysis \(name)"], "\(name)")
                #expect(abs(value - theirs) <= 1e-6 * theirs, "\(segment.name) \(name): \(value) and \(theirs)")
            }
        }
    }

    @Test("Lomb–Scargle band powers to 1e-6 of hrv-analysis with its grid")
    func lombScargle() throws {
        // The one long segment takes as long as all others.
        for segment in try Segment.all() where segment.intervals.count < 1000 {
            var time = -segment.intervals[0] / 1000
            let times = segment.intervals.map { interval -> Double in
                time += interval / 1000
                return time
            }
            // Five places to the narrowest peak, between 0.003 and 0.4 Hz.
            let step = 1 / (5 * time)
            let count = 1 + Int((0.397 / step).rounded(.toNearestOrEven))
            let power = LombScargle.power(
                times: times.span, values: segment.intervals.span, first: 0.003, step: step, count: count)
            func band(_ low: Double, _ high: Double) -> Double {
                let inside = power.indices.filter { low..<high ~= 0.003 + Double($0) * step }.map { power[$0] }
                return zip(inside, inside.dropFirst()).reduce(0) { $0 + ($1.0 + $1.1) / 2 } * step
            }
            for (value, name) in [(band(0.04, 0.15), "lomb_lf"), (band(0.15, 0.4), "lomb_hf")] {
                let theirs = try #require(segment.published["hrv-analysis \(name)"], "\(name)")
                #expect(abs(value - theirs) <= 1e-6 * theirs, "\(segment.name) \(name): \(value) and \(theirs)")
            }
        }
    }

    @Test("DFA α1 ranks segments as neurokit2 and pyhrv do, nearer to both than they are to each other")
    func fluctuation() throws {
        let segments = try Segment.all()
        let ours = segments.map { DetrendedFluctuation.alpha1($0.intervals.span) }
        for name in ["neurokit2 HRV_DFA_alpha1", "pyhrv dfa_alpha1"] {
            let theirs = try segments.map { try #require($0.published[name], "\(name)") }
            let correlation = rankCorrelation(ours, theirs)
            // 0.937 between the two of them.
            #expect(correlation > 0.95, "\(name): \(correlation)")
        }
    }

    /// Spearman's: the correlation of ranks, the mean rank where values are equal. Pairs with a NaN are left out.
    private func rankCorrelation(_ a: [Double], _ b: [Double]) -> Double {
        let pairs = zip(a, b).filter { !$0.isNaN && !$1.isNaN }
        func ranks(_ values: [Double]) -> [Double] {
            values.map { v in Double(values.count { $0 < v }) + Double(values.count { $0 == v } + 1) / 2 }
        }
        let x = ranks(pairs.map(\.0)), y = ranks(pairs.map(\.1))
        let middle = Double(pairs.count + 1) / 2
        func product(_ x: [Double], _ y: [Double]) -> Double {
            zip(x, y).reduce(0) { $0 + ($1.0 - middle) * ($1.1 - middle) }
        }
        return product(x, y) / (product(x, x) * product(y, y)).squareRoot()
    }

    @Test("the classes of artefacts are those of the Kubios method in neurokit2, but for single borderline beats")
    func artefacts() throws {
        var theirs: [String: [Int: String]] = [:]
        for row in try SharedData.rows("hrv_reference/expected/artefacts.csv.gz").dropFirst()
        where row[1] == "neurokit2_kubios" {
            guard let index = Int(row[3]), ["ectopic", "missed", "extra", "longshort"].contains(row[2]) else {
                continue
            }
            theirs[String(row[0]), default: [:]][index] = String(row[2])
        }
        let names: [BeatClass: String] = [
            .ectopic: "ectopic", .missed: "missed", .extra: "extra", .displaced: "longshort",
        ]
        var same = 0
        var different: [String] = []
        for segment in try Segment.all() {
            let published = theirs[segment.name] ?? [:]
            // They saw beats at whole milliseconds, and an interval of mean length before the first.
            var end = 0.0
            let beats =
                [0]
                + segment.intervals.map { interval -> Double in
                    end += interval
                    return end.rounded(.toNearestOrEven)
                }
            let seen = zip(beats.dropFirst(), beats).map { $0 - $1 }
            let intervals = [seen.reduce(0, +) / Double(seen.count)] + seen
            for (i, class_) in BeatCorrection(intervals).classes.enumerated() {
                if names[class_] == published[i] {
                    same += 1
                } else {
                    different.append("\(segment.name) \(i): \(class_) and \(published[i] ?? "normal")")
                }
            }
        }
        #expect(different.count * 1000 < same, "\(different.count) of \(same): \(different.prefix(40))")
    }
}
