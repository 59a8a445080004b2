import Testing

@testable import Vitals

/// A moment in epoch milliseconds.
private func at(_ text: String) -> Timestamp { Timestamp(text) ?? .distantPast }
private func day(_ text: String) -> LocalDay { LocalDay(text) ?? LocalDay(number: .min) }
private func hours(_ h: Int64, _ m: Int64 = 0) -> TimeSpan { .minutes(h * 60 + m) }

@Suite("Zone: what local clocks show")
struct ZoneTests {
    @Test(
        "offsets follow the rules of their place and year",
        arguments: [
            ("Europe/Berlin", "2026-01-15T12:00:00Z", 60), ("Europe/Berlin", "2026-07-15T12:00:00Z", 120),
            ("Europe/Berlin", "2026-03-29T00:59:59.999Z", 60), ("Europe/Berlin", "2026-03-29T01:00:00Z", 120),
            ("Europe/Berlin", "2026-10-25T00:59:59.999Z", 120), ("Europe/Berlin", "2026-10-25T01:00:00Z", 60),
            // Beyond the last listed transition (2037): the footer answers.
            ("Europe/Berlin", "2080-07-01T00:00:00Z", 120), ("Europe/Berlin", "2080-12-01T00:00:00Z", 60),
            ("Europe/Berlin", "9000-07-01T00:00:00Z", 120),
            ("Asia/Shanghai", "2026-11-21T00:00:00Z", 480), ("Asia/Shanghai", "1988-07-01T00:00:00Z", 540),
            ("Asia/Kathmandu", "2026-11-21T00:00:00Z", 345), ("America/New_York", "2050-11-06T05:59:59Z", -240),
            ("America/New_York", "2050-11-06T06:00:00Z", -300), ("Australia/Sydney", "2060-01-01T00:00:00Z", 660),
            ("Australia/Sydney", "2060-06-01T00:00:00Z", 600), ("Australia/Lord_Howe", "2045-01-01T00:00:00Z", 660),
            ("Australia/Lord_Howe", "2045-06-01T00:00:00Z", 630), ("Europe/Dublin", "2050-07-01T00:00:00Z", 60),
            ("Europe/Dublin", "2050-01-01T00:00:00Z", 0), ("America/Nuuk", "2050-07-01T00:00:00Z", -60),
            ("Pacific/Apia", "2011-12-30T09:59:59Z", -600), ("Pacific/Apia", "2011-12-30T10:00:00Z", 840),
            ("UTC", "2026-11-21T00:00:00Z", 0),
        ])
    func offsets(name: String, time: String, minutes: Int64) throws {
        #expect(try Zone(named: name).offset(at: at(time)) == .minutes(minutes))
    }

    @Test("local days last 23 or 25 hours when clocks change, and begin where the last one ended")
    func dayLengths() throws {
        let berlin = try Zone(named: "Europe/Berlin")
        let lengths = ["2026-03-28", "2026-03-29", "2026-03-30", "2026-10-25", "2080-03-31"].map {
            berlin.start(of: day($0) + 1) - berlin.start(of: day($0))
        }
        #expect(lengths == [hours(24), hours(23), hours(24), hours(25), hours(23)])
    }

    @Test("a skipped wall time maps forward by the gap, a repeated one to its first coming")
    func gapsAndRepeats() throws {
        let berlin = try Zone(named: "Europe/Berlin")
        #expect(berlin.timestamp(day: day("2026-03-29"), timeOfDay: hours(2, 30)) == at("2026-03-29T01:30:00Z"))
        #expect(berlin.timeOfDay(at("2026-03-29T01:30:00Z")) == hours(3, 30))
        #expect(berlin.timestamp(day: day("2026-10-25"), timeOfDay: hours(2, 30)) == at("2026-10-25T00:30:00Z"))
        #expect(berlin.timestamp(day: day("2026-10-25"), timeOfDay: hours(3)) == at("2026-10-25T02:00:00Z"))
        #expect(berlin.timestamp(day: day("2026-10-24"), timeOfDay: hours(27)) == at("2026-10-25T02:00:00Z"))
    }

    @Test("a day without a midnight starts when its clocks start; a skipped day where the next does")
    func missingMidnights() throws {
        // Clocks went from 00:00 to 01:00.
        #expect(try Zone(named: "America/Sao_Paulo").start(of: day("2018-11-04")) == at("2018-11-04T03:00:00Z"))
        // Clocks went from 23:30 to 00:30: the first moment shows 00:30.
        let samoa = try Zone(named: "Pacific/Apia")
        #expect(samoa.start(of: day("2011-12-30")) == at("2011-12-30T10:00:00Z"))
        #expect(samoa.start(of: day("2011-12-31")) == at("2011-12-30T10:00:00Z"))
        #expect(samoa.day(of: at("2011-12-30T09:59:59Z")) == day("2011-12-29"))
        #expect(samoa.day(of: at("2011-12-30T10:00:00Z")) == day("2011-12-31"))
        // Midnight comes twice: the first one counts.
        #expect(try Zone(named: "America/Havana").start(of: day("2026-11-01")) == at("2026-11-01T04:00:00Z"))
    }

    @Test(
        "day, time of day and back give the moment again, save in the hour that comes twice",
        arguments: ["Europe/Berlin", "America/St_Johns", "Asia/Tehran", "Africa/Casablanca", "Antarctica/Troll", "UTC"])
    func roundTrip(name: String) throws {
        let zone = try Zone(named: name)
        var cursor = ZoneCursor(zone)
        var time = at("1969-06-01T00:00:00.123Z")
        while time < at("2060-01-01") {
            let (day, clock) = (zone.day(of: time), zone.timeOfDay(time))
            let back = zone.timestamp(day: day, timeOfDay: clock)
            #expect(back <= time && time - back <= hours(3), "\(name) \(time)")
            if back != time { #expect(zone.offset(at: back) > zone.offset(at: time)) }
            #expect(zone.start(of: day) <= time)
            #expect(clock >= .zero && clock < hours(24))
            #expect(cursor.day(of: time) == day && cursor.timeOfDay(time) == clock)
            #expect(cursor.timestamp(day: day, timeOfDay: clock) == back)
            #expect(cursor.offset(at: time) == zone.offset(at: time))
            time = time + .minutes(47 * 60 + 13)
        }
    }

    @Test("the footer continues what the listed transitions say")
    func footerAgreesWithTable() throws {
        for name in ["Europe/Berlin", "America/New_York", "Australia/Sydney", "Europe/Dublin", "America/Santiago"] {
            let zone = try Zone(named: name)
            let rule = try #require(zone.table.rule)
            // Some distributions ship files that list nothing after the last change of the law.
            for year in 2024..<2037 {
                for month in 1...12 {
                    let time = Zone.utc.start(of: try #require(LocalDay(year: year, month: month, day: 11)))
                    #expect(rule.interval(at: time.milliseconds).offset == zone.offset(at: time).milliseconds)
                }
            }
        }
    }

    @Test("moments at the ends of the scale neither trap nor hang")
    func extremes() throws {
        let ends: [Int64] = (0..<8).flatMap { shift in [Int64.min >> shift, Int64.max >> shift] }
        for name in ["Europe/Berlin", "Asia/Shanghai", "UTC"] {
            let zone = try Zone(named: name)
            var cursor = ZoneCursor(zone)
            for ms in ends {
                let time = Timestamp(milliseconds: ms)
                _ = (zone.offset(at: time), zone.day(of: time), zone.timeOfDay(time), cursor.day(of: time))
                _ = zone.timestamp(day: LocalDay(number: .max), timeOfDay: TimeSpan(milliseconds: ms))
                _ = cursor.timestamp(day: LocalDay(number: .min), timeOfDay: TimeSpan(milliseconds: ms))
            }
            _ = (zone.start(of: LocalDay(number: .max)), zone.start(of: LocalDay(number: .min)))
        }
    }

    @Test("an unknown zone is refused with the nearest name")
    func unknown() {
        func nearest(_ name: String) -> String? {
            do throws(ZoneError) {
                _ = try Zone(named: name)
            } catch {
                if case .unknown(let nearest) = error.code { return nearest }
            }
            return "no error"
        }
        #expect(nearest("Europe/Berlni") == "Europe/Berlin")
        #expect(nearest("europe/berlin") == "Europe/Berlin")
        #expect(nearest("Shanghai") == "Asia/Shanghai")
        #expect(nearest("Middle_Earth/Hobbiton_by_the_Water") == nil)
        #expect(nearest("Europe") != "no error")
    }

    @Test(
        "a name never leads out of the zone directory",
        arguments: [
            "", "/etc/passwd", "../../../etc/passwd", "Europe/../../../etc/passwd", "Europe//Berlin", "Europe/", ".",
            "Europe/.hidden", "-1", "Eu\u{0}rope", "Zürich", String(repeating: "A", count: 300),
        ])
    func badNames(name: String) {
        #expect {
            try Zone(named: name)
        } throws: {
            ($0 as? ZoneError)?.code == .badName
        }
    }

    @Test("missing zone data is named with the package that brings it")
    func noData() {
        #expect {
            try Zone(named: "Europe/Berlin", directory: "/nonexistent")
        } throws: {
            ($0 as? ZoneError)?.code == .noData && "\($0)".contains("tzdata")
        }
    }
}
