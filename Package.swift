// swift-tools-version: 6.2
import PackageDescription

// Rooms, ground floor first; who may import whom is DESIGN's table, and Tests/ArchitectureTests guards it.
// Warnings are errors everywhere. -Xcc -march also sets Swift's code generation; the Makefile passes it.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, swiftSettings: strict)
}

let package = Package(
    name: "vitald",
    targets: [
        room("JSON5"),
        tests(of: "JSON5"),
    ],
    swiftLanguageModes: [.v6]
)
