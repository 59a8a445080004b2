import Vitals

/// A home-made sensor that follows the open convention for sketches: one JSON object a line, once a second, e.g.
/// `{"hr":72,"steps":1234,"bat":81}`. `steps` counts since power-up; `"ok":false` says that there is no contact.
public struct DIYLinesEncoder: SensorEncoder {
    /// Which keys the sketch sends.
    public struct Keys: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let heartRate = Keys(rawValue: 1)
        public static let intervals = Keys(rawValue: 2)
        public static let steps = Keys(rawValue: 4)
        public static let battery = Keys(rawValue: 8)
        public static let spo2 = Keys(rawValue: 16)
    }

    /// One line's values.
    public struct Line: Hashable, Sendable {
        public var heartRate: Int?
        /// Milliseconds, oldest first.
        public var intervals: [Int]
        public var spo2: Int?
        public var steps: Int?
        public var battery: Int?
        public var contact: Bool

        public init(
            heartRate: Int? = nil, intervals: [Int] = [], spo2: Int? = nil, steps: Int? = nil, battery: Int? = nil,
            contact: Bool = true
        ) {
            self.heartRate = heartRate
            self.intervals = intervals
            self.spo2 = spo2
            self.steps = steps
            self.battery = battery
            self.contact = contact
        }

        public var bytes: [UInt8] {
            var members: [String] = []
            if let heartRate { members.append("\"hr\":\(heartRate)") }
            if !intervals.isEmpty { members.append("\"rr\":[\(intervals.map(String.init).joined(separator: ","))]") }
            if let spo2 { members.append("\"spo2\":\(spo2)") }
            if let steps { members.append("\"steps\":\(steps)") }
            if let battery { members.append("\"bat\":\(battery)") }
            if !contact { members.append("\"ok\":false") }
            return Array("{\(members.joined(separator: ","))}\n".utf8)
        }
    }

    /// A full battery lasts so long.
    static let batteryLife = TimeSpan.days(3)

    private var wearer: Wearer
    private let keys: Keys
    private var line: Int64 = 0
    private var average = BeatAverage(of: 8)

    public init(wearer: SyntheticPerson, keys: Keys = [.heartRate, .steps, .battery]) {
        self.wearer = Wearer(wearer)
        self.keys = keys
    }

    /// Line n closes second n: it falls due at its end.
    public mutating func encode(until time: Timestamp, into frames: inout Frames) {
        while true {
            let due = wearer.start + .seconds(line + 1)
            guard due < time else { return }
            wearer.live(to: wearer.start + .seconds(line))
            let second = wearer.second
            var intervals: [Int] = []
            while let beat = wearer.beat(before: due) {
                average.add(beat.interval)
                intervals.append(Int(beat.interval.rounded()))
            }
            if !second.worn { average.removeAll() }
            let heart = second.worn && average.count > 0
            let used = Double(line) * 100_000 / Double(DIYLinesEncoder.batteryLife.milliseconds)
            frames.append(
                Line(
                    heartRate: keys.contains(.heartRate) && heart ? average.rate : nil,
                    intervals: keys.contains(.intervals) && heart ? intervals : [],
                    spo2: keys.contains(.spo2) && heart ? Int(second.oxygenSaturation.rounded()) : nil,
                    steps: keys.contains(.steps) ? second.steps : nil,
                    battery: keys.contains(.battery) ? Int(max(0, 100 - used)) : nil, contact: second.worn
                ).bytes)
            line += 1
        }
    }
}
