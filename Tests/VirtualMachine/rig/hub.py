"""The daemon in the guest: its configuration, its life, and what it stored."""
import asyncio
import contextlib
import itertools
import json
import math
import time

from machine import Machine

FOLDER = "/var/lib/vitald"
STORE = f"{FOLDER}/vitald.db"
USER = 65534
"""Nobody: like the service's user, without any right but the one capability."""
SETTLED = 6.0
"""Seconds after which what was received must be in the store: a commit a second, and time to spare."""

UNCOMMITTED = 1.5
"""Seconds that a killed daemon may have had in hand: a commit a second."""
GETTING_BACK = 5.0
"""Seconds from its start until it must have taken up the links that were left."""

AS_SERVICE = (f"setpriv --reuid {USER} --regid {USER} --clear-groups --inh-caps -all,+net_admin"
              " --ambient-caps -all,+net_admin --bounding-set -all,+net_admin --no-new-privs")


class Hub:
    def __init__(self, machine: Machine, program: str):
        self.machine, self.program = machine, program
        self.runs = itertools.count(1)
        self.log = None
        self.commits_log = None
        self.process = 0
        self.began = 0.0
        """Since when (host's clock) there is this store."""
        self.ended: asyncio.Future | None = None
        """Its exit status, once it has ended."""
        self.ready = 0.0
        """When the last run got ready (`time.monotonic`)."""
        self.away: list[tuple[float, float]] = []
        """From when to when (host's clock) the daemon was not there, or just back: what came then may be missing."""

    # Its life

    async def configure(self, devices: list[dict], **settings):
        """A fresh store, and a configuration with these devices, worn by ada unless they say otherwise."""
        # Links of the last run send on for two seconds.
        self.began = time.time()
        self.away = [(self.began, math.inf)]
        devices = [{"person": "ada"} | device for device in devices]
        configuration = {
            "hub": "test", "store": STORE, "socket": "/run/vitald/vitald.sock",
            "profiles": ["/run/project/DeviceProfiles"], "rules": ["/run/project/Rules"],
            "people": [{"name": name, "zone": "UTC"} for name in ["ada", "ben"]], "devices": devices} | settings
        text = json.dumps(configuration, indent=1)
        await self.machine.run(
            f"pkill -x commits; rm -rf {FOLDER} /run/vitald; mkdir -m 700 {FOLDER} /run/vitald;"
            f"cat > {FOLDER}/vitald.json5 <<'END'\n{text}\nEND\nchown -R {USER}:{USER} {FOLDER} /run/vitald")

    async def start(self, first="true"):
        """Starts it as the unit does: an unprivileged user with CAP_NET_ADMIN alone, and waits until it is ready.
        `first` is done just before, in the same shell."""
        run = next(self.runs)
        self.log, self.commits_log = f"vitald.{run}.log", f"commits.{run}.log"
        _, self.ended = await self.machine.launch(
            f"cd {FOLDER}; ulimit -c unlimited; exec > /run/results/{self.log} 2>&1; {first}; echo $$ > /tmp/vitald.pid;"
            f"exec {AS_SERVICE} {self.program} run --config vitald.json5")
        await self.machine.run(f"/run/cache/bin/commits {STORE} > /run/results/{self.commits_log} 2>&1 &")
        await self.until(lambda: "ready: " in self.text(), "the daemon gets ready", 30)
        self.ready = time.monotonic()
        self.process = int(await self.machine.run("cat /tmp/vitald.pid"))
        if self.away:
            self.away[-1] = (self.away[-1][0], time.time() + GETTING_BACK)

    async def stop(self, signal="TERM"):
        if self.ended is None:
            return
        if not self.ended.done():
            self.away.append((time.time() - (UNCOMMITTED if signal == "KILL" else 0), math.inf))
            await self.machine.run(f"kill -{signal} $(cat /tmp/vitald.pid)", check=False)
        ended, self.ended = self.ended, None
        status = await asyncio.wait_for(ended, 15 * self.machine.patience)
        await self.machine.run("pkill -x commits; true")
        assert signal == "KILL" or status == 0, f"the daemon ended with status {status}\n{self.tail()}"

    async def kill_and_start(self) -> float:
        """kill -9, and a new run at once; the seconds until it is ready."""
        self.away.append((time.time() - UNCOMMITTED, math.inf))
        await self.machine.run("pkill -x commits; true")
        killed, began = self.ended, time.monotonic()
        await self.start(first=f"kill -KILL {self.process}; while kill -0 {self.process} 2> /dev/null; do sleep 0.01; done")
        await killed
        return self.ready - began

    async def command(self, arguments: str, check=True, limit=30, before="true") -> str:
        return await self.machine.run(
            f"cd {FOLDER}; {before}; {AS_SERVICE} {self.program} {arguments}", check=check, limit=limit)

    @contextlib.contextmanager
    def deaf(self):
        """Meanwhile what reaches the guest's controller need not reach the daemon."""
        began = time.time()
        try:
            yield
        finally:
            self.away.append((began, time.time()))

    # What it said and stored

    def text(self) -> str:
        path = self.machine.results / self.log
        return path.read_text(errors="replace") if path.exists() else ""

    def tail(self) -> str:
        return "\n".join(self.text().splitlines()[-25:])

    def commit_lines(self) -> list[list[str]]:
        path = self.machine.results / self.commits_log
        return [line.split(" ", 6) for line in path.read_text().splitlines()] if path.exists() else []

    def counts(self, source: str) -> dict[str, list[tuple[float, int]]]:
        """Per metric of a source: when (guest's clock) the store had how many samples."""
        found: dict[str, list[tuple[float, int]]] = {}
        for line in self.commit_lines():
            if line[0] == "series" and line[4] == source and len(line) == 7:
                found.setdefault(line[3], []).append((int(line[1]) / 1000, int(line[5])))
        return found

    def count(self, source: str, metric="heart_rate") -> int:
        return (self.counts(source).get(metric) or [(0, 0)])[-1][1]

    def events(self) -> list[str]:
        return [" ".join(line[2:]) for line in self.commit_lines() if line[0] == "event"]

    async def samples(self, source: str) -> dict[str, list[dict]]:
        found: dict[str, list[dict]] = {}
        text = await self.machine.run(f"{self.program} samples --store {STORE} --source {source} --format jsonl")
        for row in map(json.loads, text.splitlines()):
            found.setdefault(row["metric"], []).append(row)
        return found

    # Waiting

    async def until(self, condition, what: str, limit=20.0):
        """Waits until `condition` holds (a function, or one that is awaited)."""
        limit *= self.machine.patience
        end = time.monotonic() + limit
        while True:
            result = condition()
            if asyncio.iscoroutine(result):
                result = await result
            if result:
                return result
            assert not (self.ended and self.ended.done()), f"the daemon ended with {self.ended.result()}\n{self.tail()}"
            if time.monotonic() > end:
                raise AssertionError(f"not within {limit:g} s: {what}\n--- the daemon's last words\n{self.tail()}")
            await asyncio.sleep(0.05)

    async def until_samples(self, source: str, count: int, metric="heart_rate", limit=20.0):
        await self.until(lambda: self.count(source, metric) >= count, f"{count} samples of {source} {metric}", limit)

    async def verify(self, source: str, peer):
        """Every sample that reached the guest since the store is there, is in it, value for value and in order, and no
        other. What came while the daemon was away may be missing."""
        until, end = time.time(), time.monotonic() + SETTLED * self.machine.patience
        wanted = {entry["metric"] for sent in self.reached(peer) for entry in sent.expected}
        assert wanted, f"{peer.name} has delivered nothing"
        while True:
            samples = await self.samples(source)
            found = [self.difference(metric, peer, samples.get(metric, []), until) for metric in sorted(wanted)]
            wrong = [f"{source} {text}" for text in found if text]
            if not wrong:
                return
            assert time.monotonic() < end, "\n".join(wrong) + f"\n{self.tail()}"
            await asyncio.sleep(0.3)

    def reached(self, peer):
        return [sent for sent in peer.sent if sent.at >= self.began]

    def difference(self, metric: str, peer, rows, until: float) -> str | None:
        """In what the stored samples of a metric differ from what was delivered; what came after `until` may be on its way."""
        stored, values, totals = [row["value"] for row in rows], [], []
        for sent in self.reached(peer):
            optional = sent.at > until or any(start <= sent.at <= end for start, end in self.away)
            for entry in sent.expected:
                if entry["metric"] == metric and "total" in entry:
                    totals.append((entry["total"], optional))
                elif entry["metric"] == metric:
                    values.append((entry["value"], optional))
        if totals:
            # A counter that starts at midnight counts as a whole; of others the first state is only where counting begins.
            last = max((index for index, (_, optional) in enumerate(totals) if not optional), default=0)
            first = totals[0][0]
            known = [state for total, _ in totals[last:] for state in (total, total - first)]
            return None if any(close(sum(stored), total) for total in known) else \
                f"{metric}: the counter went from {first:g} to {totals[-1][0]:g}, {sum(stored):g} stored"
        index = 0
        for number, (value, optional) in enumerate(values):
            if index < len(stored) and close(value, stored[index]):
                index += 1
            elif not optional:
                around = [value for value, _ in values[max(0, number - 2) : number + 5]]
                return (f"{metric}: {len(values)} delivered, {len(stored)} stored; at {index} "
                        f"delivered {around}, stored {stored[max(0, index - 2) : index + 5]}")
        if index < len(stored):
            return f"{metric}: {len(values)} delivered, but {len(stored)} stored: {stored[index : index + 5]} never came"
        return None


def close(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-5 * max(1, abs(a))  # The store keeps single precision.
