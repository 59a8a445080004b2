import Vitals

/// All that is no sample.
extension StoreRepair {
    // MARK: Rows with sums

    /// Every page of the first image, and of the second what differs.
    mutating func forEachPage(
        _ body: (inout StoreRepair, [FoundRow], Bool) throws(StoreError) -> Void
    ) throws(StoreError) {
        for (i, image) in images.enumerated() where image.count > 0 {
            for page in 1...image.count where i == 0 || image.differs(from: images[0], in: page) {
                var rows: [FoundRow] = []
                let isWhole = image.forEachRow(in: page) { rows.append($0) }
                try body(&self, rows, isWhole)
            }
        }
    }

    mutating func collectRows() throws(StoreError) {
        try forEachPage { (repair, rows, isWhole) throws(StoreError) in
            if !isWhole { repair.brokenPages += 1 }
            for row in rows {
                if let layout = repair.layouts.first(where: { $0.isIntact(row) }) {
                    try repair.keep(row, layout)
                } else {
                    try repair.keepCopy(row)
                    try repair.keepFollower(row)
                    try repair.keepForgotten(row)
                    try repair.keepRecord(row)
                    repair.noteRetired(row)
                    if repair.key == nil { repair.noteKey(row) }
                }
            }
        }
    }

    private mutating func keep(_ row: FoundRow, _ layout: RowLayout) throws(StoreError) {
        if layout.table.name == SummedTable.head.name {
            guard let hub = layout.value("hub", of: row)?.blob, hub.count == 16,
                let sequence = layout.value("sequence", of: row)?.integer
            else { return }
            if sequence > identity?.sequence ?? -1 {
                identity = (hub, sequence)
                tally = layout.value("tally", of: row)?.blob.flatMap { try? Tally($0) }
            }
            return
        }
        guard isOpening(row, layout) else { return }
        let isSeries = layout.table.name == SummedTable.series.name
        if isSeries { try noteSeries(row, layout) }
        let order = isSeries ? "upto" : "sequence"
        let parameters = layout.columns.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
        // The row's id stays: it is the order of events that were decided at one moment.
        let changes = layout.columns.indices.filter { $0 != layout.id }
            .map { "\(layout.columns[$0]) = excluded.\(layout.columns[$0])" }
        let insert = try draft.keep(
            """
            INSERT INTO \(layout.table.name)(\(layout.columns.joined(separator: ", "))) VALUES(\(parameters))
            ON CONFLICT DO UPDATE SET \(changes.joined(separator: ", ")) WHERE excluded.\(order) > \(order)
            """)
        for i in layout.columns.indices { insert.bind(Int32(i + 1), layout.value(i, of: row)) }
        try insert.run()
    }

    private mutating func noteSeries(_ row: FoundRow, _ layout: RowLayout) throws(StoreError) {
        guard let id = row.id, let person = layout.value("person", of: row)?.blob.flatMap({ PersonID(bytes: $0) }),
            let source = layout.value("source", of: row)?.blob.flatMap({ DeviceID(bytes: $0) }),
            let code = layout.value("metric", of: row)?.integer,
            let metric = UInt16(exactly: code).flatMap(Metric.init(rawValue:))
        else { return }
        metrics[id] = SeriesKey(person: person, metric: metric, source: source)
        told[id] = max(told[id] ?? 0, layout.value("count", of: row)?.integer ?? 0)
    }

    /// A row of the index `series_copy`: person, metric, source, sum, and the series' id.
    private mutating func keepCopy(_ row: FoundRow) throws(StoreError) {
        guard row.id == nil, row.values.count == 5, let sum = row.values[3].integer, let id = row.values[4].integer,
            RowSum(.series, [row.values[4]] + row.values[..<3]).value == UInt32(truncatingIfNeeded: sum),
            metrics[id] == nil, let layout = layouts.first(where: { $0.table.name == SummedTable.series.name })
        else { return }
        let values: [String: FoundRow.Value] = [
            "person": row.values[0], "metric": row.values[1], "source": row.values[2], "sum": row.values[3],
        ]
        let copy = FoundRow(id: id, values: layout.columns.map { values[$0] ?? .integer(0) })
        try keep(copy, layout)
    }

    /// A row of the table `follower`, known by its form. Of the new epoch they begin anew, and what was kept for them goes.
    private func keepFollower(_ row: FoundRow) throws(StoreError) {
        guard row.values.count == 6, case .text(let bytes) = row.values[0],
            FeedTable.isName(String(decoding: bytes, as: UTF8.self)), row.values[1...].allSatisfy({ $0.integer != nil })
        else { return }
        let insert = try draft.keep(
            "INSERT OR IGNORE INTO follower(name, sequence, at, lost, gaps, epoch) VALUES(?, ?, ?, ?, ?, ?)")
        for i in row.values.indices { insert.bind(Int32(i + 1), row.values[i]) }
        try insert.run()
    }

    /// A row of the table `retired`, known by its form.
    private mutating func noteRetired(_ row: FoundRow) {
        guard let id = row.id, row.values.count == 2, case .null = row.values[0], let raw = row.values[1].integer,
            Int32(exactly: raw) != nil
        else { return }
        retired[id] = max(retired[id] ?? .min, raw)
    }

    /// How far samples of the series that are known are retired.
    func writeRetired() throws(StoreError) {
        for (series, raw) in retired where metrics[series] != nil {
            try chunks.rollups.save(retired: Int32(clamping: raw), series)
        }
    }

    /// A row of the table `forgotten`, known by its form.
    private func keepForgotten(_ row: FoundRow) throws(StoreError) {
        guard row.values.count == 3, let digest = row.values[0].blob, digest.count == 32,
            row.values[1...].allSatisfy({ $0.integer != nil })
        else { return }
        let insert = try draft.keep("INSERT OR IGNORE INTO forgotten(digest, sequence, at) VALUES(?, ?, ?)")
        for i in row.values.indices { insert.bind(Int32(i + 1), row.values[i]) }
        try insert.run()
    }

    /// A row of the table `record`, which has a checksum of its own, or is sealed; what stands beside its content is written
    /// from that.
    private mutating func keepRecord(_ row: FoundRow) throws(StoreError) {
        guard row.values.count == 11, let id = row.values[0].blob.flatMap({ RecordID(bytes: $0) }),
            let person = row.values[3].blob.flatMap({ PersonID(bytes: $0) }), let sequence = row.values[4].integer,
            let told = row.values[8].integer, var content = row.values[9].blob
        else { return }
        var payload = row.values[10].blob
        let vault = draft.vault
        let record: Record
        do throws(Damage) {
            content = try vault.open(content, at: .record(id))
            if let sealed = payload { payload = try vault.open(sealed, at: .payload(id)) }
            guard vault.isSealing || Int64(SQLiteStore.checksum(content, payload ?? [])) == told else {
                throw Damage(reason: "a checksum that differs")
            }
            var reader = ByteReader(content)
            do throws(WireError) { record = try reader.wire() } catch { throw Damage(reason: "\(error)") }
        } catch {
            unopened.append(
                UnopenedRow(table: "record", key: [("id", row.values[0])], owner: person, reason: error.reason))
            return
        }
        try SQLiteStore.upsert(record, content, payload, checksum: told, UInt64(bitPattern: sequence), on: draft)
    }
}

extension Statement {
    func bind(_ index: Int32, _ value: FoundRow.Value) {
        switch value {
        case .null: bindNull(index)
        case .integer(let number): bind(index, number)
        case .real(let number): bind(index, number)
        case .text(let bytes): bind(index, String(decoding: bytes, as: UTF8.self))
        case .blob(let bytes): bind(index, bytes)
        }
    }
}
