"""The virtual machine: QEMU, its console, and commands that run in it."""
import asyncio
import base64
import contextlib
import os
import pathlib
import shutil
import signal
import time

BOOT_LIMIT = 120
USUAL_BOOT = 15
"""Seconds, on two cores that have nothing else to do."""


class GuestError(Exception):
    """A command of the guest failed, or the guest is gone."""


class Machine:
    """A guest whose root is the host's `/`, read-only. `project` is /run/project there, `results` (writable) /run/results."""

    def __init__(self, project: pathlib.Path, cache: pathlib.Path, results: pathlib.Path):
        self.project, self.cache, self.results = project, cache, results
        self.number = 0
        self.waiting: dict[int, asyncio.Future] = {}
        self.offset = 0.0
        """Guest's clock minus the host's, in seconds."""
        self.patience = 1.0
        """How many times slower than usual this machine is at the moment: all limits are so many times longer."""

    async def start(self, controllers: list[str]):
        """Boots. Each of `controllers` is a socket at `self.socket(name)` on which something must already listen."""
        began = time.monotonic()
        (self.results / "commands").mkdir(parents=True, exist_ok=True)
        connected = asyncio.get_running_loop().create_future()
        self.server = await asyncio.start_unix_server(
            lambda reader, writer: connected.set_result((reader, writer)), self.socket("session"))
        self.console = open(self.results / "console.log", "wb")
        self.process = await asyncio.create_subprocess_exec(
            *self.arguments(controllers), stdin=asyncio.subprocess.DEVNULL, stdout=self.console, stderr=self.console)
        self.ended = asyncio.create_task(self.process.wait())
        reader, self.writer = await self.unless_ended(connected)
        line = await self.unless_ended(reader.readline())
        if line.strip() != b"ready":
            raise GuestError(f"the guest said {line!r}; see {self.results}/console.log")
        self.listener = asyncio.create_task(self.listen(reader))
        self.patience = min(max(1, (time.monotonic() - began) / USUAL_BOOT), 5)
        await self.set_clock()
        # Whatever crashes leaves a core file in the results.
        self.results.chmod(0o1777)
        await self.run("echo /run/results/core.%e > /proc/sys/kernel/core_pattern")

    def socket(self, name: str) -> str:
        # Paths of sockets are short (108 bytes); that of the results may be long.
        return f"/tmp/vitald-ble-{os.getpid()}-{name}"

    def arguments(self, controllers):
        folder = self.results / "qemu"
        folder.mkdir(exist_ok=True)
        # Every instruction is emulated, which runs anywhere; ACCEL=kvm where that works (inside another virtual machine it
        # often does not). Not microvm: it hangs at times.
        arguments = [
            "qemu-system-x86_64", "-M", "pc", "-accel", os.environ.get("ACCEL", "tcg,thread=multi"), "-cpu", "max",
            "-smp", "2", "-m", "512",
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio", "-monitor", "none",
            "-kernel", str(self.cache / "kernel/vmlinux"), "-initrd", str(self.cache / "initramfs"),
            "-append", "console=ttyS0 quiet loglevel=3 panic=-1 tsc=unstable mitigations=off",
            "-device", "virtio-serial-pci,max_ports=8"]
        for tag, path, readonly in [("host", "/", "on"), ("project", self.project, "on"), ("results", self.results, "off")]:
            arguments += [
                "-fsdev", f"local,id={tag},path={path},security_model=none,readonly={readonly},multidevs=remap",
                "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]
        for name in ["session", *controllers]:
            arguments += [
                "-chardev", f"socket,id={name},path={self.socket(name)}",
                "-device", f"virtserialport,chardev={name},name={name}"]
        return arguments

    async def unless_ended(self, work, limit=BOOT_LIMIT):
        """What `work` gives, unless QEMU ends or the time is up before."""
        work = asyncio.ensure_future(work)
        done, _ = await asyncio.wait({work, self.ended}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if work in done:
            return work.result()
        work.cancel()
        why = "ended" if self.ended in done else f"did not answer for {limit} s"
        raise GuestError(f"the virtual machine {why}; its console is in {self.results}/console.log")

    async def listen(self, reader):
        while line := await reader.readline():
            number, status = map(int, line.split())
            if (future := self.waiting.pop(number, None)) and not future.done():
                future.set_result(status)
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(GuestError("the virtual machine is gone"))

    async def launch(self, command: str) -> tuple[int, asyncio.Future]:
        """Starts a command; the future gives its status."""
        self.number += 1
        future = self.waiting[self.number] = asyncio.get_running_loop().create_future()
        self.writer.write(b"%d %s\n" % (self.number, base64.b64encode(command.encode())))
        await self.writer.drain()
        return self.number, future

    async def run(self, command: str, limit=30, check=True) -> str:
        """Runs a shell command in the guest and returns what it printed; raises when it fails, unless `check` is off."""
        number, future = await self.launch(command)
        output = self.results / "commands" / str(number)
        try:
            status = await asyncio.wait_for(future, limit * self.patience)
        except asyncio.TimeoutError:
            text = output.read_text(errors="replace") if output.exists() else ""
            raise GuestError(f"no end within {limit} s: {command}\n{text}") from None
        text = output.read_text(errors="replace")
        if status and check:
            raise GuestError(f"status {status}: {command}\n{text}")
        return text

    async def set_clock(self):
        await self.run(f"date -s @{time.time():.3f}")
        await self.compare_clocks()

    async def compare_clocks(self):
        """Measures `offset` anew: on a busy machine the guest's clock falls behind."""
        best = None
        for _ in range(5):
            before = time.time()
            guest = float(await self.run("echo $EPOCHREALTIME"))
            after = time.time()
            if best is None or after - before < best[0]:
                best = (after - before, guest - (before + after) / 2)
        self.offset = best[1]

    async def stop(self):
        if not hasattr(self, "process"):
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        await self.ended
        self.console.close()
        for name in ["session"]:
            pathlib.Path(self.socket(name)).unlink(missing_ok=True)


def emptied(folder: pathlib.Path) -> pathlib.Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
