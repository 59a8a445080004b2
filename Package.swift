// swift-tools-version: 6.2
import PackageDescription

// Rooms, ground floor first. Who may import whom is fixed here and guarded by Tests/ArchitectureTests.
// Warnings are errors everywhere. The Makefile adds -march, which also sets Swift's code generation.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

// Rooms are optimised for tests, too: these take two fifths of the time, and run what people run.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: dependencies,
        swiftSettings: strict + [.unsafeFlags(["-O"], .when(configuration: .debug))])
}

func tests(of name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, exclude: exclude,
        swiftSettings: strict)
}

let package = Package(
    name: "vitald",
    products: [.executable(name: "vitald", targets: ["vitald"])],
    targets: [
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CBluetooth", providers: [.apt(["libbluetooth-dev"])]),
        .systemLibrary(name: "CKernels"),
        room("Vitals"),
        room("JSON5"),
        room("Kernels", ["CKernels"]),
        room("Profiles", ["Vitals", "JSON5"]),
        room("Links", ["Vitals", "Profiles", "CBluetooth", "CZlib"]),
        room("Analysis", ["Vitals", "Kernels"]),
        room("RuleEngine", ["Vitals", "JSON5"]),
        room("Care", ["Vitals", "JSON5"]),
        room("Storage", ["Vitals", "Kernels", "CSQLite", "CSodium"]),
        room("Simulator", ["Vitals", "Profiles", "Links"]),
        room(
            "Hub",
            ["Vitals", "JSON5", "Profiles", "Links", "Analysis", "RuleEngine", "Care", "Storage", "CSodium"]),
        .executableTarget(
            name: "vitald",
            dependencies: [
                "Vitals", "JSON5", "Kernels", "Profiles", "Links", "Analysis", "RuleEngine", "Storage", "Hub",
                "Simulator",
            ], swiftSettings: strict),

        // The C library's calls that change files, watched by tests.
        .target(name: "CDisk", path: "Tests/CDisk"),
        tests(of: "Vitals"),
        tests(of: "JSON5"),
        tests(of: "Kernels"),
        tests(of: "Profiles", ["JSON5", "Analysis"], exclude: ["Fixtures"]),
        tests(of: "Links", ["Vitals", "JSON5", "Profiles", "Simulator"]),
        tests(of: "Analysis", ["Kernels", "Vitals"]),
        tests(of: "RuleEngine", exclude: ["Fixtures"]),
        tests(of: "Care"),
        tests(of: "Storage", ["Kernels", "CSQLite", "CDisk"]),
        tests(of: "Simulator", ["Analysis"]),
        tests(of: "Hub", ["Vitals", "JSON5", "Profiles", "Links", "RuleEngine", "Storage", "Simulator"]),
        .testTarget(
            name: "EndToEndTests", dependencies: ["Vitals", "JSON5", "Links", "Storage", "Hub", "Simulator"],
            swiftSettings: strict),
        .testTarget(
            name: "VitaldTests", dependencies: ["vitald", "Vitals", "Links", "Storage", "Hub"], swiftSettings: strict),
        .testTarget(
            name: "FuzzTests",
            dependencies: ["Vitals", "JSON5", "Kernels", "Profiles", "Links", "Storage", "Simulator"],
            path: "Tests/Fuzz",
            exclude: ["Corpus", "entry.template", "fuzz", "profile.dict", "targets"], swiftSettings: strict),
        .testTarget(
            name: "AgreementTests", dependencies: ["Kernels", "Analysis", "Vitals", "Storage", "CZlib"],
            swiftSettings: strict),
        .testTarget(name: "ArchitectureTests", swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
