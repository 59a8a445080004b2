import FoundationEssentials
import Profiles
import Vitals

/// The profiles as shipped, from the folder beside `Sources`.
enum ShippedProfiles {
    struct Missing: Error { let profile: String }

    static let library: ProfileLibrary = {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let folder = root + "/DeviceProfiles"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return ProfileLibrary(
            files: names.sorted().filter { $0.hasSuffix(".json5") }.compactMap { name in
                FileManager.default.contents(atPath: "\(folder)/\(name)").map {
                    Configured.File(path: "\(folder)/\(name)", text: String(decoding: $0, as: UTF8.self))
                }
            })
    }()

    static let ids = library.ids.sorted()

    static func profile(_ id: String) throws -> Profile {
        guard let profile = library[id] else { throw Missing(profile: id) }
        return profile
    }
}
