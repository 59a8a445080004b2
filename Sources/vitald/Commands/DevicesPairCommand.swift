import Glibc
import Vitals

/// `vitald devices pair`
enum DevicesPairCommand: Subcommand {
    static let syntax = Syntax(
        "devices pair", "Let the running daemon pair with a Bluetooth device",
        positionals: [
            .init("DEVICE", "a device of the configuration, or an address as 'vitald devices scan' shows it")
        ],
        options: [
            .init("by", "NAME", "who pairs (the user that runs the command)"), DaemonSocket.option, RowFormat.option,
        ],
        notes: [
            "Few devices need it: those that do not send before. Put the device into pairing mode, then follow what is "
                + "asked here: six digits to type in or to compare; most ask for nothing. Where bluetoothd runs, it keeps "
                + "the pairings: use bluetoothctl."
        ],
        examples: ["vitald devices pair strap", "vitald devices pair C0:11:22:33:44:55 --by grace"])

    /// Looking for it, and half a minute for each step of the pairing itself, are over by then.
    private static let patience = 180
    private static let pollInterval: UInt32 = 300_000

    static func run(_ arguments: Arguments, on console: Console) throws {
        let format = try RowFormat.chosen(arguments, on: console)
        let name = try arguments.positional(0)
        let actor = arguments.text("by") ?? ""
        try DaemonSocket.order(.pair(device: name), arguments, by: actor)
        console.show(status: "\(name): looking for it, and pairing …")
        var shown = ""
        for _ in 0..<(patience * 1_000_000 / Int(pollInterval)) {
            let answer = Answer(try DaemonSocket.ask(.query(.pairing), arguments))
            let progress = answer.text("progress") ?? "failed"
            let digits = answer.text("digits") ?? ""
            switch progress {
            case "done":
                console.clearStatus()
                answer.writeMembers(as: format, on: console)
                return console.note("\(name) is paired")
            case "failed":
                throw CommandError.failed("\(name): \(answer.text("reason") ?? "it was not paired")")
            case "enter", "compare":
                console.clearStatus()
                // The device may have given up meanwhile, and says why with the next answer.
                try? DaemonSocket.order(
                    progress == "enter" ? passkey(name, console) : comparison(name, digits, console), arguments,
                    by: actor)
            case "show" where shown != digits:
                console.note("type \(digits) in at \(name)")
                shown = digits
            default: break
            }
            usleep(pollInterval)
        }
        throw CommandError.failed("\(name): the pairing does not come to an end")
    }

    /// Asks until six digits, or nothing, were typed in.
    private static func passkey(_ name: String, _ console: Console) -> Command.Action {
        while true {
            console.note("the six digits that \(name) shows (nothing to give up):")
            guard let line = readLine(), let action = passkey(of: line) else {
                return .answerPairing(agrees: false, passkey: nil)
            }
            if case .answerPairing(true, nil) = action { continue }
            return action
        }
    }

    /// What a typed line means: agreed with `nil` is to be asked again; `nil` gives up.
    static func passkey(of line: String) -> Command.Action? {
        let digits = line.filter { $0 != " " && $0 != "\t" }
        if digits.isEmpty { return nil }
        let isPasskey = digits.utf8.count == 6 && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
        return .answerPairing(agrees: true, passkey: isPasskey ? UInt32(digits) : nil)
    }

    private static func comparison(_ name: String, _ digits: String, _ console: Console) -> Command.Action {
        console.note("does \(name) show \(digits)? yes or no:")
        let answer = (readLine() ?? "").lowercased()
        return .answerPairing(agrees: answer == "y" || answer == "yes", passkey: nil)
    }
}

/// `vitald devices forget`
enum DevicesForgetCommand: Subcommand {
    static let syntax = Syntax(
        "devices forget", "Let the running daemon delete the keys of a Bluetooth device that was paired",
        positionals: [.init("DEVICE", "a device of the configuration, or its address")],
        options: [.init("by", "NAME", "who forgets (the user that runs the command)"), DaemonSocket.option],
        notes: [
            "What the device measured stays in the store. One that is still in the configuration, and sends nothing "
                + "unless it is paired, is paired anew when it agrees without asking anybody."
        ],
        examples: ["vitald devices forget strap"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let name = try arguments.positional(0)
        try DaemonSocket.order(.forgetDevice(name), arguments, by: arguments.text("by") ?? "")
        console.note("the keys of \(name) are deleted")
    }
}

/// `vitald devices info`
enum DevicesInfoCommand: Subcommand {
    static let syntax = Syntax(
        "devices info", "Ask the running daemon for all it knows of a device and its link",
        positionals: [.init("DEVICE", "a device of the configuration")],
        options: [DaemonSocket.option, RowFormat.option],
        notes: [
            "'rssi' is the signal strength in dBm of the last advertisement, heard at 'rssi at': a connected device rarely "
                + "advertises."
        ],
        examples: ["vitald devices info strap"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let format = try RowFormat.chosen(arguments, on: console)
        let name = try arguments.positional(0)
        Answer(try DaemonSocket.ask(.query(.device(named: name)), arguments)).writeMembers(as: format, on: console)
    }
}
