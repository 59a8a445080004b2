import CSodium
import Glibc
import Vitals

/// The key of an encrypted store, 32 bytes: what its data keys are wrapped with.
///
/// It comes from a file (`--key-file`, or a credential that systemd hands over) and is never written into a store. Whoever
/// loses it has lost the store. In memory it lies where it is not swapped out, and is wiped when it goes.
///
/// `@unchecked Sendable`: the memory is written once, before anybody else has it.
public final class StoreKey: @unchecked Sendable {
    static let length = Int(crypto_aead_xchacha20poly1305_ietf_KEYBYTES)

    private let memory: UnsafeMutableRawPointer

    /// Lends the bytes.
    func withBytes<R>(_ body: (UnsafePointer<UInt8>) -> R) -> R {
        body(memory.assumingMemoryBound(to: UInt8.self))
    }

    /// - Parameter fill: writes `length` bytes.
    private init?(_ fill: (UnsafeMutableRawPointer) -> Void) {
        guard sodium_init() >= 0, let memory = sodium_malloc(Self.length) else { return nil }
        fill(memory)
        sodium_mprotect_readonly(memory)
        self.memory = memory
    }

    deinit { sodium_free(memory) }

    convenience init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.length, let base = bytes.baseAddress else { return nil }
        self.init { $0.copyMemory(from: base, byteCount: Self.length) }
    }

    /// A random key; `nil` where the system has no memory for it.
    public static func random() -> StoreKey? { StoreKey { randombytes_buf($0, length) } }

    // MARK: Files

    /// Reads a key file: 32 bytes, or 64 hexadecimal digits and nothing but white space around them.
    ///
    /// - Parameter isGuarded: somebody else sees to it that only its owner may read it: systemd, whose access lists look like
    ///   permissions of a group.
    /// - Throws: `.unwritable` where it cannot be read, `.other` for what is no key, and for a file that others may read.
    public static func read(_ path: String, isGuarded: Bool = false) throws(StoreError) -> StoreKey {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw StoreError(.unwritable, path: path, "cannot read the key file: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        if !isGuarded, fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o077 != 0
        {
            throw StoreError(
                .other, path: path, "the key file may be read by others than its owner: chmod 600 \(path)")
        }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        defer { sodium_memzero(&bytes, bytes.count) }
        guard count >= 0 else {
            throw StoreError(.unwritable, path: path, "cannot read the key file: \(String(cString: strerror(errno)))")
        }
        var key: StoreKey?
        if count == length {
            key = bytes.withUnsafeBytes { StoreKey(bytes: UnsafeRawBufferPointer(rebasing: $0[..<length])) }
        } else if var digits = digits(of: bytes[..<count]) {
            key = digits.withUnsafeBytes { StoreKey(bytes: $0) }
            sodium_memzero(&digits, digits.count)
        }
        guard let key else {
            throw StoreError(
                .other, path: path,
                "this is no key file: it has 32 bytes or 64 hexadecimal digits; `vitald store key` makes one")
        }
        return key
    }

    private static func digits(of text: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        var half: UInt8?
        for character in text {
            if [0x20, 0x0A, 0x0D, 0x09].contains(character) { continue }
            guard let digit = Character(Unicode.Scalar(character)).hexDigitValue else { return nil }
            if let high = half {
                bytes.append(high << 4 | UInt8(digit))
                half = nil
            } else {
                half = UInt8(digit)
            }
        }
        return half == nil && bytes.count == length ? bytes : nil
    }

    /// Makes a key file that only its owner may read.
    ///
    /// - Throws: `.unwritable`, and where there is a file of that name already: it may be the only key of a store.
    public static func make(_ path: String) throws(StoreError) {
        guard let key = random() else { throw StoreError(.other, path: path, "no memory for a key") }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StoreError(
                .unwritable, path: path,
                errno == EEXIST
                    ? "the file is there already, and may be the key of a store: choose another name"
                    : "cannot make the key file: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var text = key.withBytes { bytes in
            (0..<length).flatMap { place -> [UInt8] in
                let pair = String(bytes[place], radix: 16)
                return Array((pair.utf8.count < 2 ? "0" + pair : pair).utf8)
            }
        }
        text.append(0x0A)
        defer { sodium_memzero(&text, text.count) }
        guard write(descriptor, text, text.count) == text.count, fsync(descriptor) == 0 else {
            let reason = String(cString: strerror(errno))
            unlink(path)
            throw StoreError(.unwritable, path: path, "cannot write the key file: \(reason)")
        }
    }
}
