import Glibc
import Vitals

/// A check of everything in a store beside its writer, by a thread and a connection of its own.
///
/// Commits do not wait for it; the log is not trimmed beyond where it began until it ends. The thread is the last that the
/// system gives a core or the disk to. Costs what ``SQLiteStore/check()`` costs.
public enum StoreScrub {
    private final class Work {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// The least urgent of Linux (setpriority(2), where a thread has its own).
    private static let nice: Int32 = 19

    /// - Parameter done: called on that thread with what is wrong, a line each, without what was put aside earlier; or with
    ///   why the store could not be looked at.
    public static func start(
        path: String, keyFile: String? = nil, _ done: @escaping @Sendable (Result<[String], StoreError>) -> Void
    ) {
        let work = Work { done(problems(path, keyFile)) }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(work)
        let code = pthread_create(
            &thread, nil,
            { context in
                _ = Glibc.nice(StoreScrub.nice)
                if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body() }
                return nil
            }, context.toOpaque())
        guard code == 0 else {
            context.release()
            let reason = String(cString: strerror(code))
            return done(.failure(StoreError(.other, path: path, "no thread to check it: \(reason)")))
        }
        pthread_detach(thread)
    }

    private static func problems(_ path: String, _ keyFile: String?) -> Result<[String], StoreError> {
        do throws(StoreError) {
            let store = try SQLiteStore.open(path: path, mode: .read, keyFile: keyFile)
            defer { store.close() }
            return .success(try store.check().filter { !$0.contains(SQLiteStore.earlier) })
        } catch { return error.code == .damaged ? .success([error.message]) : .failure(error) }
    }
}
