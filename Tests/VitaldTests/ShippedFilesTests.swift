import Testing

@testable import vitald

@Suite struct ShippedFilesTests {
    private func folder(share: String? = nil, executable: String, existing: Set<String>) -> String {
        let files = ShippedFiles(share: share, executable: executable, exists: existing.contains)
        do { return try files.folder(.rules, isFolder: existing.contains) } catch { return "\(error)" }
    }

    @Test("the variable decides alone, and an error names it")
    func variable() {
        #expect(folder(share: "/s", executable: "/usr/bin/vitald", existing: ["/s/Rules"]) == "/s/Rules")
        #expect(
            folder(share: "/s", executable: "/usr/bin/vitald", existing: ["/usr/share/vitald/Rules"])
                == "no folder with rules (looked at /s/Rules); $VITALD_SHARE names it")
    }

    @Test("an installed program finds the files of its prefix")
    func installed() {
        let existing: Set = ["/opt/v/share/vitald/Rules"]
        #expect(folder(executable: "/opt/v/bin/vitald", existing: existing) == "/opt/v/share/vitald/Rules")
    }

    @Test("a built program finds the source tree above it")
    func built() {
        let existing: Set = ["/home/ada/vitald/Package.swift", "/home/ada/vitald/Rules"]
        let build = "/home/ada/vitald/.build/x86_64-unknown-linux-gnu/release/vitald"
        #expect(folder(executable: build, existing: existing) == "/home/ada/vitald/Rules")
    }

    @Test("a folder named Rules that is no part of a package is not taken")
    func stray() {
        #expect(folder(executable: "/a/b/c/vitald", existing: ["/a/Rules"]).hasPrefix("no folder with rules"))
    }
}
