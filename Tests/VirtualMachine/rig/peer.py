"""A peripheral: bumble's GATT server, made from what `vitald simulate PROFILE --describe` prints."""
import asyncio
import dataclasses
import struct
import time

from bumble import gatt, hci
from bumble.controller import Controller
from bumble.core import AdvertisingData, UUID
from bumble.device import AdvertisingType, Device, DeviceConfiguration
from bumble.gatt import Characteristic, GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR, Service
from bumble.hci import Address, OwnAddressType
from bumble.host import Host
from bumble.keys import MemoryKeyStore
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport.common import AsyncPipeSink

from air import SUPERVISION_TIMEOUT, Air

PROPERTIES = {
    "read": Characteristic.Properties.READ,
    "write": Characteristic.Properties.WRITE,
    "write-without-response": Characteristic.Properties.WRITE_WITHOUT_RESPONSE,
    "notify": Characteristic.Properties.NOTIFY,
    "indicate": Characteristic.Properties.INDICATE,
}
READS, WRITES = Characteristic.Permissions.READABLE, Characteristic.Permissions.WRITEABLE


@dataclasses.dataclass
class Sent:
    """A notification: what a right decoder makes of it, and when it reached the guest (host's clock; 0: it did not)."""
    characteristic: str
    value: bytes
    expected: list
    connection: int
    at: float = 0.0


class Peer:
    """`address`: "public", "private" (resolvable; see `renew_address`), or a static random address.
    `encrypted`: characteristics that ask for an encrypted link; with `security="passkey"` for one that digits made safe. `interval`: of advertising, in ms."""

    def __init__(self, air: Air, name: str, description: dict, address="public", encrypted=(), interval=100,
                 security="none", number=0):
        self.air, self.name, self.description, self.encrypted = air, name, description, set(encrypted)
        self.interval, self.private, self.public = interval, address == "private", address == "public"
        self.sent: list[Sent] = []
        self.unconfirmed: list[Sent] = []
        self.arrivals: list[float] = []
        self.writes: list[tuple[str, bytes]] = []
        self.subscribed: set[str] = set()
        self.tasks: set[asyncio.Task] = set()
        self.playing = True
        self.connections = 0
        public = f"F0:0B:0B:0B:00:{number:02X}/P"
        static = f"C0:0B:0B:0B:00:{number:02X}" if address in ("public", "private") else address
        self.controller = Controller(name, link=air, public_address=public)
        # Legacy advertising, so that there is a scan response.
        self.controller.le_features &= ~hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
        self.controller.delivered = self.delivered
        self.controller.rssi = -50 - number % 40
        configuration = DeviceConfiguration(
            name=description["advertising"].get("name", name), address=Address(static),
            le_privacy_enabled=self.private, le_rpa_timeout=0, irk=bytes(range(number, number + 16)))
        self.device = Device(config=configuration, host=Host(self.controller, AsyncPipeSink(self.controller)))
        self.device.keystore = MemoryKeyStore()
        io = PairingDelegate.IoCapability
        self.passkey = None
        secret = "AUTHENTICATION" if security == "passkey" else "ENCRYPTION"
        self.reads_secret = Characteristic.Permissions[f"READ_REQUIRES_{secret}"]
        self.writes_secret = Characteristic.Permissions[f"WRITE_REQUIRES_{secret}"]
        self.device.pairing_config_factory = lambda connection: PairingConfig(
            sc=True, mitm=security == "passkey", bonding=True,
            delegate=Passkey(self) if security == "passkey" else PairingDelegate(io.NO_OUTPUT_NO_INPUT))
        self.characteristics: dict[str, Characteristic] = {}
        self.handles: dict[int, str] = {}
        for service in description["services"]:
            self.add_service(service)
        self.device.on("connection", self.connected)
        # Of a private address this is the identity, which only a bonded hub learns.
        self.address = public[:-2] if address in ("public", "private") else static

    # What it is

    def add_service(self, service: dict):
        made = []
        for entry in service["characteristics"]:
            uuid, properties = entry["uuid"].lower(), Characteristic.Properties(0)
            for name in entry["properties"]:
                properties |= PROPERTIES[name]
            permissions = READS | WRITES
            if uuid in self.encrypted:
                permissions |= self.reads_secret | self.writes_secret
            characteristic = Characteristic(UUID(uuid), properties, permissions, bytes.fromhex(entry.get("value") or ""))
            characteristic.on("write", lambda connection, value, uuid=uuid: self.written(connection, uuid, value))
            characteristic.on("subscription", lambda bearer, notify, indicate, uuid=uuid: self.subscription(
                bearer, uuid, notify or indicate))
            self.characteristics[uuid] = characteristic
            made.append(characteristic)
        added = Service(UUID(service["uuid"]), made)
        self.device.gatt_server.add_service(added)
        for uuid, characteristic in self.characteristics.items():
            self.handles[characteristic.handle] = uuid
            if uuid in self.encrypted:
                for attribute in self.device.gatt_server.attributes:
                    in_group = characteristic.handle < attribute.handle <= characteristic.end_group_handle
                    if in_group and attribute.type == GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR:
                        attribute.permissions |= self.writes_secret
        return added

    def advertisement(self) -> tuple[bytes, bytes]:
        """Advertising data (31 bytes at most) and scan response, which takes the name."""
        told = self.description["advertising"]
        parts = [(AdvertisingData.FLAGS, b"\x06")]
        short = [uuid for uuid in told.get("services", []) if len(uuid) == 4]
        long = [uuid for uuid in told.get("services", []) if len(uuid) != 4]
        if short:
            parts.append((AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, b"".join(map(uuid_bytes, short))))
        if long:
            parts.append((AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, b"".join(map(uuid_bytes, long))))
        for entry in told.get("manufacturerData", []):
            parts.append((AdvertisingData.MANUFACTURER_SPECIFIC_DATA,
                          struct.pack("<H", entry["company"]) + bytes.fromhex(entry["data"])))
        for entry in told.get("serviceData", []):
            parts.append((AdvertisingData.SERVICE_DATA_16_BIT_UUID, uuid_bytes(entry["uuid"]) + bytes.fromhex(entry["data"])))
        response = [(AdvertisingData.COMPLETE_LOCAL_NAME, told["name"].encode()[:29])] if told.get("name") else []
        return bytes(AdvertisingData(parts)), bytes(AdvertisingData(response))

    # Its life

    async def start(self):
        await self.device.power_on()
        self.device.keystore = MemoryKeyStore()
        await self.advertise()

    async def advertise(self):
        self.device.advertising_data, self.device.scan_response_data = self.advertisement()
        await self.device.start_advertising(
            advertising_type=AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE, auto_restart=True,
            own_address_type=OwnAddressType.PUBLIC if self.public else OwnAddressType.RANDOM,
            advertising_interval_min=self.interval, advertising_interval_max=self.interval,
            advertising_data=self.device.advertising_data, scan_response_data=self.device.scan_response_data)

    async def drop(self):
        """Ends its links by itself."""
        for connection in list(self.device.connections.values()):
            await connection.disconnect()

    async def leave(self):
        """Out of range: nothing is heard in either direction, and the links time out."""
        self.air.silent.add(self.controller)
        await asyncio.sleep(SUPERVISION_TIMEOUT)
        self.air.sever(self.controller)

    def arrive(self):
        self.air.silent.discard(self.controller)
        self.arrivals.append(time.time())

    async def stop(self):
        self.playing = False
        await self.device.stop_advertising()
        self.air.silent.add(self.controller)
        for task in list(self.tasks):
            task.cancel()
        self.air.sever(self.controller)
        self.air.remove_controller(self.controller)

    async def renew_address(self):
        """Another resolvable private address."""
        await self.device.stop_advertising()
        # (bumble's own update_rpa tells the controller the old one.)
        self.device.random_address = Address.generate_private_address(self.device.irk)
        await self.device.send_sync_command(hci.HCI_LE_Set_Random_Address_Command(random_address=self.device.random_address))
        await self.advertise()

    def forget_bonds(self):
        """As after a reset: keys of earlier pairings are gone."""
        self.device.keystore = MemoryKeyStore()

    async def change_services(self, service: dict):
        """Puts one more service in and says so, as after an update of its firmware."""
        before = len(self.device.gatt_server.attributes)
        self.add_service(service)
        changed = self.device.gatt_service.service_changed_characteristic
        await self.device.gatt_server.indicate_subscribers(changed, struct.pack("<HH", before + 1, 0xFFFF))

    # What it does

    def connected(self, connection):
        self.connections += 1
        self.unconfirmed.clear()
        self.subscribed.clear()
        connection.on("disconnection", lambda reason: self.subscribed.clear())

    def spawn(self, work):
        task = asyncio.create_task(work)  # The loop itself keeps no reference.
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def subscription(self, bearer, uuid, on):
        if not on:
            self.subscribed.discard(uuid)
        elif uuid not in self.subscribed:
            self.subscribed.add(uuid)
            self.spawn(self.play(bearer, uuid))

    async def play(self, bearer, uuid):
        began, connection = time.monotonic(), self.connections
        expected: dict[int, list] = {}
        for entry in self.description.get("expected", []):
            expected.setdefault(entry["at"], []).append(entry)
        for entry in self.description.get("play", []):
            if entry["characteristic"] != uuid:
                continue
            await asyncio.sleep(began + entry["at"] / 1000 - time.monotonic())
            if self.connections != connection or uuid not in self.subscribed:
                return
            if self.playing:
                await self.notify(bearer, uuid, bytes.fromhex(entry["bytes"]), expected.get(entry["at"], []))

    async def notify(self, bearer, uuid, value, expected=()):
        characteristic = self.characteristics[uuid]
        entry = Sent(uuid, value, list(expected), self.connections)
        self.sent.append(entry)
        self.unconfirmed.append(entry)
        if characteristic.properties & Characteristic.Properties.READ:
            characteristic.value = value
        server = self.device.gatt_server
        if characteristic.properties & Characteristic.Properties.NOTIFY:
            await server.notify_subscriber(bearer, characteristic, value)
        else:
            await server.indicate_subscriber(bearer, characteristic, value)

    def delivered(self, data: bytes):
        """The air hands every packet in that reached the guest's controller."""
        if len(data) < 7 or data[2:4] != b"\x04\x00" or data[4] not in (0x1B, 0x1D):
            return
        uuid = self.handles.get(struct.unpack_from("<H", data, 5)[0])
        for index, entry in enumerate(self.unconfirmed):
            if entry.characteristic == uuid:
                entry.at = time.time()
                del self.unconfirmed[index]
                return

    def written(self, connection, uuid, value):
        self.writes.append((uuid, bytes(value)))
        for reply in self.description.get("replies", []):
            if reply["to"] == uuid and bytes(value).startswith(bytes.fromhex(reply["prefix"])):
                self.spawn(self.reply(connection, reply))

    async def reply(self, connection, reply):
        await asyncio.sleep(reply.get("after", 0) / 1000)
        for value in reply["bytes"]:
            await self.notify(connection, reply["on"], bytes.fromhex(value), reply.get("expected", []))


class Passkey(PairingDelegate):
    """Shows six digits, which a person reads off the device."""

    def __init__(self, peer):
        super().__init__(PairingDelegate.IoCapability.DISPLAY_OUTPUT_ONLY)
        self.peer = peer

    async def confirm(self, auto=False):
        """Asked where no digits are: such a device does not pair without them."""
        return False

    async def display_number(self, number, digits):
        self.peer.passkey = f"{number:0{digits}}"


def uuid_bytes(text: str) -> bytes:
    """As in advertisements: lowest byte first."""
    return UUID(text).to_bytes()
