import CSodium
import Vitals

/// One value of a table, encrypted: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) of libsodium.
///
/// ```
/// version  1 byte, 1
/// key      4 bytes, little-endian: the row of the table `key`
/// nonce    24 bytes, random
/// sealed   the value, and 16 bytes that prove it
/// ```
///
/// What it belongs to is proved with it: version, key, table and row. A value that was moved to another row or table, or that
/// was put under another key, does not open.
enum SealedCell {
    static let version: UInt8 = 1
    private static let nonce = Int(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)
    private static let tag = Int(crypto_aead_xchacha20poly1305_ietf_ABYTES)
    private static let head = 5 + nonce
    /// Bytes that a value grows by.
    static let overhead = head + tag

    /// The row of the table `key` that a value is sealed with; `nil` for what is no sealed value.
    static func keyID(of cell: UnsafeRawBufferPointer) -> UInt32? {
        guard cell.count >= overhead, cell[0] == version else { return nil }
        return UInt32(littleEndian: cell.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
    }

    static func seal(_ plain: UnsafeRawBufferPointer, key: StoreKey, id: UInt32, at place: CellPlace) -> [UInt8] {
        let bound = place.bytes(version: version, key: id)
        return [UInt8](unsafeUninitializedCapacity: plain.count + overhead) { cell, count in
            cell[0] = version
            for i in 0..<4 { cell[1 + i] = UInt8(truncatingIfNeeded: id >> UInt32(8 * i)) }
            guard let base = cell.baseAddress else { return }
            randombytes_buf(base + 5, nonce)
            key.withBytes { key in
                _ = crypto_aead_xchacha20poly1305_ietf_encrypt(
                    base + head, nil, plain.assumingMemoryBound(to: UInt8.self).baseAddress, UInt64(plain.count), bound,
                    UInt64(bound.count), nil, base + 5, key)
            }
            count = plain.count + overhead
        }
    }

    /// The value; `nil` when it is not what was sealed there with that key.
    static func open(_ cell: UnsafeRawBufferPointer, key: StoreKey, at place: CellPlace) -> [UInt8]? {
        guard let id = keyID(of: cell), let base = cell.assumingMemoryBound(to: UInt8.self).baseAddress else {
            return nil
        }
        let bound = place.bytes(version: version, key: id)
        let length = cell.count - overhead
        var isWhole = false
        let plain = [UInt8](unsafeUninitializedCapacity: max(length, 1)) { plain, count in
            let code = key.withBytes { key in
                crypto_aead_xchacha20poly1305_ietf_decrypt(
                    plain.baseAddress, nil, nil, base + head, UInt64(cell.count - head), bound, UInt64(bound.count),
                    base + 5, key)
            }
            isWhole = code == 0
            count = isWhole ? length : 0
        }
        return isWhole ? plain : nil
    }
}

/// What a sealed value belongs to: its table, and the row by what never changes of it.
struct CellPlace {
    private let table: StaticString
    private let row: [UInt8]

    init(_ table: StaticString, _ row: [UInt8]) {
        self.table = table
        self.row = row
    }

    init(_ table: StaticString, _ row: Int64) {
        self.init(table, withUnsafeBytes(of: row.littleEndian) { Array($0) })
    }

    init<T>(_ table: StaticString, _ id: Identifier<T>) {
        self.init(table, withUnsafeBytes(of: (id.high.bigEndian, id.low.bigEndian)) { Array($0) })
    }

    fileprivate func bytes(version: UInt8, key: UInt32) -> [UInt8] {
        var bytes: [UInt8] = [version]
        bytes.reserveCapacity(8 + table.utf8CodeUnitCount + row.count)
        for i in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: key >> UInt32(8 * i))) }
        table.withUTF8Buffer { bytes += $0 }
        // No name of a table holds it: where the name ends and the row begins is not open to doubt.
        bytes.append(0)
        bytes += row
        return bytes
    }
}
