import Glibc
import Storage
import Testing
import Vitals

@testable import vitald

@Suite struct StoreCommandTests {
    private static let start = Timestamp(milliseconds: 1_704_067_200_000)

    /// A store of two people, half of it at rest.
    private func store(_ place: Workspace) throws -> String {
        let path = place.path("home.db")
        let store = try SQLiteStore.open(
            path: path, mode: .write(hub: HubID(high: 1, low: 1), createIfMissing: true))
        defer { store.close() }
        let (ada, ben) = (PersonID(high: 1, low: 0), PersonID(high: 2, low: 0))
        let (strap, ring) = (DeviceID(high: 3, low: 0), DeviceID(high: 4, low: 0))
        for hour in 0..<2 as Range<Int64> {
            var commit = Commit(at: Self.start + .hours(hour))
            commit.people = [Person(id: ada, name: "ada"), Person(id: ben, name: "ben")]
            commit.devices = [Device(id: strap, name: "strap"), Device(id: ring, name: "ring")]
            for (person, source) in [(ada, strap), (ben, ring)] {
                commit.samples.append(
                    PersonSamples(
                        person: person,
                        samples: (0..<10 as Range<Int64>).map { second in
                            let time = Self.start + .hours(hour) + .seconds(second)
                            return Sample(
                                metric: second % 2 == 0 ? .heartRate : .bodyTemperature,
                                value: second % 2 == 0 ? 60 + Float(second) : 36.5, time: time,
                                received: time + .seconds(1), source: source, quality: second == 8 ? .late : [])
                        }))
            }
            try store.commit(commit)
            if hour == 0 { try store.sealAll() }
        }
        return path
    }

    @Test("samples are printed as they were measured, whether they rest or not, and can be chosen")
    func samples() throws {
        let place = Workspace()
        let path = try store(place)
        let all = place.run("samples", "--store", path, "--format", "jsonl")
        #expect(all.code == 0, "\(all.log)")
        #expect(all.out.split(separator: "\n").count == 40)
        let some = place.run(
            "samples", "--store", path, "--person", "ada", "--metric", "heart_rate", "--source", "strap", "--from",
            "2024-01-01T00:00:06Z", "--to", "2024-01-01T01:00:02Z", "--format", "csv")
        #expect(
            some.out == """
                time,person,metric,value,unit,span_ms,source,received,quality,revision
                2024-01-01T00:00:06Z,ada,heart_rate,66,/min,0,strap,2024-01-01T00:00:06Z,,0
                2024-01-01T00:00:08Z,ada,heart_rate,68,/min,0,strap,2024-01-01T00:00:09Z,late,0
                2024-01-01T01:00:00Z,ada,heart_rate,60,/min,0,strap,2024-01-01T01:00:01Z,,0

                """)
        let line = place.run("samples", "--store", path, "--metric", "body_temperature", "--format", "jsonl").out
        #expect(line.contains("\"value\":36.5,"))
        #expect(place.run("samples", "--store", path, "--source", "ring").out.contains("ben"))
        for wrong in [["--metric", "heart_rat"], ["--source", "strop"], ["--person", "adda"]] {
            let result = Workspace.run(["samples", "--store", path] + wrong)
            #expect(result.code == 1 && result.log.contains("did you mean"), "\(result.log)")
        }
    }

    @Test("samples are told by what they come to in stretches of time, each series by itself or together")
    func buckets() throws {
        let place = Workspace()
        let path = try store(place)
        let one = place.run(
            "samples", "--store", path, "--person", "ada", "--metric", "heart_rate", "--by", "1h", "--format", "csv")
        #expect(
            one.out == """
                time,person,metric,count,mean,minimum,maximum,sum,first,last,coverage,unit,source
                2024-01-01T00:00:00Z,ada,heart_rate,5,64,60,68,320,60,68,0.002778,/min,strap
                2024-01-01T01:00:00Z,ada,heart_rate,5,64,60,68,320,60,68,0.002778,/min,strap

                """)
        let all = place.run(
            "samples", "--store", path, "--metric", "heart_rate", "--by", "1d", "--together", "--format", "csv")
        #expect(
            all.out == """
                time,metric,count,mean,minimum,maximum,sum,unit
                2024-01-01T00:00:00Z,heart_rate,20,64,60,68,1280,/min

                """)
        let cut = place.run(
            "samples", "--store", path, "--metric", "heart_rate", "--source", "ring", "--from", "2024-01-01T00:00:05Z",
            "--to", "2024-01-01T00:00:07Z", "--by", "5m", "--format", "csv")
        #expect(cut.out.contains("2024-01-01T00:00:05Z,ben,heart_rate,1,66,66,66,66,66,66,1,/min,ring\n"), "\(cut.out)")
        #expect(place.run("samples", "--store", path, "--by", "1ms").code == 2)
        #expect(place.run("samples", "--store", path, "--together").code == 2)
        #expect(place.run("samples", "--store", path, "--by", "1h", "--person", "ada", "--metric", "steps").out.isEmpty)
    }

    @Test("a store tells its figures, is checked, and is sealed")
    func store() throws {
        let place = Workspace()
        let path = try store(place)
        func figure(_ name: String) -> String? {
            let lines = place.run("store", "stats", "--store", path, "--format", "csv").out.split(separator: "\n")
            return lines.first { $0.hasPrefix("\(name),") }.map { String($0.split(separator: ",")[1]) }
        }
        #expect(figure("samples") == "40" && figure("samples in chunks") == "20" && figure("journal") == "1")
        #expect(place.run("store", "check", "--store", path).out == "ok: 40 samples of 4 series, 4 chunks\n")
        #expect(place.run("store", "seal", "--store", path).code == 0)
        #expect(figure("samples") == "40" && figure("samples in chunks") == "40" && figure("journal") == "0")
        #expect(place.run("store", "seal", "--store", place.path("none.db")).code == 1)
    }

    @Test("a damaged store fails its check, which names the place")
    func damage() throws {
        let place = Workspace()
        let path = try store(place)
        #expect(place.run("store", "seal", "--store", path).code == 0)
        // A byte of a block of samples; the file has been closed cleanly.
        var noticed = 0
        guard let file = fopen(path, "r+") else { return }
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        let size = ftell(file)
        for offset in stride(from: 4096, to: size, by: 997) {
            fseek(file, offset, SEEK_SET)
            let byte = fgetc(file)
            fseek(file, offset, SEEK_SET)
            fputc(byte ^ 0x10, file)
            fflush(file)
            let result = place.run("store", "check", "--store", path)
            if result.code != 0 { noticed += 1 }
            fseek(file, offset, SEEK_SET)
            fputc(byte, file)
            fflush(file)
        }
        #expect(noticed > 0)
        #expect(place.run("store", "check", "--store", path).code == 0)
    }

    @Test("notes and documents are kept, listed, given back and taken back; orders are told with what came of them")
    func records() throws {
        let place = Workspace()
        let path = try store(place)
        let letter = place.file("letter.txt", "Dear Ada,\nrest more.\n")
        let note = place.run("records", "note", "slept badly", "--store", path, "--person", "ada", "--by", "grace")
        #expect(note.code == 0 && note.out.count == 37, "\(note.log)")
        let document = place.run("records", "document", letter, "--store", path, "--person", "ben").out.dropLast()
        let list = place.run("records", "list", "--store", path, "--format", "csv").out
        #expect(list.contains(",ada,note,grace,,slept badly\n") && list.contains(",ben,document,,21,letter.txt\n"))
        #expect(
            place.run("records", "get", String(document.prefix(8)), "--store", path).out == "Dear Ada,\nrest more.\n")
        #expect(place.run("records", "get", String(note.out.dropLast()), "--store", path).out == "slept badly\n")
        #expect(place.run("records", "delete", String(document), "--store", path, "--by", "ben").code == 0)
        #expect(place.run("records", "get", String(document), "--store", path).code == 1)
        #expect(place.run("records", "list", "--store", path, "--kind", "nota").log.contains("did you mean 'note'"))
        #expect(place.run("records", "note", "x", "--store", path).code == 2, "whose?")
        let audit = place.run("store", "audit", "--store", path, "--format", "csv").out.split(separator: "\n")
        #expect(audit.count == 4 && audit[1].contains(",grace,put note,") && audit[3].contains("revision 2"))
    }

    @Test("a person is erased only when the name is given twice, and the others stay")
    func forget() throws {
        let place = Workspace()
        let path = try store(place)
        let refused = place.run("store", "forget", "--store", path, "--person", "ada")
        #expect(refused.code == 2 && refused.log.contains("20 samples") && refused.log.contains("--yes ada"))
        #expect(place.run("store", "forget", "--store", path, "--person", "ada", "--yes", "ben").code == 2)
        let done = place.run("store", "forget", "--store", path, "--person", "ada", "--yes", "ada")
        #expect(done.code == 0 && done.out.contains("erased 20 samples"), "\(done.log)")
        #expect(place.run("store", "forget", "--store", path, "--person", "ada", "--yes", "ada").code == 1)
        #expect(place.run("store", "check", "--store", path).out.hasPrefix("ok: 20 samples of 2 series"))
        #expect(!place.run("samples", "--store", path).out.contains("ada"))
    }

    @Test("a store is mirrored through a file: copied, followed, and followed again without harm")
    func mirrored() throws {
        let place = Workspace()
        let (path, mirror) = (try store(place), place.path("mirror.db"))
        func follow(_ name: String, _ more: String...) throws -> String {
            let console = Console(
                out: TextOutput(descriptor: open(place.path(name), O_WRONLY | O_CREAT | O_TRUNC, 0o600)),
                outTerminal: .none, err: TextOutput(descriptor: nil), errTerminal: .none)
            let words = ["store", "follow", "--store", path, "--format", "wire", "--once", "--name", "m"] + more
            #expect(Vitald.run(words, on: console) == 0)
            return place.path(name)
        }
        func differs() throws -> String? {
            try contentsDifference(
                try SQLiteStore.open(path: path, mode: .read), try SQLiteStore.open(path: mirror, mode: .read))
        }
        let first = try follow("1")
        #expect(place.run("store", "apply", first, "--store", mirror).code == 0)
        #expect(try differs() == nil)
        #expect(place.run("records", "note", "hello", "--store", path, "--person", "ada").code == 0)
        #expect(place.run("store", "seal", "--store", path).code == 0)
        let second = try follow("2")
        for file in [second, first, second] { #expect(place.run("store", "apply", file, "--store", mirror).code == 0) }
        #expect(try differs() == nil)
        #expect(place.run("records", "list", "--store", mirror).out.contains("hello"))
        let known = place.run("store", "followers", "--store", path, "--format", "csv").out
        #expect(known.contains("\nm,4,0,"), "\(known)")
        // Nonsense and a file cut off are one line each.
        let torn = place.file("torn", "nonsense that is no feed")
        #expect(place.run("store", "apply", torn, "--store", mirror).code == 1)
        #expect(place.run("store", "ack", "m", "x", "--store", path).code == 2)
        #expect(place.run("store", "unfollow", "m", "--store", path).code == 0)
    }
}
