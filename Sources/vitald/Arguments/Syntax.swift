/// What one command accepts, declared once: arguments are read by it and its help is printed from it.
struct Syntax: Sendable {
    /// `--name VALUE`, or a flag when `value` is nil.
    struct Option: Sendable {
        /// Without the dashes.
        var name: String
        /// What stands for the value in the help, e.g. `FILE`; nil for a flag.
        var value: String?
        var about: String
        /// May be given several times.
        var repeats = false
        var isRequired = false

        init(_ name: String, _ value: String? = nil, _ about: String, repeats: Bool = false, isRequired: Bool = false) {
            self.name = name
            self.value = value
            self.about = about
            self.repeats = repeats
            self.isRequired = isRequired
        }

        func required() -> Option {
            var option = self
            option.isRequired = true
            return option
        }
    }

    /// Whoever names a store may name the file with its key.
    private static func withKey(_ options: [Option]) -> [Option] {
        guard let place = options.firstIndex(where: { $0.name == "store" }),
            !options.contains(where: { $0.name == StoreFile.keyFile })
        else { return options }
        var options = options
        options.insert(
            Option(
                StoreFile.keyFile, "FILE",
                "the key of an encrypted store ($VITALD_KEY_FILE, or the credential \(StoreFile.credential))"),
            at: place + 1)
        return options
    }

    /// An argument known by its place.
    struct Positional: Sendable {
        var name: String
        var about: String
        var isOptional = false
        /// Takes all that follow; only the last one may.
        var repeats = false

        init(_ name: String, _ about: String, isOptional: Bool = false, repeats: Bool = false) {
            self.name = name
            self.about = about
            self.isOptional = isOptional
            self.repeats = repeats
        }

        /// As the usage line shows it: `FILE…`, `[PATH…]`.
        var form: String {
            let name = repeats ? "\(name)…" : name
            return isOptional ? "[\(name)]" : name
        }
    }

    /// The words that call it, e.g. `import`, `alert ack`.
    var command: String
    /// One line without a full stop.
    var purpose: String
    var positionals: [Positional] = []
    var options: [Option] = []
    /// Paragraphs that follow the options in the help.
    var notes: [String] = []
    /// Command lines that work.
    var examples: [String]

    init(
        _ command: String, _ purpose: String, positionals: [Positional] = [], options: [Option] = [],
        notes: [String] = [], examples: [String]
    ) {
        self.command = command
        self.purpose = purpose
        self.positionals = positionals
        self.options = Self.withKey(options)
        self.notes = notes
        self.examples = examples
    }

    func option(_ name: some StringProtocol) -> Option? { options.first { $0.name == name } }
}
