import FoundationEssentials
import Links
import Testing
import Vitals

@Suite("Real files") struct RealFileTests {
    /// The folder of recordings that others published, beside the package; `nil` where it is absent.
    static let data: String? = {
        var folder = URL(filePath: #filePath).deletingLastPathComponent()
        for _ in 0..<8 {
            let shared = folder.appending(path: "shared")
            if FileManager.default.fileExists(atPath: shared.appending(path: "DESIGN.md").path) {
                return shared.appending(path: "data").path
            }
            folder.deleteLastPathComponent()
        }
        return nil
    }()

    static func read(_ path: String) throws -> Imported {
        let folder = try #require(data)
        return try SampleFile.read(
            path: folder + "/" + path,
            options: ImportOptions(source: .test, start: Timestamp(milliseconds: 1_700_000_000_000)))
    }

    static func files(_ folder: String, _ suffix: String) throws -> [String] {
        let data = try #require(data)
        return try FileManager.default.contentsOfDirectory(atPath: data + "/" + folder).filter { $0.hasSuffix(suffix) }
            .sorted()
            .map { folder + "/" + $0 }
    }

    @Test(
        "months of wristband data come in completely, in order, one sample a time",
        .enabled(if: data != nil, "no shared data"))
    func wristbands() throws {
        // Two untidy ones and one that is in order.
        let counts = ["A3OU183": (75_114, 130_779), "APGIB2T": (152_440, 137_824), "AS2MVDL": (127_422, 130_628)]
        for (name, (beats, steps)) in counts {
            let heart = try RealFileTests.read("mishra2020_fitbit/\(name)_hr.csv.gz")
            #expect(heart.samples.count == beats, "\(name)")
            #expect(heart.report.skipped.isEmpty)
            #expect(heart.report.rows == heart.report.kept + heart.report.duplicates + heart.report.conflicts)
            let walk = try RealFileTests.read("mishra2020_fitbit/\(name)_steps.csv.gz")
            #expect(walk.samples.count == steps, "\(name)")
            for samples in [heart.samples, walk.samples] {
                #expect(zip(samples, samples.dropFirst()).allSatisfy { $0.time < $1.time })
                #expect(zip(samples, samples.dropFirst()).allSatisfy { $0.time <= $1.start })
            }
            #expect(walk.samples.allSatisfy { $0.span == 60_000 || $0.span < 60_000 && $0.span > 0 })
        }
        let disordered = try RealFileTests.read("mishra2020_fitbit/APGIB2T_hr.csv.gz").report
        #expect(disordered.outOfOrder == 1 && disordered.conflicts == 51)
    }

    @Test("workouts and interval lists are all usable", .enabled(if: data != nil, "no shared data")) func others()
        throws
    {
        for path in try RealFileTests.files("workouts/csv", ".csv.gz") {
            let imported = try RealFileTests.read(path)
            let kind: Metric = path.hasSuffix("_rr.csv.gz") ? .rrInterval : .heartRate
            #expect(imported.samples.contains { $0.metric == kind }, "\(path)")
        }
        for folder in ["rr_rhythm/healthy_rr", "rr_rhythm/nsr2db", "rr_rhythm/chf2db"] {
            for path in try RealFileTests.files(folder, ".gz").prefix(1) {
                let imported = try RealFileTests.read(path)
                let plausible = imported.samples.count { $0.quality.isEmpty }
                #expect(Double(plausible) > 0.95 * Double(imported.report.rows), "\(path)")
            }
        }
        let stray = try RealFileTests.read("rr_rhythm/healthy_rr/008.csv.gz").report
        #expect(stray.skipped.map(\.reason) == ["not a number"] && stray.skipped.map(\.firstLines) == [[98_218]])
    }

    @Test(
        "beat numbers without a time base are refused, not taken for intervals",
        .enabled(if: data != nil, "no shared data"))
    func beatIndices() throws {
        for path in try RealFileTests.files("rr_rhythm/afdb", "_beats.csv.gz")
            + RealFileTests.files("rr_rhythm/mitdb", ".gz")
        {
            #expect(throws: FileError.self) { try RealFileTests.read(path) }
        }
    }
}
