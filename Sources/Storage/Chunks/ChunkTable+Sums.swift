import Vitals

extension ChunkTable {
    /// Writes anew what stands beside a chunk, and its part of the rollups. A damaged chunk stays as it is.
    func sum(_ key: ChunkKey, of person: PersonID, isIncrement: Bool) throws(StoreError) {
        let samples: SampleColumns
        do throws(StoreError) {
            samples = try load(key)
        } catch {
            guard error.code == .damaged else { throw error }
            return
        }
        try write(samples, key, of: person, isIncrement)
        try rollups.rest(
            samples, [(0..<samples.count, key.quarter)], series: key.series, of: person, isIncrement: isIncrement)
    }
}
