import Foundation

/// Runs `work` on the newest item handed in, in a thread of its own; an item not yet begun is replaced by the next. So a live
/// source is kept up with by leaving out frames that came while it was busy.
final class LatestOnlyWorker<Item> {
    private let work: (Item) throws -> Void
    private let ready = NSCondition()
    private var waiting: Item?
    private var failure: Error?
    private var closed = false, ended = false
    private var thread: Thread?

    init(_ work: @escaping (Item) throws -> Void) {
        self.work = work
        let thread = Thread { self.run() }
        thread.name = "monalive-live"
        self.thread = thread
        thread.start()
    }

    /// - Throws: `runtimeError`: an item before failed.
    func submit(_ item: Item) throws {
        ready.lock()
        defer { ready.unlock() }
        try raise()
        waiting = item
        ready.broadcast()
    }

    /// Finishes the item at work, drops one that waits, and ends the thread. Throws as `submit`.
    func close() throws {
        ready.lock()
        defer { ready.unlock() }
        closed = true
        waiting = nil
        ready.broadcast()
        if Thread.current === thread { return }
        while !ended { ready.wait() }
        try raise()
    }

    private func run() {
        while let item = next() {
            do { try work(item) } catch { // a thread's error must reach the thread that can act on it
                ready.lock()
                failure = error
                ready.unlock()
            }
        }
        ready.lock()
        ended = true
        ready.broadcast()
        ready.unlock()
    }

    private func next() -> Item? {
        ready.lock()
        defer { ready.unlock() }
        while waiting == nil && !closed { ready.wait() }
        if closed { return nil }
        defer { waiting = nil }
        return waiting
    }

    private func raise() throws {
        guard let error = failure else { return }
        failure = nil
        throw MonaliveError.runtimeError("animating a live frame failed: \(error.localizedDescription)")
    }
}
