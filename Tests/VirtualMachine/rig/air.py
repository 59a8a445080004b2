"""The air: the radio between bumble's controllers, one of which is the guest's adapter.

bumble's own LocalLink and Controller are made for bumble on both ends. What differs here is what Linux expects.
"""
import asyncio
import time

from bumble import hci, link, ll
from bumble.controller import Controller
from bumble.core import PhysicalTransport

SUPERVISION_TIMEOUT = 0.42
"""Seconds: what Linux asks for in a new connection."""


class Air(link.LocalLink):
    def __init__(self):
        super().__init__()
        self.silent: set[Controller] = set()

    def heard(self, controller) -> bool:
        return controller not in self.silent

    def send_acl_data(self, sender_controller, destination_address, transport, data):
        # LocalLink names the sender by its random address; a Linux host uses its public one: the connection knows.
        connection = sender_controller.le_connections.get(destination_address)
        destination = self.find_le_controller(destination_address)
        if transport != PhysicalTransport.LE or connection is None or destination is None:
            return
        if self.heard(sender_controller) and self.heard(destination):
            loop = asyncio.get_running_loop()
            loop.call_soon(self.deliver, sender_controller, destination, connection.self_address, data)

    def deliver(self, sender, destination, address, data):
        if address not in destination.le_connections:
            return
        destination.on_link_acl_data(address, PhysicalTransport.LE, data)
        if note := getattr(sender, "delivered", None):
            note(data)

    def send_advertising_pdu(self, sender_controller, packet):
        if not self.heard(sender_controller):
            return
        for controller in [c for c in self.controllers if c is not sender_controller and self.heard(c)]:
            if isinstance(packet, ll.ConnectInd):
                asyncio.get_running_loop().call_soon(controller.on_ll_advertising_pdu, packet)
            elif isinstance(controller, Adapter):
                controller.hear(sender_controller, packet)

    def send_ll_control_pdu(self, sender_address, receiver_address, packet):
        receiver = self.find_le_controller(receiver_address)
        sender = self.find_le_controller(sender_address)
        if receiver and self.heard(receiver) and (sender is None or self.heard(sender)):
            asyncio.get_running_loop().call_soon(receiver.on_ll_control_pdu, sender_address, packet)

    def sever(self, controller, reason=hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR):
        """Ends all links of a controller as if nothing was heard any more, at both ends: also those that one end has
        left already while the other could not hear it."""
        for other in [controller, *self.controllers]:
            for connection in list(other.le_connections.values()):
                if other is controller or self.find_le_controller(connection.peer_address) is controller:
                    other.on_le_disconnected(connection, reason)


class Adapter(Controller):
    """The guest's controller, of the kind "Bluetooth 4.2": bumble claims LL privacy and extended advertising but sends
    the plain events, for whose enhanced form Linux would wait."""

    def __init__(self, name, transport, air, address):
        super().__init__(name, host_source=transport.source, host_sink=transport.sink, link=air, public_address=address)
        mask = hci.LeFeatureMask
        self.le_features &= ~(mask.LE_EXTENDED_ADVERTISING | mask.LE_PERIODIC_ADVERTISING | mask.LL_PRIVACY)
        self.reported: set[tuple] = set()
        self.create_connections = 0

    def on_hci_reset_command(self, command):
        self.link.sever(self)
        self.le_scan_enable, self.pending_le_connection = False, None
        return super().on_hci_reset_command(command)

    def on_hci_le_set_scan_enable_command(self, command):
        self.reported.clear()
        return super().on_hci_le_set_scan_enable_command(command)

    def on_hci_le_create_connection_command(self, command):
        self.create_connections += 1
        return super().on_hci_le_create_connection_command(command)

    def on_hci_le_create_connection_cancel_command(self, command):
        # bumble says yes and goes on connecting.
        if not (pending := self.pending_le_connection):
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        self.pending_le_connection = None
        self.send_later(hci.HCI_LE_Connection_Complete_Event(
            status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR, connection_handle=0, role=0,
            peer_address_type=pending.peer_address_type, peer_address=pending.peer_address, connection_interval=0,
            peripheral_latency=0, supervision_timeout=0, central_clock_accuracy=0))
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def send_later(self, packet):
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: loop.call_soon(self.send_hci_packet, packet))

    def hear(self, sender, packet):
        """An advertisement: reported with the advertiser's own signal strength, its scan response apart, and not twice
        in a scan that filters duplicates, as controllers do."""
        advertiser = sender.le_legacy_advertiser
        if self.le_scan_enable:
            kinds = hci.HCI_LE_Advertising_Report_Event.EventType
            for kind, data in [(kinds.ADV_IND, packet.data), (kinds.SCAN_RSP, advertiser.scan_response_data)]:
                if kind == kinds.SCAN_RSP and self.le_scan_type != 1:
                    continue
                key = (bytes(packet.advertiser_address), kind, bytes(data))
                if self.filter_duplicates and key in self.reported:
                    continue
                self.reported.add(key)
                self.send_hci_packet(hci.HCI_LE_Advertising_Report_Event([hci.HCI_LE_Advertising_Report_Event.Report(
                    event_type=kind, address_type=packet.advertiser_address.address_type,
                    address=packet.advertiser_address, data=data, rssi=getattr(sender, "rssi", -60))]))
        pending = self.pending_le_connection
        if pending and pending.peer_address == packet.advertiser_address:
            self.create_le_connection(packet.advertiser_address)
            sender.connected_at = time.time()
