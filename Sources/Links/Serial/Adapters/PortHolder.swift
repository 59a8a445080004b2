/// A process that has a port open.
public struct PortHolder: Hashable, Sendable, CustomStringConvertible {
    public var process: Int
    public var name: String

    public var description: String { "\(name) (\(process))" }

    /// Who has the port open, as far as this user may see: root sees all, others see their own processes.
    ///
    /// Found without opening the port: that alone would raise DTR and restart an Arduino.
    ///
    /// - Complexity: a `readlink` for each open file of each visible process.
    public static func find(path: String, proc: String = "/proc") -> [PortHolder] {
        find(paths: [path], proc: proc)[path] ?? []
    }

    /// The holders of several ports, found in one pass.
    public static func find(paths: [String], proc: String = "/proc") -> [String: [PortHolder]] {
        var wanted: [String: [String]] = [:]
        for path in paths { wanted[KernelFolder(path).real?.path ?? path, default: []].append(path) }
        var holders: [String: [PortHolder]] = [:]
        let processes = KernelFolder(proc)
        for process in processes.names {
            guard let number = Int(process) else { continue }
            let files = processes[process]["fd"]
            let open = Set(files.names.compactMap { PathWatch.destination(of: files[$0].path) })
            for target in open.intersection(wanted.keys).sorted() {
                let holder = PortHolder(process: number, name: processes[process].text(of: "comm") ?? "?")
                for path in wanted[target] ?? [] { holders[path, default: []].append(holder) }
            }
        }
        return holders.mapValues { $0.sorted { $0.process < $1.process } }
    }
}
