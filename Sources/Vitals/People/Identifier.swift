/// A random 128-bit id (UUID version 4), typed by what it names.
///
/// Ids are never time-ordered, so that stores of many homes can be merged. People write short names; the
/// configuration maps names to ids. In replay, demo and tests ids are derived from names instead (see `Hub`).
public struct Identifier<Named>: Hashable, Comparable, Sendable {
    /// The first eight bytes, big-endian.
    public var high: UInt64
    /// The last eight bytes, big-endian.
    public var low: UInt64

    @inlinable public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The id whose 16 bytes are `bytes`, first byte first; `nil` unless there are 16.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for (i, byte) in bytes.enumerated() {
            if i < 8 { high = high << 8 | UInt64(byte) } else { low = low << 8 | UInt64(byte) }
        }
        self.init(high: high, low: low)
    }

    /// Reads the usual form, 8-4-4-4-12 hexadecimal digits, hyphens optional, either case.
    public init?(_ text: String) {
        let digits = text.utf8.filter { $0 != UInt8(ascii: "-") }
        guard digits.count == 32 else { return nil }
        var halves: (UInt64, UInt64) = (0, 0)
        for (i, digit) in digits.enumerated() {
            guard let value = Character(UnicodeScalar(digit)).hexDigitValue else { return nil }
            if i < 16 { halves.0 = halves.0 << 4 | UInt64(value) } else { halves.1 = halves.1 << 4 | UInt64(value) }
        }
        self.init(high: halves.0, low: halves.1)
    }

    @inlinable public static func < (a: Self, b: Self) -> Bool { (a.high, a.low) < (b.high, b.low) }

    /// The 16 bytes, first byte first.
    public var bytes: [UInt8] {
        (0..<16).map { i in
            i < 8 ? UInt8(truncatingIfNeeded: high >> (56 - 8 * i)) : UInt8(truncatingIfNeeded: low >> (120 - 8 * i))
        }
    }
}

extension Identifier: CustomStringConvertible {
    /// Lower-case 8-4-4-4-12 form.
    public var description: String {
        let hex = bytes.map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0" + text : text
        }
        return [hex[0..<4], hex[4..<6], hex[6..<8], hex[8..<10], hex[10..<16]]
            .map { $0.joined() }.joined(separator: "-")
    }
}

public typealias PersonID = Identifier<Person>
public typealias DeviceID = Identifier<Device>
public typealias EventID = Identifier<Event>
public typealias CommandID = Identifier<Command>
/// The hub a store belongs to.
public typealias HubID = Identifier<StoreIdentity>

/// The partition a person's data lives in when a store is split: the leading 12 bits of the id, 0…4095.
@inlinable public func slot(of person: PersonID) -> Int { Int(person.high >> 52) }
