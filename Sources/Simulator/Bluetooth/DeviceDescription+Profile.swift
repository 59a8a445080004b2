import Profiles
import Vitals

extension DeviceDescription {
    /// Milliseconds until a request is answered.
    static let answerDelay = 50
    /// The largest value of an attribute (Bluetooth Core 5.4, vol. 3, part F, 3.2.9).
    static let longestValue = 512

    /// Describes a Bluetooth device of a profile that lives for so long.
    public init(_ sensor: ProfileSensor, for length: TimeSpan) throws(ProfileSensor.Refusal) {
        let profile = sensor.profile
        guard profile.transport == .ble else {
            throw .init(description: "\(profile.id) is a serial device: --pty LINK plays it")
        }
        var sensor = sensor
        let fresh = sensor
        let start = sensor.start
        let layout = GATTLayout(profile)
        let transmissions = sensor.transmissions(until: start + length + .milliseconds(1))

        self.profile = profile.id
        name = layout.name ?? "Virtual \(profile.id)"
        advertising = Advertising(name: name, services: [], manufacturerData: [], serviceData: [])
        (services, play, replies, expected) = ([], [], [], [])
        if profile.link.connects {
            advertising.services = layout.advertised.map(\.lowercase)
            services = Self.services(layout, fresh)
            replies = Self.replies(layout, fresh)
        }
        perform(transmissions, layout, sensor, start)
    }

    /// Turns transmissions into notifications, or into advertisements, and decodes them as a hub would.
    private mutating func perform(
        _ transmissions: [Transmission], _ layout: GATTLayout, _ sensor: ProfileSensor, _ start: Timestamp
    ) {
        var decoder = Decoder(sensor.profile, zone: sensor.zone)
        for transmission in transmissions {
            let at = (transmission.at - start).milliseconds
            switch sensor.profile.inputs[transmission.input] {
            case .characteristic(let uuid):
                guard layout.subscribed.contains(uuid) else { continue }
                play.append(Play(at: at, characteristic: uuid.lowercase, bytes: transmission.bytes.hexadecimal))
                expect(transmission, at, &decoder)
            case .manufacturerData(let company):
                // An advertisement is one thing at a time: the first one stays.
                guard !advertising.manufacturerData.contains(where: { $0.company == company }) else { continue }
                advertising.manufacturerData.append(
                    ManufacturerData(company: company, data: transmission.bytes.hexadecimal))
                expect(transmission, 0, &decoder)
            case .serviceData(let uuid):
                guard !advertising.serviceData.contains(where: { $0.uuid == uuid.lowercase }) else { continue }
                advertising.serviceData.append(
                    ServiceData(uuid: uuid.lowercase, data: transmission.bytes.hexadecimal))
                expect(transmission, 0, &decoder)
            case .serial, nil: continue
            }
        }
    }

    private mutating func expect(_ transmission: Transmission, _ at: Int64, _ decoder: inout Decoder) {
        var decoded = Decoded()
        decoder.feed(transmission.bytes, input: transmission.input, at: transmission.at, into: &decoded)
        for reading in decoded.readings {
            var time: String?
            if case .at(let moment) = reading.time { time = moment.description }
            expected.append(Expectation(at: at, metric: reading.metric.name, value: reading.value, time: time))
        }
    }

    private static func services(_ layout: GATTLayout, _ sensor: ProfileSensor) -> [Service] {
        layout.services.map { uuid, characteristics in
            Service(
                uuid: uuid.lowercase,
                characteristics: characteristics.map { characteristic in
                    Characteristic(
                        uuid: characteristic.uuid.lowercase, properties: characteristic.properties.sorted(),
                        value: characteristic.properties.contains("read")
                            ? value(of: characteristic.uuid, sensor).hexadecimal : nil)
                })
        }
    }

    /// What reading a characteristic returns at the beginning.
    private static func value(of uuid: BluetoothUUID, _ sensor: ProfileSensor) -> [UInt8] {
        let input = sensor.profile.inputs.first { $0.value == .characteristic(uuid) }?.key
        if let input, let frame = sensor.firstWords(on: input) { return Array(frame.prefix(longestValue)) }
        return uuid.assignedNumber.flatMap { GATTLayout.features[$0] } ?? []
    }

    // MARK: answers

    /// A request is answered by the message that begins like it; where there is none, by the one that says so.
    private static func replies(_ layout: GATTLayout, _ sensor: ProfileSensor) -> [Reply] {
        let profile = sensor.profile
        let context = StepContext(
            now: sensor.start, zone: sensor.zone, settings: profile.settings, options: ["history"])
        let recurring = (profile.live.every + profile.poll + profile.keepAlive).flatMap(\.steps)
        var replies: [Reply] = []
        for (step, bytes) in context.unrolled(profile.connect + profile.live.start + recurring) {
            guard let bytes, !bytes.isEmpty, let written = written(step) else { continue }
            if let reply = controlPoint(written, bytes, layout) ?? answer(written, bytes, layout, sensor),
                !replies.contains(where: { $0.to == reply.to && $0.prefix == reply.prefix })
            {
                replies.append(reply)
            }
        }
        return replies
    }

    /// The characteristic that a step writes.
    private static func written(_ step: Step) -> BluetoothUUID? {
        switch step {
        case .command(_, let uuid, _): uuid
        case .write(let uuid, _, _, _): uuid
        case .ask(let inner, _), .ifOption(_, let inner), .forEachDay(_, let inner): written(inner)
        case .send, .wait, .read, .subscribe, .indicate, .driver: nil
        }
    }

    /// Polar's control point confirms every request: F0, request, type, no error (PolarBleSdk, control point response).
    private static func controlPoint(_ uuid: BluetoothUUID, _ bytes: [UInt8], _ layout: GATTLayout) -> Reply? {
        guard uuid.lowercase == "fb005c81-02e7-f387-1cad-8acd2d8df0c8", bytes.count > 1 else { return nil }
        let answer: [UInt8] = [0xF0, bytes[0], bytes[1], 0, 0, 0]
        return Reply(
            to: uuid.lowercase, prefix: Array(bytes.prefix(2)).hexadecimal, on: uuid.lowercase, after: answerDelay,
            bytes: [answer.hexadecimal])
    }

    private static func answer(
        _ uuid: BluetoothUUID, _ bytes: [UInt8], _ layout: GATTLayout, _ sensor: ProfileSensor
    ) -> Reply? {
        func fits(_ outline: MessageOutline) -> Bool {
            guard let first = outline.prefix.first, first == bytes[0] else { return false }
            return outline.contents.isEmpty || outline.prefix.count < 2 || bytes.count < 2
                || outline.prefix[1] == bytes[1]
        }
        for outline in sensor.encoder.messages where fits(outline) {
            guard case .characteristic(let on)? = sensor.profile.inputs[outline.input], layout.subscribed.contains(on)
            else { continue }
            let isEmptyAnswer = outline.contents.isEmpty && outline.tells.isEmpty && outline.isDiagnostic
            guard !outline.contents.isEmpty || isEmptyAnswer else { continue }
            guard let frames = sensor.words(of: outline) else { continue }
            let length = outline.contents.isEmpty ? 1 : min(outline.prefix.count, 2)
            return Reply(
                to: uuid.lowercase, prefix: Array(bytes.prefix(length)).hexadecimal, on: on.lowercase,
                after: answerDelay, bytes: frames.map(\.hexadecimal))
        }
        return nil
    }
}

extension ProfileSensor {
    /// What the first message of an input says half a minute after the beginning; `nil` where it has none.
    func firstWords(on input: String) -> [UInt8]? {
        encoder.messages.lazy.filter { $0.input == input && !$0.contents.isEmpty }
            .compactMap { self.words(of: $0)?.first }.first
    }

    /// What a message says at the beginning.
    func words(of outline: MessageOutline) -> [[UInt8]]? {
        guard !outline.contents.isEmpty else {
            return encoder.encode(Utterance(message: outline.index, values: []))?.frames
        }
        guard !outline.isAssembled, !outline.contents.contains(where: { $0.clock == .required }) else { return nil }
        var early = measurements
        // Long enough for the first beats, short enough to count as the beginning.
        early.live(to: start + .seconds(2))
        let voice = Voice(outline: outline, interval: 1000)
        return Self.trialUtterances(voice, early).lazy.compactMap { self.encoder.encode($0)?.frames }.first
    }
}
