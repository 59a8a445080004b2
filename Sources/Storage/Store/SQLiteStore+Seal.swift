import Vitals

extension SQLiteStore {
    /// Sizes of the seal.
    private enum Sealing {
        /// Samples stay this long in the journal, where they keep when they were received: whoever starts again tells from
        /// that what was decided already (DESIGN §5).
        static let rest = TimeSpan.minutes(1)
        /// Fresh samples that are sealed before their hour is over…
        static let most = 1 << 18
        /// …and in a house of many series so many of each, up to `limit`: chunks that grow in small steps are written often.
        static let perSeries = 1200
        static let limit = 1 << 22
        /// Samples written and series visited in one slice: a few milliseconds.
        static let slice = (samples: 1 << 15, series: 256)
        /// Journal rows removed in one slice.
        static let rows: Int64 = 64
        /// Commits after which a seal that failed is tried again.
        static let pause = 60
    }

    static func hour(of time: Timestamp) -> Int64 { time.floored(to: .hours(1)).milliseconds }

    /// After a commit: marks what is to be sealed when an hour has passed or much has come, and does a slice of it.
    ///
    /// Nothing depends on it. A failure (a full disk) is kept in `sealFailure`, and tried again.
    func settle(at now: Timestamp) {
        guard sealPause == 0 else {
            sealPause -= 1
            return
        }
        do throws(StoreError) {
            if intake.fresh.waitingCount >= FreshSamples.mostWaiting { intake.fresh.sort() }
            if seal == nil { try mark(at: now) }
            guard let pass = seal else { return try retire() }
            // A clock that was set back tells no age.
            let isOld = now >= pass.marked + Sealing.rest || now < pass.marked || intake.fresh.count > most + most / 2
            guard isOld || pass.isTrimming else { return }
            // An import brings more in a commit than a slice takes away; it has nobody to keep waiting.
            repeat { try advanceSeal() } while intake.fresh.count > 2 * most && seal?.isTrimming == false
            sealFailure = nil
        } catch {
            sealFailure = error
            sealPause = Sealing.pause
        }
    }

    private var most: Int {
        min(max(Sealing.most, Sealing.perSeries * intake.catalogue.rows.count), Sealing.limit)
    }

    private func mark(at now: Timestamp) throws(StoreError) {
        let hour = Self.hour(of: now)
        defer { sealedHour = hour }
        guard intake.fresh.count > 0, sealedHour ?? hour != hour || intake.fresh.count >= most else { return }
        try beginSeal(at: now)
    }

    func beginSeal(at now: Timestamp) throws(StoreError) {
        intake.fresh.sort()
        seal = SealPass(last: lastSequence, marked: now, counts: intake.fresh.series.map(\.count))
    }

    /// Seals all there is at once, as `vitald store seal` does.
    public func sealAll() throws(StoreError) {
        guard isWriter else { return }
        try beginSeal(at: .distantPast)
        while seal != nil { try advanceSeal() }
    }

    /// One slice, in a transaction of its own.
    func advanceSeal() throws(StoreError) {
        guard var pass = seal else { return }
        if pass.isTrimming {
            if try trim(pass.last) { seal = nil }
            return
        }
        let start = pass.place
        intake.rested.removeAll()
        do throws(StoreError) {
            try connection.write { () throws(StoreError) in
                var written = 0
                while pass.place < pass.counts.count, pass.place - start < Sealing.slice.series,
                    written < Sealing.slice.samples
                {
                    written += try rest(pass.counts[pass.place], at: pass.place)
                    pass.place += 1
                }
            }
        } catch {
            for place in start...min(pass.place, pass.counts.count - 1) { intake.catalogue.noteUnwritten(place) }
            damage.forget()
            throw error
        }
        for place in start..<pass.place { intake.fresh.forget(first: pass.counts[place], at: place) }
        seal = pass
        tellDamage()
    }

    /// Lays the first `count` fresh samples of a series to rest; returns how many samples that wrote.
    private func rest(_ count: Int, at place: Int) throws(StoreError) -> Int {
        try intake.writeExtent(place, lastSequence)
        guard count > 0 else { return 0 }
        let row = intake.catalogue.rows[place]
        return try chunks.rest(
            intake.fresh.series[place].columns(first: count), series: row.id, of: row.key.person,
            isIncrement: row.key.metric.kind == .increment)
    }

    /// Removes the first rows of the journal up to commit `last`; returns whether none is left of them.
    private func trim(_ last: UInt64) throws(StoreError) -> Bool {
        let last = Int64(bitPattern: last)
        guard let first = try connection.integer("SELECT min(sequence) FROM journal"), first <= last, first > 0 else {
            return true
        }
        let end = min(last, first + Sealing.rows)
        try connection.write { () throws(StoreError) in
            let delete = try connection.keep("DELETE FROM journal WHERE sequence <= ?")
            delete.bind(1, end)
            try delete.run()
        }
        return end == last
    }
}
