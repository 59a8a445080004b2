import Profiles
import Vitals

/// A decoder of one format in plain code, as one would write it in C without profiles: what the profiles' decoder is
/// measured against. It reads through a pointer, compares numbers, and writes the very readings and statuses that the
/// profile's decoder does to memory that is there already; it calls nothing, looks nothing up and allocates nothing.
protocol DecoderByHand {
    mutating func take(
        _ bytes: UnsafeBufferPointer<UInt8>, at: Int64, _ readings: inout OutputSpan<Reading>,
        _ statuses: inout [Status])
}

/// A status that is told when it changes, and once a minute.
private struct Told {
    private static let refresh: Int64 = 60_000
    private var value = -1.0
    private var at: Int64 = 0

    /// Whether to tell it; a change is told only after `pace`.
    @inline(__always) mutating func isNews(_ new: Double, _ now: Int64, pace: Int64 = 0) -> Bool {
        if value >= 0, now - at < (new == value ? Told.refresh : pace) { return false }
        value = new
        at = now
        return true
    }
}

/// Bluetooth SIG Heart Rate Service 1.0, §3.1.
struct StrapByHand: DecoderByHand {
    private var worn = Told()
    private var contact = Told()
    private let energyCounter = CounterRule(
        kind: .cumulative, width: 16, resets: [.reconnect, .command], saturates: true)

    @inline(__always) mutating func take(
        _ bytes: UnsafeBufferPointer<UInt8>, at: Int64, _ readings: inout OutputSpan<Reading>,
        _ statuses: inout [Status]
    ) {
        guard bytes.count >= 2 else { return }
        let flags = bytes[0]
        var place = 2
        var rate = UInt16(bytes[1])
        if flags & 1 != 0 {
            guard bytes.count >= 3 else { return }
            rate |= UInt16(bytes[2]) << 8
            place = 3
        }
        let hasEnergy = flags & 8 != 0
        guard !hasEnergy || bytes.count >= place + 2 else { return }
        let contact = (flags >> 1) & 3
        if contact >= 2 {
            let level: Double = contact == 3 ? 1 : 0
            if worn.isNews(level, at) { statuses.append(.worn(contact == 3)) }
            if self.contact.isNews(level, at) { statuses.append(.contact(level)) }
        }
        var energy = UInt16.max
        if hasEnergy {
            energy = UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8
            place += 2
        }
        if contact != 2 {
            if rate != 0 { readings.append(Reading(metric: .heartRate, value: Double(rate))) }
            if flags & 16 != 0 {
                let count = UInt16(truncatingIfNeeded: (bytes.count - place) / 2)
                var index: UInt16 = 0
                while index < count {
                    let interval = UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8
                    readings.append(
                        Reading(
                            metric: .rrInterval, value: Double(interval) * 1000 / 1024,
                            time: .beat(index: index, count: count)))
                    place += 2
                    index += 1
                }
            }
        }
        if energy != .max {
            readings.append(Reading(metric: .energy, value: Double(energy), counter: energyCounter))
        }
    }
}

/// Contec CMS50D+, five bytes sixty times a second (atbrask/CMS50Dplus).
struct OximeterByHand: DecoderByHand {
    private static let pace: Int64 = 1000
    private var frame: (UInt8, UInt8, UInt8, UInt8, UInt8) = (0, 0, 0, 0, 0)
    private var count = 0
    private var lastRate = Int64.min / 2
    private var lastSaturation = Int64.min / 2
    private var worn = Told()
    private var contact = Told()
    private var signal = Told()
    private var isSearching = Told()

    @inline(__always) mutating func take(
        _ bytes: UnsafeBufferPointer<UInt8>, at: Int64, _ readings: inout OutputSpan<Reading>,
        _ statuses: inout [Status]
    ) {
        for byte in bytes {
            if byte & 0x80 != 0 {
                frame.0 = byte
                count = 1
                continue
            }
            switch count {
            case 1: frame.1 = byte
            case 2: frame.2 = byte
            case 3: frame.3 = byte
            case 4: frame.4 = byte
            default: continue
            }
            count += 1
            if count == 5 {
                count = 0
                display(at, &readings, &statuses)
            }
        }
    }

    @inline(__always) private mutating func display(
        _ at: Int64, _ readings: inout OutputSpan<Reading>, _ statuses: inout [Status]
    ) {
        let fingerOut = frame.0 & 0x10 != 0
        let searching = frame.2 & 0x20 != 0
        let probeError = frame.2 & 0x10 != 0
        let measures = !fingerOut && !searching && !probeError
        if fingerOut {
            if worn.isNews(0, at) { statuses.append(.worn(false)) }
        } else if !searching, !probeError {
            if worn.isNews(1, at) { statuses.append(.worn(true)) }
        }
        if contact.isNews(measures ? 1 : 0, at) { statuses.append(.contact(measures ? 1 : 0)) }
        if !fingerOut {
            let level = Double(frame.0 & 0x0F) / 15
            if signal.isNews(level, at, pace: Self.pace) { statuses.append(.signal(level)) }
        }
        if searching {
            if isSearching.isNews(1, at) { statuses.append(.diagnostic("searching")) }
        } else {
            isSearching = Told()
        }
        guard measures else { return }
        let pulse = (frame.2 & 0x40) << 1 | frame.3
        if pulse != 0, pulse != 255, at - lastRate >= Self.pace {
            lastRate = at
            readings.append(Reading(metric: .heartRate, value: Double(pulse)))
        }
        let saturation = frame.4 & 0x7F
        if saturation != 0, saturation != 127, at - lastSaturation >= Self.pace {
            lastSaturation = at
            readings.append(Reading(metric: .spo2, value: Double(saturation)))
        }
    }
}
