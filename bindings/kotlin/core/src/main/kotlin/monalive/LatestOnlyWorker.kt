package monalive

import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.thread
import kotlin.concurrent.withLock

/**
 * Runs [work] on the newest item handed in, in a thread of its own; an item not yet begun is replaced by the next. So a live
 * source is kept up with by leaving out frames that came while it was busy.
 */
internal class LatestOnlyWorker<T : Any>(private val work: (T) -> Unit) {
    private val lock = ReentrantLock()
    private val ready = lock.newCondition()
    private var waiting: T? = null
    private var error: Throwable? = null
    private var closed = false
    private val thread = thread(name = "monalive-live", isDaemon = true) { run() }

    /** @throws IllegalStateException an item before failed; its error is the cause. */
    fun submit(item: T): Unit = lock.withLock {
        raise()
        waiting = item
        ready.signalAll()
    }

    /** Finishes the item at work, drops one that waits, and ends the thread. Throws as [submit]. */
    fun close() {
        lock.withLock {
            closed = true
            waiting = null
            ready.signalAll()
        }
        if (Thread.currentThread() !== thread) {
            thread.join()
            lock.withLock { raise() }
        }
    }

    private fun run() {
        while (true) {
            val item = lock.withLock {
                while (waiting == null && !closed) ready.await()
                if (closed) return
                waiting!!.also { waiting = null }
            }
            try {
                work(item)
            } catch (failure: Exception) { // a thread's error must reach the thread that can act on it
                lock.withLock { error = failure }
            }
        }
    }

    private fun raise() {
        val failure = error ?: return
        error = null
        throw IllegalStateException("animating a live frame failed: ${failure.message}", failure)
    }
}
