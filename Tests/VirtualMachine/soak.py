"""Twenty minutes (SOAK_MINUTES) of what goes wrong: links that drop, devices out of range, nonsense instead of
notifications, a daemon that is stopped, killed and started, an adapter that is pulled. At the end nothing may be left
over in the daemon, and every sample that was delivered must be stored."""
import asyncio
import contextlib
import os
import random
import re
import sys
import time

import devices
from rig import Rig, play

PEERS = 4


async def nonsense(peer, chance):
    """PDUs of which nothing may come but a count: a cut measurement, an unknown handle, no ATT at all."""
    for connection in list(peer.device.connections.values()):
        handle = peer.characteristics["2a37"].handle.to_bytes(2, "little")
        pdu = chance.choice([
            b"\x1b" + handle, b"\x1b" + handle + b"\x16", b"\x1b" + handle + b"\x17\x40", b"\x1b\xfe\xff" + chance.randbytes(20),
            b"\x1b", b"\x7f" + chance.randbytes(4), b"\x1d\xfe\xff", b"\x13", b"\x0b" + chance.randbytes(200), b"\x01\x0a\x01\x00\x0a"])
        peer.device.send_l2cap_pdu(connection.handle, 4, pdu)


async def in_use(rig: Rig) -> dict[str, int]:
    """What the daemon holds."""
    process = rig.hub.process
    text = await rig.machine.run(f"ls /proc/{process}/fd | wc -l; grep -E 'Threads|VmRSS' /proc/{process}/status")
    descriptors, threads, memory = text.split()[0], re.search(r"Threads:\s*(\d+)", text)[1], re.search(r"VmRSS:\s*(\d+)", text)[1]
    return {"descriptors": int(descriptors), "threads": int(threads), "memory": int(memory)}


async def soak(rig: Rig, minutes: float):
    hub, chance = rig.hub, random.Random(os.environ.get("SEED", "1"))
    async with contextlib.AsyncExitStack() as stack:
        peers = {}
        for index in range(PEERS):
            name = f"strap{index}"
            description = devices.strap(f"HR {3000 + index}", base=50 + 20 * index, every=400, seconds=3600)
            address = "public" if index % 2 else f"C0:11:22:33:55:{index:02X}"
            peers[name] = await stack.enter_async_context(rig.peer(name, description, address=address))
        await stack.enter_async_context(rig.running(*[
            {"name": name, "profile": "ble.hrs", "address": peer.address} for name, peer in peers.items()]))

        async def connected():
            await hub.until(lambda: all(peer.subscribed for peer in peers.values()), "all are connected", 120)

        async def away(peer):
            await peer.leave()
            await asyncio.sleep(chance.uniform(0.2, 8))
            peer.arrive()

        async def restart(signal):
            await hub.stop(signal)
            await hub.start()

        async def replug():
            await rig.unplug()
            await rig.plug()

        async def faults(seconds, kinds):
            end, count = time.monotonic() + seconds, 0
            while time.monotonic() < end:
                await asyncio.sleep(chance.uniform(1, 6))
                kind, peer = chance.choice(kinds), chance.choice(list(peers.values()))
                await {"drop": peer.drop, "away": lambda: away(peer), "nonsense": lambda: nonsense(peer, chance),
                       "stop": lambda: restart("TERM"), "kill": lambda: restart("KILL"), "replug": replug}[kind]()
                count += 1
            await connected()
            return count

        async def everything():
            count = await faults(minutes * 30, ["drop", "away", "nonsense", "nonsense", "stop", "kill", "replug"])
            print(f"        {count} faults, {sum(peer.connections for peer in peers.values())} links", flush=True)
        await rig.check("drops, absence, nonsense, restarts and a pulled adapter", everything(), limit=minutes * 30 + 200)

        async def left_over():
            await asyncio.sleep(5)
            before = await in_use(rig)
            await faults(minutes * 30, ["drop", "away", "nonsense"])
            await asyncio.sleep(5)
            after = await in_use(rig)
            print(f"        before {before}, after {after}", flush=True)
            assert after["descriptors"] == before["descriptors"], "descriptors are left over"
            assert after["threads"] <= before["threads"] + 4, "threads are left over"
            assert after["memory"] < before["memory"] + 20_000, "memory grows"
        await rig.check("no descriptor, link slot or task is left over", left_over(), limit=minutes * 30 + 200)

        for name, peer in peers.items():
            await rig.check(f"{name}: every sample delivered is stored", hub.verify(name, peer))
            print(f"        {len(hub.reached(peer))} notifications", flush=True)


sys.exit(play(lambda rig: soak(rig, float(os.environ.get("SOAK_MINUTES", "20")))))
