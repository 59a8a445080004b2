import Testing

@Suite("The rooms and their arrows")
struct RoomTests {
    @Test("every target is a room of the design, and no arrow turns round")
    func arrows() throws {
        let package = try PackageDump.load()
        #expect(!package.targets.isEmpty)
        for target in package.targets where target.type != "test" {
            let names = target.dependencies.map(\.name)
            if Rooms.libraries.contains(target.name) {
                #expect(names.isEmpty, "the C library \(target.name) depends on \(names)")
                continue
            }
            guard let allowed = Rooms.arrows[target.name] else {
                Issue.record("\(target.name) is not a room of DESIGN §3")
                continue
            }
            for name in names where !allowed.contains(name) {
                Issue.record("an arrow turned round: \(target.name) must not import \(name)")
            }
        }
    }

    @Test("tests lean on rooms, never rooms on tests")
    func testsOnTop() throws {
        let package = try PackageDump.load()
        let tests = Set(package.targets.filter { $0.type == "test" }.map(\.name))
        for target in package.targets {
            #expect(target.dependencies.allSatisfy { !tests.contains($0.name) }, "\(target.name) imports a test")
        }
    }

    @Test("every target is built in Swift 6 mode with warnings as errors")
    func strictness() throws {
        let package = try PackageDump.load()
        #expect(package.swiftLanguageVersions == ["6"])
        for target in package.targets where target.type != "system" && !target.name.hasPrefix("C") {
            let isStrict = target.settings.contains { $0.kind["treatAllWarnings"]?["_0"] == .word("error") }
            #expect(isStrict, "\(target.name) does not treat warnings as errors")
        }
    }

    @Test("a file imports only what its room may")
    func imports() throws {
        let package = try PackageDump.load()
        let declared = Dictionary(
            uniqueKeysWithValues: package.targets.map { ($0.name, Set($0.dependencies.map(\.name))) })
        for file in Checkout.sources {
            // The executable wires all rooms; what it may import reaches it through those it names.
            let mayUse = file.target == "vitald" ? Rooms.arrows["vitald"] ?? [] : declared[file.target] ?? []
            for (module, line) in file.imports {
                let isSystem =
                    Rooms.systemModules.contains(module)
                    && !(module.hasPrefix("Foundation") && Rooms.withoutFoundation.contains(file.target))
                #expect(
                    mayUse.contains(module) || isSystem,
                    "\(file.path):\(line): \(file.target) must not import \(module)")
            }
        }
    }

    @Test("no module has the name of a type in it")
    func moduleNames() {
        for file in Checkout.sources {
            #expect(!file.types.contains(file.target), "\(file.path) declares a type \(file.target)")
        }
    }

    @Test("every folder at the top of the package and of Sources is one of the design")
    func folders() {
        #expect(!Checkout.sources.isEmpty)
        // `make demo` leaves a folder, which is not of the package.
        for name in Checkout.entries(of: ".") where Checkout.isFolder(name) && !Checkout.leftovers.contains(name) {
            #expect(Rooms.folders.contains(name), "the design knows no folder \(name)")
        }
        for name in Checkout.entries(of: "Sources") {
            #expect(Rooms.arrows[name] != nil || Rooms.libraries.contains(name), "the design knows no room \(name)")
        }
    }
}
