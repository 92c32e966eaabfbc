// SPDX-License-Identifier: MIT
package org.sspiasync.internal;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;

/**
 * All completions go to one queue of the process. A daemon thread waits for them and calls the handlers,
 * which must not block. It starts with the first call.
 */
public final class Completions {
    private static final int LOT = 256;

    private static final Map<Long, IntConsumer> WAITING = new ConcurrentHashMap<>();
    private static final AtomicLong LAST_ID = new AtomicLong();

    private Completions() {}

    /** The queue. The first use creates it, and starts the thread. */
    private static final class Queue {
        static final long HANDLE = begin();

        private static long begin() {
            long queue = Native.queue_create();
            if (queue == 0) throw new OutOfMemoryError("no queue for completions");
            Thread thread = new Thread(() -> drain(queue), "sspi-async");
            thread.setDaemon(true);
            thread.start();
            return queue;
        }
    }

    public static long queue() {
        return Queue.HANDLE;
    }

    /** A new id, whose completion calls heard(status). */
    public static long expect(IntConsumer heard) {
        long id = LAST_ID.incrementAndGet();
        WAITING.put(id, heard);
        return id;
    }

    public static void forget(long id) {
        WAITING.remove(id);
    }

    private static void drain(long queue) {
        long[] taken = new long[2 * LOT];
        for (int count; (count = Native.queue_take(queue, -1, taken)) >= 0;)
            for (int i = 0; i < count; i++) tell(taken[2 * i], (int) taken[2 * i + 1]);
    }

    private static void tell(long id, int status) {
        IntConsumer heard = WAITING.remove(id);
        if (heard == null) return;
        try {
            heard.accept(status);
        } catch (Throwable problem) {
            report(problem);
        }
    }

    /** Reports an exception as Java reports uncaught ones; the thread continues. */
    public static void report(Throwable problem) {
        Thread thread = Thread.currentThread();
        thread.getUncaughtExceptionHandler().uncaughtException(thread, problem);
    }
}
