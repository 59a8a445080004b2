import Glibc

/// What another program prints, line by line.
enum ProgramLines {
    /// Runs a command in a shell, gives each line it prints to `body`, and waits for its end.
    ///
    /// - Returns: its exit status.
    static func read(_ command: String, _ body: (String) -> Void) throws(CommandError) -> Int32 {
        guard let pipe = popen("exec \(command)", "r") else {
            throw .failed("\(command) cannot be started: \(String(cString: strerror(errno)))")
        }
        var text: UnsafeMutablePointer<CChar>?
        var room = 0
        while getline(&text, &room, pipe) > 0 {
            if let text { body(String(cString: text)) }
        }
        free(text)
        return pclose(pipe) >> 8
    }

    /// The same of what measures peers: a folder is its last argument, and it must not fail.
    static func readPeers(_ command: String, in folder: String, _ body: (String) -> Void) throws(CommandError) {
        let status = try read("\(command) '\(folder)'", body)
        guard status == 0 else {
            throw .failed(
                "\(command) ended with status \(status)", hint: "make .build/peers with Benchmarks/peers.sh")
        }
    }

    /// A command of this program, with its words quoted.
    static func own(_ words: [String]) throws(CommandError) -> String {
        guard let program = FileTree.executable() else {
            throw .failed("/proc/self/exe: \(String(cString: strerror(errno)))")
        }
        return ([program] + words).map { "'\($0)'" }.joined(separator: " ")
    }
}
