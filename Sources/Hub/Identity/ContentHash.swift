import CSodium
import Vitals

/// SHA-256 of bytes, by libsodium.
public struct ContentHash: Hashable, Sendable, CustomStringConvertible {
    /// 32 bytes.
    public let bytes: [UInt8]

    public init(of content: some Collection<UInt8>) {
        let input = Array(content)
        var output = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
        crypto_hash_sha256(&output, input, UInt64(input.count))
        bytes = output
    }

    public init(of text: String) { self.init(of: text.utf8) }

    /// 64 hexadecimal digits.
    public var description: String {
        bytes.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
    }
}

extension Identifier {
    /// A random id (UUID version 4).
    public static func random() -> Identifier {
        var generator = SystemRandomNumberGenerator()
        return Identifier(high: generator.next(), low: generator.next()).asVersion4
    }

    /// The id that a name stands for in replay, demo and tests: so that two runs can be compared.
    public init(derivedFrom name: String) {
        let hash = ContentHash(of: "vitald:\(Named.self):\(name)").bytes
        let id = Identifier(bytes: hash.prefix(16)) ?? Identifier(high: 0, low: 0)
        self = id.asVersion4
    }

    /// Sets the version and variant bits of RFC 9562 §5.4.
    private var asVersion4: Identifier {
        Identifier(high: high & ~0xF000 | 0x4000, low: low & ~(0xC0 << 56) | 0x80 << 56)
    }
}

extension EventID {
    /// First 128 bits of SHA-256 over what makes an event itself: deciding again, here or on another machine, gives
    /// the same id.
    static func event(
        person: PersonID, rule: String, kind: Event.Kind, onset: Timestamp, transition: Int
    ) -> EventID {
        var writer = ByteWriter()
        writer.id(person)
        writer.text(rule)
        writer.text(kind.rawValue)
        writer.time(onset)
        writer.count(transition)
        return EventID(bytes: ContentHash(of: writer.bytes).bytes.prefix(16)) ?? EventID(high: 0, low: 0)
    }
}
