import Profiles
import Vitals

extension BLELinks {
    /// What surrounds the links.
    public struct Surroundings: Sendable {
        /// Opens the management socket.
        var open: @Sendable () throws(LinkError) -> ManagementSocket = { () throws(LinkError) in
            try ManagementSocket.open()
        }
        /// Finds out whether bluetoothd runs; may wait a while.
        var owner: @Sendable () -> BluetoothOwner = { SystemBus.bluetoothOwner() }
        /// Whether rfkill blocks an adapter that cannot be switched on.
        var isBlocked: @Sendable (UInt16) -> Bool = { RadioSwitch.isBlocked($0) }
        /// Begins to connect to a device.
        var connect: @Sendable (BLELink.Place) throws(LinkError) -> any PDUChannel = BLELink.overTheAir
        /// What the steps of a device depend on.
        public var context: @Sendable (DeviceID) -> StepContext
        /// Monotonic milliseconds.
        public var stopwatch: @Sendable () -> Int64
        /// Hub time.
        public var now: @Sendable () -> Timestamp
        public var sink: @Sendable (LinkOutput) -> Void
        /// Takes what is to be in the store for the next run.
        public var keep: @Sendable (ComponentState) -> Void
        public var log: @Sendable (String) -> Void

        /// This machine's.
        public init(
            context: @escaping @Sendable (DeviceID) -> StepContext, stopwatch: @escaping @Sendable () -> Int64,
            now: @escaping @Sendable () -> Timestamp, sink: @escaping @Sendable (LinkOutput) -> Void,
            keep: @escaping @Sendable (ComponentState) -> Void, log: @escaping @Sendable (String) -> Void
        ) {
            self.context = context
            self.stopwatch = stopwatch
            self.now = now
            self.sink = sink
            self.keep = keep
            self.log = log
        }
    }
}
