extension SerialProbe {
    /// What a probe heard, and whose device it takes it for.
    public struct Verdict: Hashable, Sendable {
        public var path: String
        /// The profile that understands the device, if one does.
        public var profile: String?
        /// One for each profile that listened, in the order of their turns.
        public var findings: [Finding] = []
        /// Why the port could not be probed, or not to the end; then `profile` may be missing although it would fit.
        public var refusal: LinkError?
        /// Priority of `profile`.
        var best: Int?

        init(path: String) { self.path = path }

        /// Whether anything was heard at all.
        public var isSilent: Bool { findings.allSatisfy { $0.bytes == 0 } }

        mutating func take(_ listeners: [ProbeListener]) {
            for listener in listeners {
                findings.append(Finding(listener))
                if listener.hasUnderstood, best.map({ listener.profile.priority > $0 }) ?? true {
                    best = listener.profile.priority
                    profile = listener.profile.id
                }
            }
            for index in findings.indices where findings[index].outcome == .claimed {
                if findings[index].profile != profile { findings[index].outcome = .outranked }
            }
        }
    }

    /// What one profile made of a port.
    public struct Finding: Hashable, Sendable {
        public enum Outcome: String, Sendable {
            /// It understands the device, and none of a higher priority does.
            case claimed
            /// It understands the device too.
            case outranked
            /// Bytes came, but not its frames.
            case foreign
            /// No byte came.
            case silent
        }

        public var profile: String
        /// Speed and format that it listened with, e.g. `19200 8O1`.
        public var settings: String
        public var outcome: Outcome
        /// Good frames.
        public var frames: Int
        /// Stretches that were no frame.
        public var errors: Int
        public var bytes: Int
        /// The first of them, at most 32.
        public var first: [UInt8]

        init(_ listener: ProbeListener) {
            profile = listener.profile.id
            settings = SerialSettings(listener.profile).map { "\($0.baud) \($0.format)" } ?? ""
            outcome = listener.hasUnderstood ? .claimed : listener.bytes == 0 ? .silent : .foreign
            frames = listener.frames
            errors = listener.errors
            bytes = listener.bytes
            first = listener.first
        }

        /// The first bytes in hexadecimal digits.
        public var excerpt: String {
            first.map { byte in
                let digits = String(byte, radix: 16)
                return digits.utf8.count == 1 ? "0\(digits)" : digits
            }.joined(separator: " ")
        }
    }
}
