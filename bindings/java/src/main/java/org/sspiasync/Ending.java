// SPDX-License-Identifier: MIT
package org.sspiasync;

import java.lang.ref.Cleaner;
import java.util.function.LongConsumer;

/** A handle of the library. It is deleted when its owner is no longer reachable, which does not block. */
final class Ending implements Runnable {
    private static final Cleaner CLEANER = Cleaner.create();

    private final LongConsumer end;
    private long handle;
    private Cleaner.Cleanable cleanable;

    private Ending(LongConsumer end, long handle) {
        this.end = end;
        this.handle = handle;
    }

    static Ending of(Object owner, long handle, LongConsumer end) {
        Ending ending = new Ending(end, handle);
        ending.cleanable = CLEANER.register(owner, ending);
        return ending;
    }

    synchronized long handle() {
        return handle;
    }

    /** The handle, which the caller must now delete; 0 if it was taken before. */
    long take() {
        long taken;
        synchronized (this) {
            taken = handle;
            handle = 0;
        }
        cleanable.clean();
        return taken;
    }

    @Override
    public synchronized void run() {
        if (handle != 0) end.accept(handle);
        handle = 0;
    }
}
