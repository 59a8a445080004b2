import Profiles
import Vitals

/// A device of any serial profile, as a stream.
public struct ProfileEncoder: SensorEncoder {
    private var sensor: ProfileSensor

    public init(_ sensor: ProfileSensor) { self.sensor = sensor }

    public mutating func encode(until time: Timestamp, into frames: inout Frames) {
        for transmission in sensor.transmissions(until: time) { frames.append(transmission.bytes) }
    }
}
