"""Everything together: the air, the guest on it, the hub in the guest; and checks with names."""
import asyncio
import contextlib
import json
import logging
import pathlib
import signal
import subprocess
import sys
import time
import traceback

from bumble.transport import open_transport

from air import Adapter, Air
from hub import Hub
from machine import GuestError, Machine, emptied
from peer import Peer

PROJECT = pathlib.Path(__file__).resolve().parents[3]
ADAPTERS = {"first": "F0:F1:F2:F3:F4:F5", "second": "F0:F1:F2:F3:F4:F6"}
"""Adapters of the guest by their port; the second is plugged in by the check that wants it."""


class Rig:
    def __init__(self, cache: pathlib.Path, program: pathlib.Path, results: pathlib.Path):
        self.cache, self.program = cache.resolve(), program.resolve()
        self.results = emptied(results.resolve())
        self.machine = Machine(PROJECT, self.cache, self.results)
        self.air = Air()
        self.hub = Hub(self.machine, str(self.inside(self.program)))
        self.number = 0
        self.passed, self.failed = 0, []
        self.figures: list[str] = []
        self.delays: list[float] = []

    def inside(self, path: pathlib.Path) -> pathlib.PurePosixPath:
        """Where a file of the project is seen in the guest."""
        return pathlib.PurePosixPath("/run/project") / path.relative_to(PROJECT)

    async def start(self):
        began = time.monotonic()
        opening = [asyncio.create_task(open_transport(f"unix-server:{self.machine.socket(name)}")) for name in ADAPTERS]
        await asyncio.sleep(0.1)
        booting = asyncio.create_task(self.machine.start(list(ADAPTERS)))
        self.adapters = {
            name: Adapter(name, await transport, self.air, f"{address}/P")
            for (name, address), transport in zip(ADAPTERS.items(), opening)}
        await booting
        await self.machine.run(f"mkdir -p /run/cache; ln -sfn {self.inside(self.cache)}/bin /run/cache/bin; chmod 755 /run/cache")
        await self.machine.run("btmon -w /run/results/hci.btsnoop > /dev/null 2>&1 &")
        await self.plug()
        kernel = self.kernel = (await self.machine.run("uname -r")).strip()
        slow = f"; everything gets {self.machine.patience:.1f} times as long" if self.machine.patience > 1 else ""
        print(f"Linux {kernel} with hci0 after {time.monotonic() - began:.1f} s{slow}", flush=True)

    ADAPTER_COUNT = "$(ls /sys/class/bluetooth | grep -vc :)"

    async def plug(self, name="first"):
        await self.machine.run(
            f"had={self.ADAPTER_COUNT}; /run/cache/bin/controller {name} > /run/results/controller.{name}.log 2>&1 & "
            f"for i in $(seq 100); do (( {self.ADAPTER_COUNT} > had )) && exit 0; sleep 0.1; done; exit 1")

    async def unplug(self, name="first"):
        """An adapter is pulled out of the guest."""
        adapter = self.adapters[name]
        self.air.silent.add(adapter)
        await asyncio.sleep(0.3)
        await self.machine.run(
            f"had={self.ADAPTER_COUNT}; pkill -f 'bin/controller {name}'; "
            f"for i in $(seq 100); do (( {self.ADAPTER_COUNT} < had )) && exit 0; sleep 0.1; done; exit 1")
        self.air.sever(adapter)
        self.air.silent.discard(adapter)

    async def stop(self):
        await self.machine.stop()
        for name in ADAPTERS:
            pathlib.Path(self.machine.socket(name)).unlink(missing_ok=True)

    # Peers

    def describe(self, profile: str, seconds=300, seed=1) -> dict:
        """What a device of this profile is and sends, as the simulator tells it."""
        text = subprocess.run(
            [self.program, "simulate", profile, "--describe", "--for", f"{seconds}s", "--seed", str(seed)],
            cwd=PROJECT, check=True, capture_output=True, text=True).stdout
        return json.loads(text)

    @contextlib.asynccontextmanager
    async def peer(self, name: str, description: dict, **options):
        self.number += 1
        peer = Peer(self.air, name, description, number=self.number, **options)
        await peer.start()
        try:
            yield peer
        finally:
            await peer.stop()

    @contextlib.asynccontextmanager
    async def running(self, *devices, **settings):
        """The daemon with these devices, and an empty store."""
        await self.hub.configure(list(devices), **settings)
        try:
            await self.hub.start()
            yield self.hub
        finally:
            await self.hub.stop()

    # bluetoothd

    async def start_bluetoothd(self):
        await self.machine.run(
            "mkdir -p /run/dbus /var/lib/dbus /var/lib/bluetooth; dbus-uuidgen > /var/lib/dbus/machine-id;"
            "dbus-daemon --system --fork --nopidfile; /usr/libexec/bluetooth/bluetoothd -n > /run/results/bluetoothd.log 2>&1 &")
        await self.until_bluez("Powered", "true")

    async def stop_bluetoothd(self):
        await self.machine.run("pkill -x bluetoothd; pkill -x dbus-daemon; true")

    async def until_bluez(self, property: str, value: str):
        await self.machine.run(
            "for i in $(seq 100); do gdbus call --system -d org.bluez -o /org/bluez/hci0 -m org.freedesktop.DBus.Properties.Get "
            f"org.bluez.Adapter1 {property} 2>/dev/null | grep -q {value} && exit 0; sleep 0.2; done; exit 1", limit=60)

    # Checks

    def latencies(self, source: str, peer, metric="heart_rate"):
        """Adds how long notifications took until their samples were committed. The daemon must have been there all along."""
        delivered = [sent.at + self.machine.offset for sent in self.hub.reached(peer)
                     if any(entry["metric"] == metric for entry in sent.expected)]
        rows = self.hub.counts(source).get(metric, [])
        for index, at in enumerate(delivered):
            if (seen := next((when for when, count in rows if count > index), None)) is not None:
                self.delays.append(seen - at)

    async def part(self, work):
        """A group of checks that share peers. When one fails all of them are repeated once, which is said: a machine that
        is busy for a moment fails a check now and then; what fails twice in a row is vitald's."""
        passed, failed = self.passed, len(self.failed)
        await self.once(work)
        if len(self.failed) > failed:
            print(f"again: {work.__name__}", flush=True)
            self.passed, self.failed[failed:] = passed, []
            for name in ADAPTERS:
                self.air.silent.discard(self.adapters[name])
            await self.once(work)

    async def once(self, work):
        """What goes wrong between checks counts as one that failed."""
        began = time.monotonic()
        try:
            await work(self)
        except Exception as error:
            self.failed.append(work.__name__)
            reason = str(error) if isinstance(error, (AssertionError, GuestError)) else traceback.format_exc()
            print(f"NOT OK  {time.monotonic() - began:5.1f} s  {work.__name__}: {work.__doc__}\n{indented(reason)}", flush=True)

    def skip(self, name: str, reason: str):
        print(f"skipped          {name}: {reason}", flush=True)

    async def check(self, name: str, work, limit=60):
        began = time.monotonic()
        try:
            await asyncio.wait_for(work, limit * self.machine.patience)
            bug = await self.machine.run("dmesg | grep -E 'kernel BUG|Oops|general protection'", check=False)
            assert not bug, f"the guest's kernel: {bug}"
        except Exception as error:
            self.failed.append(name)
            reason = str(error) if isinstance(error, (AssertionError, GuestError)) and str(error) else traceback.format_exc()
            print(f"NOT OK  {time.monotonic() - began:5.1f} s  {name}\n{indented(reason)}", flush=True)
        else:
            self.passed += 1
            print(f"ok      {time.monotonic() - began:5.1f} s  {name}", flush=True)

    def summary(self) -> int:
        if self.delays:
            self.delays.sort()
            p99 = self.delays[min(len(self.delays) - 1, len(self.delays) * 99 // 100)]
            self.figures.append(f"notification to committed sample: p99 {p99:.2f} s, longest {self.delays[-1]:.2f} s "
                                f"({len(self.delays)} samples)")
        for figure in self.figures:
            print(figure)
        print(f"{self.passed} passed, {len(self.failed)} failed")
        return 1 if self.failed or not self.passed else 0


def indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def play(main) -> int:
    """Runs `main(rig)` on the arguments CACHE PROGRAM RESULTS; the machine is stopped however it ends."""
    async def whole():
        task = asyncio.current_task()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        rig = Rig(*map(pathlib.Path, sys.argv[1:4]))
        began = time.monotonic()
        try:
            await rig.start()
            await main(rig)
        finally:
            await rig.stop()
        print(f"{time.monotonic() - began:.0f} s")
        return rig.summary()

    logging.basicConfig(level="CRITICAL")  # What bumble finds odd is odd on purpose.
    return asyncio.run(whole())
