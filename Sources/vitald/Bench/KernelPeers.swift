import JSON5

/// What others reach on the same inputs: a program is given a folder with them and with our results, and prints a line
/// for each feature and peer.
struct KernelPeers {
    /// Best peer of each feature whose results agree with ours, in samples per second.
    private var best: [String: Figure.Peer] = [:]
    /// Peers that ran and do not agree, or could not run.
    private(set) var refused: [String] = []

    func best(of name: String) -> Figure.Peer? { best[name] }

    /// Nobody to compare with.
    init() {}

    /// Runs `command` with the folder as its last argument, in a shell, and reads what it prints.
    init(running command: String, in folder: String, progress: (String) -> Void) throws(CommandError) {
        try ProgramLines.readPeers(command, in: folder) { text in
            guard let line = Line(text) else { return }
            progress("\(line.name): \(line.peer)")
            take(line)
        }
    }

    private mutating func take(_ line: Line) {
        guard let rate = line.value else {
            refused.append("\(line.name): \(line.peer) \(line.reason)")
            return
        }
        if rate > best[line.name]?.value ?? 0 { best[line.name] = Figure.Peer(name: line.peer, value: rate) }
    }

    /// `{"name": "mean_300", "peer": "numba", "difference": 7.6e-06, "value": 491000000}`
    private struct Line {
        var name: String
        var peer: String
        var value: Double?
        var reason: String

        init?(_ text: String) {
            guard case .object(let object)? = try? JSONDocument.parse(text, file: "peers").root.value,
                case .string(let name)? = object["name"]?.value, case .string(let peer)? = object["peer"]?.value
            else { return nil }
            self.name = name
            self.peer = peer
            if case .number(let rate)? = object["value"]?.value { value = rate }
            if case .string(let error)? = object["error"]?.value {
                reason = error
            } else if case .number(let difference)? = object["difference"]?.value {
                reason = "differs by \(difference)"
            } else {
                reason = "differs in what is unknown"
            }
        }
    }
}
