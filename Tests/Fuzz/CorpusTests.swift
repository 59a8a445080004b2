import Testing

/// What `make fuzz` has found and learned, replayed: inputs that reach every branch the fuzzers know.
@Suite struct CorpusTests {
    static let targets: [any FuzzTarget.Type] = [
        DecoderFuzz.self,
        ProfileFuzz.self,
        ChunkFuzz.self,
        RollupFuzz.self,
        FeedFuzz.self,
        AttributeFuzz.self,
        ManagementFuzz.self,
    ]

    @Test("no input of a corpus, and no seed, traps or breaks what must hold", arguments: targets.indices)
    func replay(_ index: Int) {
        let target = Self.targets[index]
        let folder = "\(Checkout.root)/Tests/Fuzz/Corpus/\(target.corpus)"
        let names = Checkout.names(in: folder)
        #expect(!names.isEmpty)
        for name in names {
            let complaint = target.complaint(about: Checkout.bytes("\(folder)/\(name)"))
            #expect(complaint == nil, "\(target.corpus)/\(name)")
        }
        for seed in target.seeds { #expect(target.complaint(about: seed) == nil) }
    }
}
