import Vitals

/// Gives frames of one device times that differ: a series holds one sample at a time, and two notifications may be read
/// in the same millisecond.
///
/// In the hub and not in the links: an input is never earlier than the one before it, whichever device that came from,
/// so that times which differ in a link may be the same here.
struct FrameTimes: Sendable {
    /// Milliseconds since 1970 of each device's newest frame.
    private var newest: [DeviceID: Int64] = [:]

    /// Frames of a burst lie one millisecond apart, up to this lead over the clock: no device can make the hub's time run
    /// away.
    static let longestLead: Int64 = 1000

    /// The time of a device's next frame.
    ///
    /// - Parameters:
    ///   - clock: when it was read.
    ///   - earliest: the hub's own time, which never goes back.
    mutating func next(of device: DeviceID, at clock: Timestamp, notBefore earliest: Timestamp) -> Timestamp {
        let arrival = max(clock.milliseconds, earliest.milliseconds)
        var time = arrival
        if let last = newest[device], last >= arrival {
            let (following, overflow) = last.addingReportingOverflow(1)
            let (limit, _) = clock.milliseconds.addingReportingOverflow(Self.longestLead)
            if !overflow, following <= limit { time = following }
        }
        newest[device] = time
        return Timestamp(milliseconds: time)
    }
}
