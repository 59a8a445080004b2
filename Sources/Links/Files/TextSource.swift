import CZlib
import Glibc

/// The lines of a text file, plain or compressed with gzip, one after the other without copying them.
///
/// Lines end with LF, CR LF or CR. Memory is one buffer, however long the file is.
struct TextSource: ~Copyable {
    /// A line in `buffer`, its end mark left out. Valid until the next call of `line()`.
    typealias Line = UnsafeRawBufferPointer

    private let file: gzFile
    private let path: String
    private let buffer: UnsafeMutableRawBufferPointer
    private let largestSize: Int
    /// Size of the file as it lies on disk.
    let size: Int
    private var start = 0
    private var end = 0
    private var isExhausted = false
    private var total = 0
    /// Offsets of the next LF and CR at or after `start`; `end` when the buffer holds none. They make finding all lines
    /// of a buffer linear whichever mark the file uses.
    private var nextLF = 0
    private var nextCR = 0
    private var skipsLF = false
    /// Number of the line returned last, from 1.
    private(set) var number = 0
    /// What ended the data early: a cut-off or damaged gzip file.
    private(set) var damage: String?

    /// Longest line; a longer one comes in pieces. No row of measurements comes near.
    static let longestLine = 1 << 18

    init(path: String, largestSize: Int, bufferSize: Int = longestLine) throws(FileError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw FileError(.unreadable, path: path, LinkError.text(of: errno))
        }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw FileError(.unreadable, path: path, "a directory; name the files in it")
        }
        guard let file = gzopen(path, "rbe") else {
            throw FileError(.unreadable, path: path, LinkError.text(of: errno))
        }
        gzbuffer(file, 1 << 17)
        self.file = file
        self.path = path
        self.largestSize = largestSize
        size = Int(status.st_size)
        buffer = .allocate(byteCount: max(bufferSize, 16), alignment: 16)
    }

    deinit {
        gzclose_r(file)
        buffer.deallocate()
    }

    /// Compressed bytes taken from the file so far.
    var position: Int { max(Int(gzoffset(file)), 0) }

    /// The first bytes of the file, without consuming them.
    mutating func head() throws(FileError) -> UnsafeRawBufferPointer {
        if end == 0 { try fill() }
        return UnsafeRawBufferPointer(rebasing: buffer[start..<end])
    }

    mutating func skip(_ count: Int) {
        start = min(start + count, end)
        nextLF = find(0x0A, from: start)
        nextCR = find(0x0D, from: start)
    }

    /// The next line; `nil` at the end.
    mutating func line() throws(FileError) -> Line? {
        while true {
            if skipsLF, start < end {
                skipsLF = false
                if buffer[start] == 0x0A { start += 1 }
            }
            if nextLF < start { nextLF = find(0x0A, from: start) }
            if nextCR < start { nextCR = find(0x0D, from: start) }
            let stop = min(nextLF, nextCR)
            if stop < end {
                let line = Line(rebasing: buffer[start..<stop])
                skipsLF = stop == nextCR
                start = stop + 1
                number += 1
                return line
            }
            if isExhausted || (start == 0 && end == buffer.count) {
                guard start < end else { return nil }
                let line = Line(rebasing: buffer[start..<end])
                start = end
                number += 1
                return line
            }
            try fill()
        }
    }

    private func find(_ byte: UInt8, from offset: Int) -> Int {
        guard offset < end, let base = buffer.baseAddress, let hit = memchr(base + offset, Int32(byte), end - offset)
        else { return end }
        return UnsafeRawPointer(hit) - UnsafeRawPointer(base)
    }

    /// Moves what is left to the front and reads behind it.
    private mutating func fill() throws(FileError) {
        guard let base = buffer.baseAddress else { return }
        let rest = end - start
        if start > 0, rest > 0 { memmove(base, base + start, rest) }
        (start, end) = (0, rest)
        let wanted = UInt32(clamping: buffer.count - end)
        let size = gzread(file, base + end, wanted)
        var code: Int32 = 0
        let message = gzerror(file, &code)
        if size <= 0 || code != Z_OK && code != Z_STREAM_END {
            if size < 0 || code == Z_BUF_ERROR || code == Z_DATA_ERROR {
                if code == Z_ERRNO { throw FileError(.unreadable, path: path, LinkError.text(of: errno)) }
                let text = message.map { String(cString: $0) } ?? ""
                damage =
                    code == Z_BUF_ERROR ? "the compressed data is cut off" : "the compressed data is damaged (\(text))"
            }
            isExhausted = true
        }
        if size > 0 {
            end += Int(size)
            total += Int(size)
        }
        guard total <= largestSize else {
            throw FileError(
                .tooLarge, path: path, line: number, "more than \(largestSize >> 20) MiB of text; split the file")
        }
        nextLF = find(0x0A, from: start)
        nextCR = find(0x0D, from: start)
    }
}
