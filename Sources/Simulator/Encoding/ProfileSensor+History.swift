import Profiles
import Vitals

extension ProfileSensor {
    /// A log's distance between two values, and how often the others are remembered.
    static let logStep = TimeSpan.minutes(5)
    static let memoryPace = TimeSpan.minutes(1)

    /// What was withheld, in the messages that hold times.
    func historyTransmissions(_ memory: [Memory], at time: Timestamp) -> [Transmission] {
        history.flatMap { outline -> [Transmission] in
            let frames = utterances(outline, memory).compactMap { encoder.encode($0)?.frames }.joined()
            return frames.map { Transmission(at: time, input: outline.input, bytes: $0) }
        }
    }

    private func utterances(_ outline: MessageOutline, _ memory: [Memory]) -> [Utterance] {
        if outline.isAssembled { return logs(outline, memory) }
        var length = Self.memoryPace
        var isStart = false
        for content in outline.contents {
            if case .bucket(let bucket, let stamped) = content.counter?.kind {
                length = bucket
                isStart = stamped == .start
            }
        }
        var utterances: [Utterance] = []
        var before = memory.first?.totals ?? Measurements.Totals()
        for (block, seconds) in blocks(memory, of: length) {
            guard let last = seconds.last else { continue }
            defer { before = last.totals }
            let values = outline.contents.map { content in
                remembered(content, seconds, from: before, to: last.totals).filter { content.range.contains($0) }
            }
            guard values.contains(where: { !$0.isEmpty }) else { continue }
            let isBucket = length != Self.memoryPace
            let end = isBucket ? block + length : last.end
            utterances.append(
                Utterance(message: outline.index, values: values, fit: .worn, time: isStart ? block : end))
        }
        return utterances
    }

    private func remembered(
        _ content: MessageOutline.Content, _ seconds: [Memory], from before: Measurements.Totals,
        to last: Measurements.Totals
    ) -> [Double] {
        switch content.metric {
        case .heartRate: return mean(seconds.compactMap(\.heartRate))
        case .spo2: return mean(seconds.compactMap(\.spo2))
        default: break
        }
        switch content.counter?.kind {
        case .bucket, .delta: return Measurements.amount(content.metric, last, less: before).map { [$0] } ?? []
        case .cumulative:
            let restarts = trouble.resetAt != nil || content.counter?.resets.contains(.daily) == true
            let base = restarts ? seconds.last?.base ?? Measurements.Totals() : Measurements.Totals()
            return Measurements.amount(content.metric, last, less: base).map { [$0] } ?? []
        case nil: return content.metric == .battery ? [] : measurements.level(content.metric).map { [$0] } ?? []
        }
    }

    private func mean(_ values: [Double]) -> [Double] {
        values.isEmpty ? [] : [(values.reduce(0, +) / Double(values.count)).rounded()]
    }

    /// Values in a row from the beginning of the day, one per step, with empty places.
    private func logs(_ outline: MessageOutline, _ memory: [Memory]) -> [Utterance] {
        guard let content = outline.contents.first, content.metric == .heartRate || content.metric == .spo2 else {
            return []
        }
        var days: [Timestamp: [(Int64, Double)]] = [:]
        for (block, seconds) in blocks(memory, of: Self.logStep) {
            let known = content.metric == .heartRate ? seconds.compactMap(\.heartRate) : seconds.compactMap(\.spo2)
            let local = block + offset(at: block)
            let day = local.floored(to: .days(1))
            for value in mean(known) {
                days[day - offset(at: block), default: []].append(
                    ((local - day).milliseconds / Self.logStep.milliseconds, value))
            }
        }
        return days.sorted { $0.key < $1.key }.map { day, values in
            let last = values.map(\.0).max() ?? 0
            var row = Array(repeating: Double.nan, count: Int(last) + 1)
            for (slot, value) in values { row[Int(slot)] = value }
            return Utterance(
                message: outline.index, values: [row], time: day, step: Self.logStep)
        }
    }

    /// What the device's clock shows less UTC.
    private func offset(at time: Timestamp) -> TimeSpan {
        profile.clock == .local ? zone.offset(at: time) : .zero
    }

    /// Seconds by the block in which they end, whole blocks only.
    private func blocks(_ memory: [Memory], of length: TimeSpan) -> [(Timestamp, [Memory])] {
        var blocks: [(Timestamp, [Memory])] = []
        for second in memory {
            let block = (second.end - .milliseconds(1)).floored(to: length)
            if blocks.last?.0 == block {
                blocks[blocks.count - 1].1.append(second)
            } else {
                blocks.append((block, [second]))
            }
        }
        return blocks
    }
}
