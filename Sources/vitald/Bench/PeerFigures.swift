import Glibc
import JSON5

/// What others reach with the same inputs: a program is given a folder with them, and prints a line for each figure and
/// peer: `{"name": "store.day", "peer": "DuckDB (fsync a commit)", "value": 4.8, "unit": "ms/86400 samples"}`.
struct PeerFigures {
    private struct Line {
        var name: String
        var unit: String
        var peer: Figure.Peer

        init?(_ text: String) {
            guard case .object(let object)? = try? JSONDocument.parse(text, file: "peers").root.value,
                case .string(let name)? = object["name"]?.value, case .string(let peer)? = object["peer"]?.value,
                case .string(let unit)? = object["unit"]?.value, case .number(let value)? = object["value"]?.value
            else { return nil }
            self.name = name
            self.unit = unit
            self.peer = Figure.Peer(name: peer, value: value)
        }
    }

    private var lines: [Line] = []

    /// Runs `command` with the folder as its last argument, in a shell, and reads what it prints.
    init(running command: String, in folder: String, progress: (String) -> Void) throws(CommandError) {
        guard let pipe = popen("exec \(command) '\(folder)'", "r") else {
            throw .failed("\(command) cannot be started: \(String(cString: strerror(errno)))")
        }
        var text: UnsafeMutablePointer<CChar>?
        var room = 0
        while getline(&text, &room, pipe) > 0 {
            guard let text, let line = Line(String(cString: text)) else { continue }
            progress("\(line.name): \(line.peer.name)")
            lines.append(line)
        }
        free(text)
        let status = pclose(pipe)
        guard status == 0 else {
            throw .failed(
                "\(command) ended with status \(status >> 8)", hint: "make .build/peers with Benchmarks/peers.sh")
        }
    }

    /// Everyone who told that figure in that unit.
    func of(_ name: String, _ unit: String) -> [Figure.Peer] {
        lines.filter { $0.name == name && $0.unit == unit }.map(\.peer)
    }
}
