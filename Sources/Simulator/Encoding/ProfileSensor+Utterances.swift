import Profiles
import Vitals

extension ProfileSensor {
    /// Milliseconds from one message to the next.
    static func interval(of outline: MessageOutline, _ profile: Profile) -> Double {
        for content in outline.contents {
            if case .spacing(let milliseconds) = content.clock { return milliseconds * Double(waveform) }
        }
        if let cadence = profile.cadence[outline.input] { return paced(Double(cadence.milliseconds), profile) }
        let isSpot = outline.contents.allSatisfy { content in
            switch content.metric {
            case .bloodPressureSystolic, .bloodPressureDiastolic, .bloodPressureMean, .bodyTemperature, .weight,
                .glucose, .battery, .sensorLocation:
                true
            default: false
            }
        }
        let hasCuff = outline.contents.contains { $0.metric == .bloodPressureSystolic }
        return isSpot || hasCuff ? spotPace : paced(1000, profile)
    }

    /// Fast enough to be recognised where an adapter is probed: twice as many frames as the probe asks for.
    private static func paced(_ interval: Double, _ profile: Profile) -> Double {
        guard let probe = profile.probe, probe.frames > 0 else { return interval }
        return min(interval, (Double(probe.span.milliseconds) / Double(2 * probe.frames)).rounded(.down))
    }

    /// What a message might say at a moment; for finding out whether it can say anything.
    static func trialUtterances(_ voice: Voice, _ trial: Measurements) -> [Utterance] {
        var voice = voice
        voice.beats = [812]
        var withoutBeats = voice
        withoutBeats.beats = []
        return [voice, withoutBeats].flatMap { voice in
            [nil, trial.now].map { Self.utterance(voice, trial, time: $0, trouble: .none) }
        }
    }

    /// Says what is true now; `nil` where there is nothing to say.
    mutating func utter(_ place: Int, at time: Timestamp) -> Encoder.Encoded? {
        var voice = voices[place]
        defer { voices[place] = voice }
        var utterance = Self.utterance(voice, measurements, time: nil, trouble: trouble)
        voice.beats.removeAll(keepingCapacity: true)
        guard measurements.isWorn else { return utterLost(&voice, utterance, at: time) }
        guard utterance.values.contains(where: { !$0.isEmpty }) else { return nil }
        voice.saidLost = false
        if voice.speaksOnChange, voice.lastValues == utterance.values, let last = voice.lastAt,
            time - last < Self.refresh
        {
            return nil
        }
        var encoded = encoder.encode(utterance)
        if encoded == nil {
            // Some messages always hold a time.
            utterance.time = time
            encoded = encoder.encode(utterance)
        }
        if encoded != nil { remember(&voice, utterance, at: time) }
        return encoded
    }

    /// Says that there is no contact, as the message does or in the words of another one.
    private func utterLost(_ voice: inout Voice, _ utterance: Utterance, at time: Timestamp) -> Encoder.Encoded? {
        if let encoded = encoder.encode(utterance) {
            let isNews = utterance.values.contains { !$0.isEmpty }
            guard isNews || !voice.outline.tells.isEmpty || !voice.saidLost else { return nil }
            if voice.speaksOnChange, voice.lastValues == utterance.values, let last = voice.lastAt,
                time - last < Self.refresh
            {
                return nil
            }
            remember(&voice, utterance, at: time)
            voice.saidLost = true
            return encoded
        }
        guard let notice = lostNotice, notice.input == voice.outline.input,
            voice.outline.contents.contains(where: { Measurements.needsContact($0.metric) }),
            !voice.saidLost || voice.lastAt.map({ time - $0 >= Self.refresh }) ?? true
        else { return nil }
        voice.saidLost = true
        voice.lastAt = time
        return encoder.encode(Utterance(message: notice.index, values: [], fit: .lost))
    }

    private func remember(_ voice: inout Voice, _ utterance: Utterance, at time: Timestamp) {
        voice.lastValues = utterance.values
        voice.lastAt = time
        voice.told = measurements.totals
    }

    /// What a message is to say about these measurements.
    static func utterance(
        _ voice: Voice, _ measurements: Measurements, time: Timestamp?, trouble: SensorTrouble
    ) -> Utterance {
        var said: Set<Metric> = []
        let values = voice.outline.contents.map { content -> [Double] in
            // Of several ways to tell a metric the first one.
            guard said.insert(content.metric).inserted else { return [] }
            return self.values(of: content, voice, measurements, trouble).filter { content.range.contains($0) }
        }
        return Utterance(
            message: voice.outline.index, values: values, fit: measurements.isWorn ? .worn : .lost,
            signal: measurements.isWorn ? signal : nil, time: time, news: measurements.totals.beats)
    }

    /// A good but not perfect signal, as sensors mostly tell.
    private static let signal = 0.6

    private static func values(
        of content: MessageOutline.Content, _ voice: Voice, _ measurements: Measurements, _ trouble: SensorTrouble
    ) -> [Double] {
        switch content.metric {
        case .rrInterval:
            guard measurements.isWorn else { return [] }
            let beats = voice.beats.map { $0.rounded() }
            return content.isList ? beats : beats.suffix(1)
        case .ecg:
            guard case .spacing(let interval) = content.clock else { return [] }
            return measurements.ecg(count: waveform, interval: interval)
        default: break
        }
        if let level = measurements.level(content.metric) { return [level] }
        let restarts = trouble.resetAt != nil || content.counter?.resets.contains(.daily) == true
        switch content.counter?.kind {
        case .delta, .bucket:
            return Measurements.amount(content.metric, measurements.totals, less: voice.told).map { [$0] } ?? []
        case .cumulative, nil:
            let base = restarts ? measurements.base : Measurements.Totals()
            return Measurements.amount(content.metric, measurements.totals, less: base).map { [$0] } ?? []
        }
    }
}
