import Profiles
import Vitals

/// A virtual Bluetooth device on paper: what it advertises, what it has, what it sends when, and how it answers. A GATT
/// server that plays it is a device as far as a hub can tell.
///
/// UUIDs are in lower case, assigned ones with four digits; bytes are in hexadecimal digits; times are milliseconds after
/// the central subscribed.
public struct DeviceDescription: Codable, Hashable, Sendable {
    public var profile: String
    public var name: String
    public var advertising: Advertising
    public var services: [Service]
    public var play: [Play]
    public var replies: [Reply]
    /// What a right decoder makes of `play`.
    public var expected: [Expectation]

    public struct Advertising: Codable, Hashable, Sendable {
        public var name: String?
        public var services: [String]
        public var manufacturerData: [ManufacturerData]
        public var serviceData: [ServiceData]
    }

    public struct ManufacturerData: Codable, Hashable, Sendable {
        public var company: UInt16
        public var data: String
    }

    public struct ServiceData: Codable, Hashable, Sendable {
        public var uuid: String
        public var data: String
    }

    public struct Service: Codable, Hashable, Sendable {
        public var uuid: String
        public var characteristics: [Characteristic]
    }

    public struct Characteristic: Codable, Hashable, Sendable {
        public var uuid: String
        public var properties: [String]
        public var value: String?
    }

    public struct Play: Codable, Hashable, Sendable {
        public var at: Int64
        public var characteristic: String
        public var bytes: String
    }

    public struct Reply: Codable, Hashable, Sendable {
        /// The characteristic that is written.
        public var to: String
        /// What the written bytes begin with.
        public var prefix: String
        /// The characteristic that answers.
        public var on: String
        /// Milliseconds.
        public var after: Int
        public var bytes: [String]
    }

    public struct Expectation: Codable, Hashable, Sendable {
        public var at: Int64
        public var metric: String
        public var value: Double
        /// The device's own time, ISO 8601 in UTC, where the message holds one.
        public var time: String?
    }
}

extension BluetoothUUID {
    /// As descriptions write it.
    var lowercase: String { description.lowercased() }
}

extension [UInt8] {
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
