import Glibc
import JSON5

extension BenchFolder {
    /// Writes the bytes of numbers one behind another, for a peer to read.
    func write<Number: BitwiseCopyable>(_ name: String, _ values: ArraySlice<Number>) throws(CommandError) {
        let path = "\(path)/\(name)"
        guard let file = fopen(path, "w") else { throw .failed("\(path): \(String(cString: strerror(errno)))") }
        let (written, whole) = values.withUnsafeBytes { (fwrite($0.baseAddress, 1, $0.count, file), $0.count) }
        guard fclose(file) == 0, written == whole else { throw .failed("\(path) cannot be written") }
    }

    func write(_ name: String, _ json: JSONWriter) throws(CommandError) {
        try write(name, Array(json.text.utf8)[...])
    }
}
