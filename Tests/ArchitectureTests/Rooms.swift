/// The table of DESIGN §3: every target the package may have, and what each may import. To add a room or turn an arrow,
/// change the design first, then this.
enum Rooms {
    /// C libraries: one module map and one shim each, no logic.
    static let libraries: Set<String> = ["CSQLite", "CSodium", "CZlib", "CBluetooth", "CKernels"]

    /// Ground floor first. `Links` and whoever reads `.gz` files may also import zlib (DESIGN §11).
    static let arrows: [String: Set<String>] = [
        "Vitals": [],
        "JSON5": [],
        "Kernels": ["CKernels"],
        "Profiles": ["Vitals", "JSON5"],
        "Links": ["Vitals", "Profiles", "CBluetooth", "CZlib"],
        "Analysis": ["Vitals", "Kernels"],
        "RuleEngine": ["Vitals", "JSON5"],
        "Care": ["Vitals", "JSON5"],
        "Storage": ["Vitals", "Kernels", "CSQLite", "CSodium"],
        "Hub": ground.union(["Profiles", "Links", "Analysis", "RuleEngine", "Care", "Storage", "CSodium"]),
        "Gateway": everything,
        "Simulator": ["Vitals", "Profiles", "Links"],
        "vitald": everything.union(["Gateway", "Simulator"]),
        // Beneath tests, where it stands in for calls of the C library.
        "CDisk": [],
    ]

    private static let ground: Set<String> = ["Vitals", "JSON5", "Kernels"]
    private static let everything = ground.union(libraries).union([
        "Profiles", "Links", "Analysis", "RuleEngine", "Care", "Storage", "Hub",
    ])

    /// What comes with the toolchain. All of Foundation is too large for a hub (DESIGN §4).
    static let systemModules: Set<String> = ["Glibc", "Dispatch", "Synchronization", "FoundationEssentials"]
    /// Rooms that must not even use the small Foundation.
    static let withoutFoundation: Set<String> = ["Kernels"]

    /// Folders at the top of the package (DESIGN §3).
    static let folders: Set<String> = [
        "Sources", "Tests", "Benchmarks", "DeviceProfiles", "Rules", "systemd",
    ]
}
