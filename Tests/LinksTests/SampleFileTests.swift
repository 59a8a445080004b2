import CZlib
import FoundationEssentials
import Testing
import Vitals

@testable import Links

@Suite("A file of measurements") struct SampleFileTests {
    static let start = Timestamp("2020-03-10T00:00:00Z")

    static func read(_ text: String, _ adjust: (inout ImportOptions) -> Void = { _ in }) throws -> Imported {
        let scratch = Scratch()
        var options = ImportOptions(source: .test)
        adjust(&options)
        return try SampleFile.read(path: scratch.write("a.csv", text.utf8), options: options)
    }

    /// The samples as a person would write them down.
    static func rows(_ imported: Imported) -> [String] {
        imported.samples.map { sample in
            "\(sample.time) \(sample.metric.name) \(sample.value)" + (sample.span > 0 ? " over \(sample.span)" : "")
                + (sample.quality.isEmpty ? "" : " \(sample.quality.names.joined(separator: "+"))")
        }
    }

    static func failure(_ text: String, _ adjust: (inout ImportOptions) -> Void = { _ in }) -> FileError? {
        do {
            _ = try read(text, adjust)
            return nil
        } catch { return error as? FileError }
    }

    @Test("keeps the first of two, sorts, and accounts for every row it could not use") func untidy() throws {
        let imported = try SampleFileTests.read(
            """
            datetime,heartrate
            2020-03-10 00:00:06,83
            2020-03-10 00:00:16,85

            2020-03-10 00:00:11,84
            2020-03-10 00:00:11,84
            2020-03-10 00:00:11,90
            rubbish
            2020-02-30 00:00:21,86
            2020-03-10 00:00:26,
            2020-03-10 00:00:31,many
            2020-03-10 00:00:36,0
            2020-03-10 00:00:41,255
            2020-03-10 00:00:46
            # a remark
            2020-03-10 00:00:51,251
            """)
        #expect(
            SampleFileTests.rows(imported) == [
                "2020-03-10T00:00:06Z heart_rate 83.0", "2020-03-10T00:00:11Z heart_rate 84.0",
                "2020-03-10T00:00:16Z heart_rate 85.0", "2020-03-10T00:00:51Z heart_rate 251.0 implausible",
            ])
        #expect(imported.samples.allSatisfy { $0.received == $0.time && $0.source == .test })
        #expect(
            imported.report.description == """
                14 rows, 4 samples
                  heart_rate from 'heartrate': 4
                  out of order, sorted: 1
                  exact duplicates dropped: 1
                  other values for the same time dropped: 1
                  implausible values kept and flagged: 1
                  2 skipped: no time; expected e.g. 2026-11-21 07:00:00 (line 8, 9)
                  2 skipped: no value (line 10, 14)
                  1 skipped: not a number (line 11)
                  2 skipped: no heart rate (0, 255 or negative means none) (line 12, 13)
                  1 skipped: a comment (line 15)
                """)
    }

    @Test(
        "the same four beats a minute, however the file is written",
        arguments: [
            "time,hr\n2020-03-10T00:00:00Z,60\n2020-03-10T00:01:00Z,61\n",
            "\u{FEFF}time,hr\r\n2020-03-10T00:00:00Z,60\r\n2020-03-10T00:01:00Z,61\r\n",
            "time,hr\r2020-03-10T00:00:00Z,60\r2020-03-10T00:01:00Z,61",
            "Date Time;Heart Rate (bpm)\n2020-03-10 01:00:00+01:00;60,0\n2020-03-10 01:01+0100;61,0\n",
            "timestamp\theart_rate\n1583798400\t60\n1583798460\t61\n",
            "timestamp,bpm\n1583798400000,60\n1583798460000,61\n",
            "\"Time\",\"Pulse\"\n\"3/10/2020 12:00:00 AM\",\"60\"\n\"3/10/2020 12:01:00 AM\",\"61\"\n",
            "pulse,notes,when\n60,\"a, b\",\"10.03.2020 00:00\"\n61,,10.03.2020 00:01:00\n",
            "date,time,hr\n2020-03-10,00:00:00,60\n2020-03-10,00:01,61\n",
            "Export of somebody\nmade with something\n\ntime,hr\n2020-03-10T00:00:00Z,60\n2020-03-10T00:01:00Z,61\n",
            "2020-03-10 00:00:00,60\n2020-03-10 00:01:00,61\n",
            "TIMESTAMP,DEVICE_ID,USER_ID,RAW_INTENSITY,STEPS,RAW_KIND,HEART_RATE\n"
                + "1583798400,1,1,20,,80,60\n1583798460,1,1,20,,80,61\n1583798520,1,1,20,,80,255\n1583798580,1,1,20,,80,-1\n",
        ])
    func shapes(text: String) throws {
        let imported = try SampleFileTests.read(text) { options in
            options.map = text.contains("when") ? ["WHEN": .time] : [:]
            options.metric = .heartRate
        }
        #expect(
            SampleFileTests.rows(imported)
                == ["2020-03-10T00:00:00Z heart_rate 60.0", "2020-03-10T00:01:00Z heart_rate 61.0"])
    }

    @Test("lines are counted as an editor counts them, whatever ends them", arguments: ["\n", "\r\n", "\r"])
    func lineNumbers(end: String) throws {
        let lines = ["time,hr", "2020-03-10 00:00:06,83", "", "odd", "2020-03-10 00:00:07,83", "odder"]
        let report = try SampleFileTests.read(lines.joined(separator: end)).report
        #expect(report.skipped.flatMap(\.firstLines) == [4, 6])
        #expect(report.rows == 4)
    }

    @Test("local times are read in the given zone, the hour that comes twice as its first") func zones() throws {
        let berlin = try Zone(named: "Europe/Berlin")
        let imported = try SampleFileTests.read(
            "datetime,hr\n2020-10-25 01:30:00,60\n2020-10-25 02:30:00,61\n2020-10-25 03:30:00,62\n"
        ) { $0.zone = berlin }
        #expect(
            imported.samples.map(\.time.description)
                == ["2020-10-24T23:30:00Z", "2020-10-25T00:30:00Z", "2020-10-25T02:30:00Z"])
    }

    @Test("day-first slashes are noticed by a day beyond twelve") func dayFirst() throws {
        let imported = try SampleFileTests.read("time,hr\n09/03/2020 10:00,60\n13/03/2020 10:00,61\n")
        #expect(imported.samples.map(\.time.description) == ["2020-03-09T10:00:00Z", "2020-03-13T10:00:00Z"])
    }

    @Test("increments span the file's own step from their stamp on, and never overlap") func increments() throws {
        let text =
            "datetime,steps\n2020-03-10 00:00,10\n2020-03-10 00:01,20\n2020-03-10 00:02,30\n2020-03-10 00:02:30,5\n2020-03-10 01:00,7\n"
        let imported = try SampleFileTests.read(text)
        #expect(
            SampleFileTests.rows(imported) == [
                "2020-03-10T00:01:00Z steps 10.0 over 60000", "2020-03-10T00:02:00Z steps 20.0 over 60000",
                "2020-03-10T00:02:30Z steps 30.0 over 30000", "2020-03-10T00:03:30Z steps 5.0 over 60000",
                "2020-03-10T01:01:00Z steps 7.0 over 60000",
            ])
        let ends = try SampleFileTests.read(text) {
            $0.stamp = .end
            $0.span = .seconds(45)
        }
        #expect(
            SampleFileTests.rows(ends) == [
                "2020-03-10T00:00:00Z steps 10.0 over 45000", "2020-03-10T00:01:00Z steps 20.0 over 45000",
                "2020-03-10T00:02:00Z steps 30.0 over 45000", "2020-03-10T00:02:30Z steps 5.0 over 30000",
                "2020-03-10T01:00:00Z steps 7.0 over 45000",
            ])
        #expect(imported.report.columns.last?.span == .minutes(1))
    }

    @Test("a file with start and end columns brings its own spans") func intervals() throws {
        let imported = try SampleFileTests.read(
            "Start_Date,Start_Time,End_Date,End_Time,Steps\n2026-01-03,23:59:52,2026-01-04,00:00:54,4\n2026-01-04,06:06:52,2026-01-04,06:06:54,9\n"
        )
        #expect(
            SampleFileTests.rows(imported)
                == ["2026-01-04T00:00:54Z steps 4.0 over 62000", "2026-01-04T06:06:54Z steps 9.0 over 2000"])
    }

    @Test("plain intervals become beats at the running sum, in seconds or milliseconds") func intervalLists() throws {
        let expected = [
            "2020-03-10T00:00:00.800Z rr_interval 800.0", "2020-03-10T00:00:01.612Z rr_interval 812.0",
            "2020-03-10T00:00:02.402Z rr_interval 790.0",
        ]
        for text in [
            "800\n812\n@\n790\n", "0.800\n0.812\n0.790\n", "rr_s\n0.8\n0.812\n0.79", "rr_ms\r\n800\r\n812\r\n790\r\n",
            "time,rr\n0.8,0.8\n1.612,0.812\n2.402,0.79\n", "0.8 800\n1.612 812\n2.402 790\n",
            "800,800\n1612,812\n2402,790\n",
        ] {
            let imported = try SampleFileTests.read(text) { $0.start = SampleFileTests.start }
            #expect(SampleFileTests.rows(imported) == expected, "\(text.debugDescription)")
        }
        let forced = try SampleFileTests.read("800\n812\n") {
            $0.start = SampleFileTests.start
            $0.unit = .seconds
        }
        #expect(forced.samples.map(\.value) == [800_000, 812_000])
        #expect(forced.report.notes.contains { $0.contains("unit") })
    }

    @Test("beats that share a second are all kept, before it by their own lengths") func sharedSecond() throws {
        let imported = try SampleFileTests.read(
            "time,rr\n2020-03-10 00:00:01,500\n2020-03-10 00:00:01,400\n2020-03-10 00:00:02,600\n2020-03-10 00:00:02,400\n"
        )
        #expect(
            imported.samples.map(\.time.description) == [
                "2020-03-10T00:00:00.600Z", "2020-03-10T00:00:01Z", "2020-03-10T00:00:01.600Z", "2020-03-10T00:00:02Z",
            ])
    }

    @Test("several metrics of one row come in order of time and metric; totals are left alone") func workouts() throws {
        let imported = try SampleFileTests.read(
            "time,hr,cadence,speed_mps,distance_m\n2013-07-17T12:37:34Z,75,43,0.5,0.0\n2013-07-17T12:37:35Z,,44,nan,1.5\n2013-07-17T12:37:36Z,x,45,1,2.5\n"
        )
        #expect(
            SampleFileTests.rows(imported).map { $0.dropFirst(17) } == [
                "34Z heart_rate 75.0", "34Z cadence 43.0", "34Z speed 0.5", "35Z cadence 44.0", "36Z cadence 45.0",
                "36Z speed 1.0",
            ])
        #expect(imported.report.ignoredColumns == ["distance_m"])
        #expect(imported.report.skipped.map(\.reason) == ["one column not a number, the others kept"])
    }

    @Test(
        "what cannot be used is refused with place, expectation and the nearest name",
        arguments: [
            ("", FileError.Code.noRows, 1, "empty"),
            ("datetime,heartrate\n", .noRows, 1, "no rows"),
            ("datetime,heartrate\nx,y\nz,60\n", .noRows, 2, "2026-11-21 07:00:00"),
            ("datetime,heartrat\n2020-03-10 00:00:06,83\n", .noMetric, 1, "did 'heartrat' mean 'heartrate'"),
            ("dattime,heartrate\n2020-03-10 00:00:06,83\n", .noTime, 1, "did 'dattime' mean 'datetime'"),
            ("a,b\nc,d\n", .noTime, 1, "--map"),
            ("sample,type\n17,3\n", .noTime, 1, "sample, type"),
            ("time,hr\n10:00:00,60\n", .noTime, 1, "without a date"),
            ("time,hr\n1,60\n2,61\n", .noStart, 1, "--start"),
            ("rr_ms\n800\n", .noStart, 1, "--start"),
            ("800\n812\n", .noStart, 1, "--start"),
            ("2020-03-10 00:00:06,83\n", .noMetric, 1, "--metric"),
            ("timestamp,value\n2020-03-10 00:00:06,8300\n", .noMetric, 1, "--metric"),
        ])
    func refusals(text: String, code: FileError.Code, line: Int, words: String) {
        let error = SampleFileTests.failure(text)
        #expect(error?.code == code)
        #expect(error?.line == line)
        #expect(error?.message.contains(words) == true, "\(error?.description ?? "no error")")
    }

    @Test("the place of an unknown column is its byte in the header") func place() {
        let error = SampleFileTests.failure("datetime,heartrat\n2020-03-10 00:00:06,83\n")
        #expect(error?.column == 10)
        #expect(error?.description.contains("a.csv:1:10: ") == true)
    }

    @Test("--map names columns, and misspellings of either side are answered") func mapping() throws {
        let text = "moment,puls,x\n2020-03-10 00:00:06,83,1\n"
        let imported = try SampleFileTests.read(text) { $0.map = ["moment": .time, "Puls": .metric(.heartRate)] }
        #expect(SampleFileTests.rows(imported) == ["2020-03-10T00:00:06Z heart_rate 83.0"])
        let ignored = try SampleFileTests.read("time,hr,steps\n2020-03-10 00:00:06,83,1\n") {
            $0.map = ["steps": .ignored]
        }
        #expect(ignored.samples.map(\.metric) == [.heartRate])
        let absent = SampleFileTests.failure(text) { $0.map = ["pulse": .metric(.heartRate)] }
        #expect(absent?.code == .badOption && absent?.message.contains("'puls'") == true)
        #expect(
            try ImportOptions.map("a b=heart_rate,c=time,d=ignore") == [
                "a b": .metric(.heartRate), "c": .time, "d": .ignored,
            ])
        #expect { try ImportOptions.map("a=heart_rat") } throws: {
            ($0 as? FileError)?.message.contains("'heart_rate'") == true
        }
        #expect { try ImportOptions.map("heart_rate") } throws: {
            ($0 as? FileError)?.message.contains("COLUMN=NAME") == true
        }
    }

    @Test("files that are no text are named for what they are") func notText() throws {
        let scratch = Scratch()
        let options = ImportOptions(source: .test)
        for (name, bytes, words) in [
            ("zip", [0x50, 0x4B, 3, 4, 0, 0] as [UInt8], "ZIP"), ("utf16", [0xFF, 0xFE, 0x31, 0], "UTF-8"),
            ("fit", [14, 16, 99, 0, 1], "zero byte"),
        ] {
            let path = scratch.write(name, bytes)
            #expect { try SampleFile.read(path: path, options: options) } throws: {
                ($0 as? FileError)?.code == .notText && ($0 as? FileError)?.message.contains(words) == true
            }
        }
        for path in [scratch.path, scratch.file("none.csv")] {
            #expect { try SampleFile.read(path: path, options: options) } throws: {
                ($0 as? FileError)?.code == .unreadable
            }
        }
    }

    @Test("reading in pieces of any size, compressed or not, gives the same samples and the same report") func pieces()
        throws
    {
        let scratch = Scratch()
        let ends = ["\n", "\r\n", "\r"]
        var random = SplitMix(11)
        for end in ends {
            var text = "datetime,steps,heartrate" + end
            for n in 0..<400 {
                let second = String(n / 60 % 60 + 100).dropFirst() + ":" + String(n % 60 + 100).dropFirst()
                text +=
                    "2020-03-10 07:\(second),\(Int.random(in: 0..<50, using: &random)),\(60 + n % 9)"
                    + (n % 37 == 0 ? ",?" : "") + end
                if n % 50 == 0 { text += "odd" + end + end }
            }
            let plain = scratch.write("plain.csv", text.utf8)
            let packed = scratch.file("packed.csv.gz")
            #expect(SampleFileTests.compress(Array(text.utf8), to: packed))
            let options = ImportOptions(source: .test)
            let whole = try SampleFile.read(path: plain, options: options)
            #expect(whole.samples.count == 800)
            for size in Array(40..<80) + [127, 128, 500, 4096] {
                for path in [plain, packed] {
                    var source = try TextSource(path: path, largestSize: 1 << 20, bufferSize: size)
                    let pieces = try SampleFile.read(&source, path: path, options: options) { _ in }
                    #expect(pieces.samples == whole.samples, "buffer \(size)")
                    #expect(pieces.report == whole.report, "buffer \(size)")
                }
            }
        }
    }

    @Test("a gzip file cut off or damaged anywhere gives what came before, and says so") func damagedGzip() throws {
        let scratch = Scratch()
        var text = "datetime,heartrate\n"
        for n in 0..<2000 {
            text +=
                "2020-03-10 00:\(String(n / 60 % 60 + 100).dropFirst()):\(String(n % 60 + 100).dropFirst()),\(60 + n * 7 % 31)\n"
        }
        let packed = scratch.file("a.csv.gz")
        #expect(SampleFileTests.compress(Array(text.utf8), to: packed))
        let bytes = scratch.read("a.csv.gz")
        let options = ImportOptions(source: .test)
        let whole = try SampleFile.read(path: packed, options: options)
        #expect(whole.samples.count == 2000)
        var random = SplitMix(5)
        for length in stride(from: 0, to: bytes.count, by: 61) {
            let path = scratch.write("cut.csv.gz", bytes[..<length])
            guard let cut = try? SampleFile.read(path: path, options: options) else { continue }
            #expect(cut.samples.count <= whole.samples.count)
            #expect(cut.report.notes.contains { $0.contains("cut off") })
        }
        for _ in 0..<200 {
            var broken = bytes
            broken[Int.random(in: 10..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            let path = scratch.write("broken.csv.gz", broken)
            if let read = try? SampleFile.read(path: path, options: options), read.samples != whole.samples {
                #expect(!read.report.notes.isEmpty || !read.report.skipped.isEmpty)
            }
        }
    }

    @Test("a text beyond the limit is refused, not half read") func limit() throws {
        let scratch = Scratch()
        let path = scratch.write(
            "a.csv", ("time,hr\n" + String(repeating: "2020-03-10 00:00:06,83\n", count: 100)).utf8)
        #expect {
            var source = try TextSource(path: path, largestSize: 1000, bufferSize: 256)
            _ = try SampleFile.read(&source, path: path, options: ImportOptions(source: .test)) { _ in }
        } throws: { ($0 as? FileError)?.code == .tooLarge }
    }

    @Test("random bytes never trap") func noise() throws {
        let scratch = Scratch()
        var random = SplitMix(1)
        let alphabet = Array("0123456789,;.:-/ \"\n\r\tTZaEe+#nhr_time".utf8)
        for round in 0..<2000 {
            var bytes =
                round % 3 == 0 ? Array("time,hr\n".utf8) : round % 3 == 1 ? Array("2020-03-10 00:00:06,83\n".utf8) : []
            bytes += (0..<Int.random(in: 0..<120, using: &random)).map { _ in
                round % 2 == 0
                    ? alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
                    : UInt8.random(in: 0...255, using: &random)
            }
            var options = ImportOptions(source: .test)
            options.metric = round % 5 == 0 ? .heartRate : nil
            options.start = round % 7 == 0 ? SampleFileTests.start : nil
            _ = try? SampleFile.read(path: scratch.write("a", bytes), options: options)
        }
    }

    @Test(
        "numbers are read as people write them",
        arguments: [
            ("0", 0.0), ("83", 83), ("9999", 9999), ("12345", 12345), ("-1", -1), ("+7", 7), ("0.75781250", 0.7578125),
            ("5,5", 5.5), ("1e3", 1000), ("1.5E-2", 0.015), (".5", 0.5), ("5.", 5),
            ("123456789012345678901234", 1.2345678901234568e23),
            ("0.1", 0.1), ("1e-400", 0),
        ])
    func numbers(text: String, value: Double) throws {
        let read = Array(text.utf8).withUnsafeBytes { FieldNumber.parse($0) }
        let difference = try #require(read) - value
        #expect(abs(difference) <= abs(value) * 1e-15)
    }

    @Test(
        "what is no number is none",
        arguments: ["", " ", "-", ".", "1.2.3", "1e", "1e+", "0x10", "1 2", "nan", "inf", "1e999", "٣", "--1"])
    func noNumbers(text: String) { #expect(Array(text.utf8).withUnsafeBytes { FieldNumber.parse($0) } == nil) }

    static func compress(_ bytes: [UInt8], to path: String) -> Bool {
        guard let file = gzopen(path, "wb6") else { return false }
        let written = gzwrite(file, bytes, UInt32(bytes.count))
        return gzclose(file) == Z_OK && Int(written) == bytes.count
    }
}
