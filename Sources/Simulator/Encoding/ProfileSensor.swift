import Profiles
import Vitals

/// Frames that a device sends at a moment.
public struct Transmission: Hashable, Sendable {
    public var at: Timestamp
    /// Name of the profile's input.
    public var input: String
    /// A notification, or a piece of a stream.
    public var bytes: [UInt8]
    /// It was not meant to say anything.
    public var isGarbage = false

    public init(at: Timestamp, input: String, bytes: [UInt8], isGarbage: Bool = false) {
        self.at = at
        self.input = input
        self.bytes = bytes
        self.isGarbage = isGarbage
    }
}

/// Any device a profile describes, on a synthetic person: the inverse of the profile's decoder, driven by the person's life.
///
/// Of the messages the profile knows those are sent that together tell every metric once, in the order of the file.
/// Messages that only repeat a metric with the device's own time are history: they are sent when data was withheld.
public struct ProfileSensor: Sendable {
    /// One kind of message and its pace.
    struct Voice: Sendable {
        var outline: MessageOutline
        /// Milliseconds from one to the next.
        var interval: Double
        /// It is sent only when it has news, or after `refresh`.
        var speaksOnChange = false
        var count: Int64 = 0
        var beats: [Double] = []
        /// What counters had when it spoke last.
        var told = Measurements.Totals()
        var lastValues: [[Double]] = []
        var lastAt: Timestamp?
        /// The last frame said that the contact is lost.
        var saidLost = false

        func due(from start: Timestamp) -> Timestamp {
            start + .milliseconds(Int64((interval * Double(count + 1)).rounded(.up)))
        }
    }

    public let profile: Profile
    public let encoder: Encoder
    public let trouble: SensorTrouble
    let zone: Zone
    var voices: [Voice]
    var measurements: Measurements
    /// Messages that hold a time of their own, for withheld data.
    let history: [MessageOutline]
    /// Says only that there is no contact.
    let lostNotice: MessageOutline?
    var withheld: [Memory] = []
    private var random: SeededRandom
    private var headerAt: [String: Timestamp] = [:]

    /// What is kept of a second for later.
    struct Memory: Sendable {
        var end: Timestamp
        var heartRate: Double?
        var spo2: Double?
        var totals: Measurements.Totals
        /// Where counters that went back began.
        var base: Measurements.Totals
    }

    /// How often a message that speaks on change repeats itself.
    static let refresh = TimeSpan.seconds(60)
    /// How often the header of columns is repeated for readers who come late.
    static let headerPace = TimeSpan.seconds(10)
    /// A cuff, scale or thermometer speaks when it is used: here once a minute, so that a minute shows it.
    static let spotPace = 60_000.0
    /// Samples in a packet of a waveform: what Polar's straps put into one.
    static let waveform = 73

    /// Why a profile has no virtual device.
    public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        public var description: String
    }

    public init(
        _ profile: Profile, wearer: SyntheticPerson, trouble: SensorTrouble = .none, zone: Zone = .utc
    ) throws(Refusal) {
        self.profile = profile
        self.trouble = trouble
        self.zone = zone
        let encoder = Encoder(profile, zone: zone)
        self.encoder = encoder
        random = SeededRandom(seed: UInt64(bitPattern: wearer.start.milliseconds))
        measurements = Measurements(of: wearer, trouble: trouble, zone: zone)

        // What the device would say after half a minute shows which messages can be said at all.
        var trial = Measurements(of: wearer, trouble: .none, zone: zone)
        trial.live(to: wearer.start + .seconds(30))
        var voices: [Voice] = []
        var covered: Set<Metric> = []
        for outline in encoder.messages where !outline.contents.isEmpty && !outline.isAssembled {
            let metrics = Set(outline.contents.map(\.metric))
            guard !metrics.isSubset(of: covered), !outline.contents.contains(where: { $0.clock == .required }) else {
                continue
            }
            let voice = Voice(outline: outline, interval: Self.interval(of: outline, profile))
            guard Self.trialUtterances(voice, trial).contains(where: { encoder.encode($0) != nil }) else { continue }
            covered.formUnion(metrics)
            voices.append(voice)
        }
        for index in voices.indices {
            voices[index].speaksOnChange = voices[index].outline.contents.allSatisfy {
                $0.counter?.kind == .cumulative || $0.metric == .battery || $0.metric == .sensorLocation
            }
        }
        guard !voices.isEmpty else {
            throw Refusal(description: "no message of \(profile.id) can be turned round")
        }
        self.voices = voices
        let spoken = Set(voices.map(\.outline.index))
        let dated = encoder.messages.filter { outline in
            outline.contents.contains { $0.clock == .required || $0.clock == .optional }
        }
        let only = dated.filter { !spoken.contains($0.index) }
        history = only.isEmpty ? dated : only
        lostNotice = encoder.messages.first {
            $0.contents.isEmpty && !$0.tells.isEmpty && !$0.isHead
        }
        try Self.check(trouble, covered, encoder, history, profile)
    }

    /// Why the trouble cannot befall a device of the profile.
    private static func check(
        _ trouble: SensorTrouble, _ covered: Set<Metric>, _ encoder: Encoder, _ history: [MessageOutline],
        _ profile: Profile
    ) throws(Refusal) {
        if trouble.batteryFalls, !covered.contains(.battery) {
            throw Refusal(description: "\(profile.id) does not tell its battery")
        }
        let counts = encoder.messages.contains { $0.contents.contains { $0.counter?.kind == .cumulative } }
        if trouble.resetAt != nil, !counts {
            throw Refusal(description: "\(profile.id) has no counter that could begin anew")
        }
        if trouble.withheld != nil, history.isEmpty {
            throw Refusal(
                description: "\(profile.id) has no history: none of its messages holds the time of its values")
        }
        if !trouble.contactLost.isEmpty, !covered.contains(where: Measurements.needsContact) {
            throw Refusal(description: "\(profile.id) measures nothing that needs contact with the body")
        }
    }

    /// The beginning of its life.
    public var start: Timestamp { measurements.start }

    /// Everything that falls due before `time` and after the last call, oldest first.
    public mutating func transmissions(until time: Timestamp) -> [Transmission] {
        var sent: [Transmission] = []
        while let place = voices.indices.min(by: { voices[$0].due(from: start) < voices[$1].due(from: start) }) {
            let due = voices[place].due(from: start)
            guard due < time else { break }
            live(to: due)
            voices[place].count += 1
            speak(place, at: due, into: &sent)
        }
        return sent
    }

    private mutating func live(to time: Timestamp) {
        while measurements.now < time {
            // Withheld data is remembered second by second.
            let next = trouble.withheld == nil ? time : min(time, measurements.now + .seconds(1))
            measurements.live(to: next)
            for beat in measurements.newBeats where measurements.isWorn {
                for index in voices.indices { voices[index].beats.append(beat.interval) }
            }
            if let length = trouble.withheld, next <= start + length {
                withheld.append(
                    Memory(
                        end: next, heartRate: measurements.level(.heartRate), spo2: measurements.level(.spo2),
                        totals: measurements.totals, base: measurements.base))
            }
        }
    }

    private mutating func speak(_ place: Int, at time: Timestamp, into sent: inout [Transmission]) {
        let since = time - start
        if let length = trouble.withheld {
            if since < length { return }
            if !withheld.isEmpty {
                let memory = withheld
                withheld = []
                for transmission in historyTransmissions(memory, at: time) { send(transmission, into: &sent) }
                for index in voices.indices { voices[index].told = measurements.totals }
            }
        }
        guard let encoded = utter(place, at: time) else { return }
        guard !trouble.isSilent(since) else { return }
        let input = voices[place].outline.input
        let header = encoder.header(of: input)
        if !header.isEmpty, headerAt[input].map({ time - $0 >= Self.headerPace }) ?? true {
            headerAt[input] = time
            sent.append(Transmission(at: time, input: input, bytes: header))
        }
        for frame in encoded.frames { send(Transmission(at: time, input: input, bytes: frame), into: &sent) }
    }

    private mutating func send(_ transmission: Transmission, into sent: inout [Transmission]) {
        if trouble.garbage > 0, random.uniform() < trouble.garbage {
            sent.append(
                Transmission(
                    at: transmission.at, input: transmission.input, bytes: garbage(for: transmission), isGarbage: true))
        }
        sent.append(transmission)
    }

    /// Bytes that mean nothing: random ones, or, where the protocol has no sum that would tell them from meaning, a
    /// notification that was cut short.
    private mutating func garbage(for transmission: Transmission) -> [UInt8] {
        if profile.transport == .ble, !encoder.hasChecksum(transmission.input) {
            return Array(transmission.bytes.prefix(Int(random.uniform() * Double(transmission.bytes.count))))
        }
        return random.garbage()
    }
}
