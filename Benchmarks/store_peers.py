#!/usr/bin/env python3
"""The peers of `vitald bench store`: plain SQLite rows, DuckDB and VictoriaMetrics with the same samples on the same disk.

Run by `vitald bench store --peers "PYTHON store_peers.py"` with the folder it wrote: `shape.json`, `house.u8` (second by
second, person by person, metric by metric) and `day.u8` (one series, a value a second). Prints one JSON line for each
figure and peer. Each peer is loaded as its users would: rows and DuckDB with one transaction a second of the house,
VictoriaMetrics with one request. What a peer has made durable when it answers is part of its name. Costs are core seconds
of whoever does the work, Python's share included for the two that run inside it; queries are the best of some, on the wall.

A peer that is not here, or takes longer than LIMIT, is told as such on standard error and left out.
"""

import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

# Seconds that a peer may take for one load; what it stored until then is what counts.
LIMIT = 60
REPETITIONS = 5
DAYS = 30
DAY = 86_400


def tell(name, peer, value, unit):
    print(json.dumps({"name": name, "peer": peer, "value": value, "unit": unit}), flush=True)


def best(query):
    """Milliseconds of the quickest of some runs, and what it returned."""
    quickest = float("inf")
    for _ in range(REPETITIONS):
        begin = time.perf_counter()
        result = query()
        quickest = min(quickest, time.perf_counter() - begin)
    return quickest * 1000, result


def own_cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Input:
    def __init__(self, folder):
        with open(os.path.join(folder, "shape.json")) as file:
            shape = json.load(file)
        self.people, self.metrics = shape["people"], shape["metrics"]
        self.seconds, self.start = shape["seconds"], shape["start"]
        with open(os.path.join(folder, "house.u8"), "rb") as file:
            self.house = file.read()
        with open(os.path.join(folder, "day.u8"), "rb") as file:
            self.day = file.read()
        self.width = self.people * self.metrics

    def second(self, number):
        """Time in ms, and a value for each series."""
        return self.start + (number + 1) * 1000, self.house[number * self.width:(number + 1) * self.width]


def load(given, peer, commit, cpu):
    """Commits second after second until all is stored or time is over; tells rate and cost, returns the seconds stored."""
    begin, used = time.monotonic(), cpu()
    stored = 0
    for second in range(given.seconds):
        commit(*given.second(second))
        stored += 1
        if time.monotonic() - begin > LIMIT:
            break
    count = stored * given.width
    tell("store.house", peer, count / (time.monotonic() - begin), "samples/s")
    tell("store.house_cpu", peer, (cpu() - used) / count * 1e6, "CPU s/M samples")
    return stored


def ask(peer, stored, day, month, everyone):
    queries = [("store.day", day, "ms/86400 samples"), ("store.month", month, "ms/query")]
    # Who stored less than the hour would be asked for less.
    if stored >= 3600:
        queries.append(("store.last_hour", everyone, "ms/query"))
    for name, query, unit in queries:
        milliseconds, rows = best(query)
        if not rows:
            raise RuntimeError(f"{name} found nothing")
        tell(name, peer, milliseconds, unit)


# Plain rows of SQLite, keyed by series and time, as a programmer would lay them out for reading a series.

def rows(given, folder):
    peer = "SQLite rows (fsync a commit)"
    path = os.path.join(folder, "rows.db")

    def opened():
        connection = sqlite3.connect(path, isolation_level=None)
        connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        return connection

    table = "CREATE TABLE {}(series INTEGER, time INTEGER, value REAL, PRIMARY KEY(series, time)) WITHOUT ROWID"
    connection = opened()
    connection.execute(table.format("house"))

    def commit(at, values):
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO house VALUES(?, ?, ?)", ((series, at, value) for series, value in enumerate(values)))
        connection.execute("COMMIT")

    stored = load(given, peer, commit, own_cpu)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    tell("store.house_size", peer, os.path.getsize(path) / (stored * given.width), "bytes/sample")

    connection.execute(table.format("month"))
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO month VALUES(?, ?, ?)", (
        (0, given.start + (day * DAY + second) * 1000, value)
        for day in range(DAYS) for second, value in enumerate(given.day)))
    connection.execute("COMMIT")
    start, end = given.start, given.start + DAY * 1000
    ask(
        peer, stored,
        lambda: connection.execute(
            "SELECT time, value FROM month WHERE series = 0 AND time >= ? AND time < ?", (start, end)).fetchall(),
        lambda: connection.execute(
            "SELECT time / 300000, count(*), min(value), max(value), sum(value) FROM month WHERE series = 0 GROUP BY 1"
        ).fetchall(),
        lambda: connection.execute(
            f"SELECT max(value) FROM house WHERE series % {given.metrics} = 0 AND time > ?",
            (given.start + (stored - 3600) * 1000,)).fetchall())
    connection.close()


# DuckDB: columns, the database of analysts; one transaction a second.

def duck(given, folder):
    import duckdb
    import numpy as np
    import pandas as pd

    peer = "DuckDB (fsync a commit)"
    path = os.path.join(folder, "duck.db")
    connection = duckdb.connect(path)
    connection.execute("PRAGMA threads = 1")
    connection.execute("CREATE TABLE house(series INTEGER, time BIGINT, value FLOAT)")
    series = np.arange(given.width, dtype=np.int32)

    def commit(at, values):
        batch = pd.DataFrame({
            "series": series, "time": np.full(given.width, at, np.int64),
            "value": np.frombuffer(values, np.uint8).astype(np.float32)})
        connection.register("batch", batch)
        connection.execute("INSERT INTO house SELECT * FROM batch")

    stored = load(given, peer, commit, own_cpu)
    connection.execute("CHECKPOINT")
    tell("store.house_size", peer, os.path.getsize(path) / (stored * given.width), "bytes/sample")

    connection.execute("CREATE TABLE month(series INTEGER, time BIGINT, value FLOAT)")
    month = pd.DataFrame({
        "series": np.zeros(DAYS * DAY, np.int32), "time": given.start + np.arange(DAYS * DAY, dtype=np.int64) * 1000,
        "value": np.tile(np.frombuffer(given.day, np.uint8).astype(np.float32), DAYS)})
    connection.register("whole", month)
    connection.execute("INSERT INTO month SELECT * FROM whole")
    connection.execute("CHECKPOINT")
    end = given.start + DAY * 1000
    ask(
        peer, stored,
        lambda: connection.execute(
            f"SELECT time, value FROM month WHERE series = 0 AND time < {end} ORDER BY time").fetchnumpy(),
        lambda: connection.execute(
            "SELECT time // 300000, count(*), min(value), max(value), sum(value) FROM month WHERE series = 0 "
            "GROUP BY 1 ORDER BY 1").fetchnumpy(),
        lambda: connection.execute(
            f"SELECT max(value) FROM house WHERE series % {given.metrics} = 0 "
            f"AND time > {given.start + (stored - 3600) * 1000}").fetchall())
    connection.close()


# VictoriaMetrics: a server of its own on the loopback, in a folder of its own.

class Server:
    def __init__(self, program, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.data = os.path.join(folder, "victoria")
        self.process = subprocess.Popen(
            [program, f"-storageDataPath={self.data}", f"-httpListenAddr=127.0.0.1:{self.port}",
             "-retentionPeriod=100y", "-search.maxPointsPerTimeseries=1000000", "-search.latencyOffset=0s",
             "-search.disableCache", "-loggerLevel=ERROR"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                self.ask("/health")
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        self.stop()
        raise RuntimeError("it does not start")

    def ask(self, path, body=None, **query):
        address = f"http://127.0.0.1:{self.port}{path}"
        if query:
            address += "?" + urllib.parse.urlencode(query)
        with urllib.request.urlopen(urllib.request.Request(address, data=body), timeout=60) as answer:
            return answer.read()

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def size(self):
        return sum(
            os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(self.data) for name in names)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def victoria(given, folder):
    program = os.environ.get("VICTORIA_METRICS") or shutil.which("victoria-metrics")
    if program is None:
        raise RuntimeError("no victoria-metrics here (Debian has a package of that name)")
    peer = "VictoriaMetrics (in memory for seconds)"
    server = Server(program, folder)
    try:
        heads = [f'house_{series % given.metrics}{{p="{series // given.metrics}"}} ' for series in range(given.width)]

        def commit(at, values):
            tail = f" {at}\n"
            lines = "".join([head + str(value) + tail for head, value in zip(heads, values)])
            server.ask("/api/v1/import/prometheus", lines.encode())

        stored = load(given, peer, commit, server.cpu)
        server.ask("/internal/force_flush")
        server.ask("/internal/force_merge")
        time.sleep(5)
        tell("store.house_size", peer, server.size() / (stored * given.width), "bytes/sample")
        for day in range(DAYS):
            first = given.start + day * DAY * 1000
            line = {"metric": {"__name__": "month"}, "values": list(given.day),
                    "timestamps": list(range(first, first + DAY * 1000, 1000))}
            server.ask("/api/v1/import", json.dumps(line).encode())
        server.ask("/internal/force_flush")
        start, end = given.start / 1000, given.start / 1000 + DAYS * DAY
        last = (given.start + stored * 1000) / 1000
        ask(
            peer, stored,
            lambda: server.ask(
                "/api/v1/export", **{"match[]": "month", "start": start, "end": start + DAY - 1, "format": "promapi"}),
            lambda: json.loads(server.ask(
                "/api/v1/query_range", query="avg_over_time(month[5m])", start=start + 300, end=end, step="5m"))[
                    "data"]["result"],
            lambda: json.loads(server.ask(
                "/api/v1/query", query="max(max_over_time(house_0[1h]))", time=last))["data"]["result"])
    finally:
        server.stop()


def main():
    given = Input(sys.argv[1])
    for name, run in [("SQLite rows", rows), ("DuckDB", duck), ("VictoriaMetrics", victoria)]:
        folder = tempfile.mkdtemp(prefix="peer-", dir=sys.argv[1])
        try:
            run(given, folder)
        except Exception as error:
            print(f"not compared: {name}: {error}", file=sys.stderr)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
