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
        try ProgramLines.readPeers(command, in: folder) { text in
            guard let line = Line(text) else { return }
            progress("\(line.name): \(line.peer.name)")
            lines.append(line)
        }
    }

    /// Everyone who told that figure in that unit.
    func of(_ name: String, _ unit: String) -> [Figure.Peer] {
        lines.filter { $0.name == name && $0.unit == unit }.map(\.peer)
    }
}
