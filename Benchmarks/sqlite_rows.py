#!/usr/bin/env python3
"""Plain SQLite rows, one INSERT each: what `vitald bench store` is compared with. Needs nothing but Python.

The same samples as there (heart rate at 1 Hz, commits of 5000, and of 24 at a time), the same durability (WAL,
synchronous=FULL), a row of a table with a primary key. The loop is Python's; the work below it is SQLite's.
"""

import os
import sqlite3
import statistics
import sys
import tempfile
import time

SCHEMA = """
CREATE TABLE sample(person BLOB, metric INTEGER, source BLOB, time INTEGER, received INTEGER, value REAL,
                    span INTEGER, quality INTEGER, PRIMARY KEY(person, metric, source, time)) WITHOUT ROWID
"""
INSERT = "INSERT INTO sample VALUES(?, ?, ?, ?, ?, ?, ?, ?)"
REPETITIONS = 5


def rows(people, per_person, commit):
    start = 1_780_437_600_000 + commit * per_person * 1000
    for person in range(people):
        identity = person.to_bytes(16, "big")
        for second in range(per_person):
            at = start + second * 1000
            yield identity, 1, identity, at, at, 60.0 + (second * 7 + person) % 30, 0, 0


def run(folder, people, per_person, commits):
    """Samples per second of wall time, and bytes per sample."""
    path = os.path.join(folder, "rows.db")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(SCHEMA)
    batches = [list(rows(people, per_person, commit)) for commit in range(commits)]
    begin = time.monotonic()
    for batch in batches:
        connection.execute("BEGIN")
        for row in batch:
            connection.execute(INSERT, row)
        connection.execute("COMMIT")
    passed = time.monotonic() - begin
    count = people * per_person * commits
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    size = os.path.getsize(path)
    os.remove(path)
    return count / passed, size / count


def main():
    base = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("TMPDIR", "/var/tmp")
    print(f"{'name':<20}  {'value':>10}  {'low':>10}  {'high':>10}  unit   (SQLite {sqlite3.sqlite_version}, rows, Python)")
    for name, load in [("rows.insert", (4, 1250, 20)), ("rows.live", (24, 1, 300))]:
        with tempfile.TemporaryDirectory(dir=base) as folder:
            results = [run(folder, *load) for _ in range(REPETITIONS)]
        rates = [rate for rate, _ in results]
        print(f"{name:<20}  {statistics.median(rates):>10.0f}  {min(rates):>10.0f}  {max(rates):>10.0f}  samples/s")
        if name == "rows.insert":
            print(f"{'rows.size':<20}  {results[0][1]:>10.1f}  {'':>10}  {'':>10}  bytes/sample")


main()
