import Testing

@testable import Vitals

/// Builds TZif files by the letter of RFC 8536 §3.
private struct TZifFile {
    var version: UInt8 = 0x32
    var transitions: [(time: Int64, type: UInt8)] = [(-1000, 1), (5000, 0)]
    var types: [Int32] = [3600, 7200]
    var leaps = 0
    var footer: String? = "AAA-1"

    var bytes: [UInt8] {
        var all = block(timeSize: 4)
        if version != 0 { all += block(timeSize: 8) }
        if version != 0, let footer { all += [0x0A] + footer.utf8 + [0x0A] }
        return all
    }

    private func big(_ value: Int64, _ size: Int) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: value >> Int64(8 * (size - 1 - $0))) }
    }

    private func block(timeSize: Int) -> [UInt8] {
        var out = Array("TZif".utf8) + [version] + [UInt8](repeating: 0, count: 15)
        for count in [0, 0, leaps, transitions.count, types.count, 4] { out += big(Int64(count), 4) }
        for transition in transitions { out += big(transition.time, timeSize) }
        for transition in transitions { out.append(transition.type) }
        for type in types { out += big(Int64(type), 4) + [0, 0] }
        out += Array("AAA\0".utf8)
        out += [UInt8](repeating: 0, count: leaps * (timeSize + 4))
        return out
    }
}

@Suite("TZif files")
struct TZifTests {
    private func zone(_ file: TZifFile) throws -> Zone { try Zone(name: "Test", tzif: file.bytes) }
    private func offset(_ zone: Zone, _ seconds: Int64) -> Int64 {
        zone.offset(at: Timestamp(milliseconds: seconds * 1000)).milliseconds / 1000
    }

    @Test("versions 1 to 4 are read", arguments: [0, 0x32, 0x33, 0x34] as [UInt8])
    func versions(version: UInt8) throws {
        let zone = try zone(TZifFile(version: version))
        #expect([-2000, -1001, -1000, 4999, 5000].map { offset(zone, $0) } == [3600, 3600, 7200, 7200, 3600])
    }

    @Test("a file without transitions follows its footer")
    func footerOnly() throws {
        let zone = try zone(TZifFile(transitions: [], footer: "CET-1CEST,M3.5.0,M10.5.0/3"))
        #expect(offset(zone, 1_752_580_800) == 7200)  // July 2025
        #expect(offset(zone, 1_736_942_400) == 3600)  // January 2025
    }

    @Test(
        "TZ strings of every form are understood",
        arguments: [
            ("<+0330>-3:30", 12_600, 12_600), ("EST5EDT,M3.2.0,M11.1.0", -18_000, -14_400),
            ("<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", -10_800, -7200), ("IST-1GMT0,M10.5.0,M3.5.0/1", 0, 3600),
            ("XXX3EDT4,0/0,J365/23", -14_400, -14_400), ("AAA0BBB,J60/0,J300/0", 0, 3600),
            ("AAA0BBB-2,59/0,299/0", 0, 7200), ("NZST-12NZDT,M9.5.0,M4.1.0/3", 46_800, 43_200),
        ])
    func footers(text: String, january: Int64, july: Int64) throws {
        let zone = try zone(TZifFile(transitions: [], footer: text))
        for year: Int64 in 0..<40 {
            #expect(offset(zone, 1_736_942_400 + year * 31_557_600) == january)
            #expect(offset(zone, 1_752_580_800 + year * 31_557_600) == july)
        }
    }

    @Test("day 60 of a Julian rule is the first of March in every year, day 59 from zero is not")
    func julian() throws {
        let zone = try zone(TZifFile(transitions: [], footer: "AAA0BBB,J60/0,J300/0"))
        let ordinal = try self.zone(TZifFile(transitions: [], footer: "AAA0BBB,59/0,300/0"))
        let leap = Timestamp("2028-02-29T12:00:00Z") ?? .distantPast
        #expect(zone.offset(at: leap) == .zero)
        #expect(ordinal.offset(at: leap) == .hours(1))
    }

    @Test(
        "malformed TZ strings are refused",
        arguments: [
            "C", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
            "CET-1CEST,M3.5.7,M10.5.0", "CET-25", "CET-1CEST,M3.5.0/168,M10.5.0", "<CET-1", "CET-1CEST,J0,J10",
            "CET-1CEST,J366,J10", "CET-1CEST,M3.5.0,M10.5.0/3x", "CET-1:60", "CET-",
        ])
    func badFooters(text: String) {
        #expect(throws: ZoneError.self) { try zone(TZifFile(footer: text)) }
    }

    @Test("contradictory files are refused")
    func contradictions() {
        let bad = [
            TZifFile(transitions: [(5, 0), (5, 1)]), TZifFile(transitions: [(5, 0), (4, 1)]),
            TZifFile(transitions: [(5, 2)]), TZifFile(types: []), TZifFile(types: [90_000_000, 0]), TZifFile(leaps: 1),
            TZifFile(footer: nil),
        ]
        for file in bad { #expect(throws: ZoneError.self) { try zone(file) } }
    }

    @Test("a file cut at any byte is refused, never trusted")
    func truncation() {
        let bytes = TZifFile().bytes
        for length in 0..<bytes.count {
            #expect(throws: ZoneError.self) { try Zone(name: "Test", tzif: Array(bytes[..<length])) }
        }
    }

    @Test("random damage never traps")
    func damage() {
        var random = SystemRandomNumberGenerator()
        let intact = TZifFile(footer: "CET-1CEST,M3.5.0,M10.5.0/3").bytes
        for _ in 0..<20_000 {
            var bytes = intact
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            guard let zone = try? Zone(name: "Test", tzif: bytes) else { continue }
            for ms in [Int64.min, -1, 0, 1_752_580_800_000, .max] {
                _ = zone.timestamp(day: zone.day(of: Timestamp(milliseconds: ms)), timeOfDay: .hours(2))
            }
        }
    }
}
