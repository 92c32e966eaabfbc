// SPDX-License-Identifier: MIT
package org.sspiasync;

import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.sspiasync.internal.Completions;
import org.sspiasync.internal.Native;
import org.sspiasync.internal.Outcome;

/**
 * The eleven asynchronous functions under their Windows names, for ports. Outputs are written when the
 * call completes. Callbacks run on a thread of this package, one at a time, and must not wait for one
 * another.
 */
public final class Raw {
    public static final int SEC_E_OK = 0;
    public static final int SEC_I_ASYNC_CALL_PENDING = 0x00090368;
    public static final int SEC_E_INVALID_HANDLE = 0x80090301;
    public static final int SEC_E_INVALID_PARAMETER = 0x8009035d;
    public static final int STATUS_DEVICE_BUSY = 0x80000011;

    public static final int SECBUFFER_TOKEN = 2;
    public static final int SECBUFFER_MISSING = 4;
    public static final int SECBUFFER_EXTRA = 5;
    public static final int SECBUFFER_CHANNEL_BINDINGS = 14;
    public static final int SECBUFFER_APPLICATION_PROTOCOLS = 18;

    private Raw() {}

    /** Holds a number: a handle, attributes, or a time in seconds since 1970 (-1: never). */
    public static final class Place {
        public volatile long value;

        public Place() {}

        public Place(long value) {
            this.value = value;
        }
    }

    /** Bytes of one type; for MISSING and EXTRA, only their number. */
    public static final class Buffer {
        public final int type;
        public byte[] data;
        public int size;

        public Buffer(int type, byte[] data) {
            this.type = type;
            this.data = data;
        }
    }

    private interface Begin {
        int begin(long call, long queue, long id);
    }

    /** An async context: tracks one call at a time. */
    public static final class AsyncContext {
        // All fields below are guarded by this.
        private final Ending ending;
        private BiConsumer<AsyncContext, Object> callback;
        private Object data;
        private long id; // of the submit whose completion is pending
        private Consumer<Outcome> fill; // writes the outputs of that submit; null once it has done so

        private AsyncContext(long call) {
            ending = Ending.of(this, call, Native::call_free);
        }

        private int status() {
            return Native.call_status(ending.handle());
        }

        private boolean isPending() {
            return status() == SEC_I_ASYNC_CALL_PENDING;
        }

        private synchronized void collect() {
            if (fill == null || isPending()) return;
            Consumer<Outcome> write = fill;
            fill = null;
            write.accept(new Outcome(ending.handle()));
        }

        private synchronized int submit(Begin begin, Consumer<Outcome> fills) {
            BiConsumer<AsyncContext, Object> told = callback;
            Object with = data;
            long[] number = new long[1];
            number[0] = Completions.expect(status -> completed(number[0], told, with));
            int status;
            try {
                status = begin.begin(ending.handle(), Completions.queue(), number[0]);
            } catch (RuntimeException refused) {
                Completions.forget(number[0]);
                throw refused;
            }
            if (status < 0) {
                Completions.forget(number[0]);
                return status;
            }
            id = number[0];
            fill = fills;
            Reference.reachabilityFence(this);
            return status;
        }

        private void completed(long number, BiConsumer<AsyncContext, Object> told, Object with) {
            synchronized (this) {
                if (id == number) collect();
            }
            if (told != null) told.accept(this, with);
        }

        private synchronized void free() {
            collect();
            Completions.forget(id);
            long call = ending.take();
            if (call != 0) Native.call_free(call);
        }

        private synchronized int reinit() {
            if (isPending()) return STATUS_DEVICE_BUSY;
            collect();
            return Native.call_reinit(ending.handle());
        }

        private synchronized int setCallback(BiConsumer<AsyncContext, Object> told, Object with) {
            if (ending.handle() == 0) return SEC_E_INVALID_HANDLE;
            if (isPending()) return SEC_E_INVALID_PARAMETER;
            callback = told;
            data = with;
            return SEC_E_OK;
        }

        private synchronized boolean requiresNotify() {
            return ending.handle() != 0 && callback != null;
        }
    }

    /** Returns null if there is no memory. */
    public static AsyncContext SspiCreateAsyncContext() {
        long call = Native.call_create();
        return call == 0 ? null : new AsyncContext(call);
    }

    /** A pending call is detached: it completes by itself, and no callback starts. */
    public static void SspiFreeAsyncContext(AsyncContext context) {
        context.free();
    }

    public static int SspiReinitAsyncContext(AsyncContext context) {
        return context.reinit();
    }

    /** callback(context, data) runs when a call completes; null: none. */
    public static int SspiSetAsyncNotifyCallback(AsyncContext context,
            BiConsumer<AsyncContext, Object> callback, Object data) {
        return context.setCallback(callback, data);
    }

    public static boolean SspiAsyncContextRequiresNotify(AsyncContext context) {
        return context.requiresNotify();
    }

    public static int SspiGetAsyncCallStatus(AsyncContext context) {
        int status = context.status();
        if (status != SEC_I_ASYNC_CALL_PENDING) context.collect();
        return status;
    }

    private static void put(Place place, long value) {
        if (place != null) place.value = value;
    }

    private static long valueOf(Place handle) {
        return handle == null ? 0 : handle.value;
    }

    public static int SspiAcquireCredentialsHandleAsync(AsyncContext context, String principal,
            String securityPackage, int use, Place logonId, Identity authData, Object getKeyFn,
            Object getKeyArgument, Place credential, Place expiry) {
        byte[] identity = Identity.pack(authData);
        try {
            return context.submit((call, queue, id) -> Native.acquire(call, queue, id, securityPackage,
                    principal, use, identity), outcome -> {
                if (outcome.status < 0) return;
                put(credential, outcome.credential);
                put(expiry, outcome.expiry);
            });
        } finally {
            if (identity != null) Arrays.fill(identity, (byte) 0);
        }
    }

    private static Buffer bufferOf(List<Buffer> buffers, int type) {
        if (buffers != null)
            for (Buffer buffer : buffers)
                if (buffer.type == type) return buffer;
        return null;
    }

    private static byte[] dataOf(List<Buffer> buffers, int type) {
        Buffer buffer = bufferOf(buffers, type);
        return buffer == null ? null : buffer.data;
    }

    private static Consumer<Outcome> legOf(long handle, Place newContext, List<Buffer> output,
            Place attributes, Place expiry) {
        return outcome -> {
            Buffer token = bufferOf(output, SECBUFFER_TOKEN);
            if (token != null) token.data = outcome.token;
            report(output, SECBUFFER_MISSING, outcome.missing);
            if (outcome.status < 0) return;
            put(newContext, outcome.context != 0 ? outcome.context : handle);
            put(attributes, outcome.attributes);
            put(expiry, outcome.expiry);
            report(output, SECBUFFER_EXTRA, outcome.extra);
        };
    }

    private static void report(List<Buffer> output, int type, int size) {
        if (output == null || size == 0) return;
        Buffer buffer = new Buffer(type, null);
        buffer.size = size;
        output.add(buffer);
    }

    /** output is a list, to which buffers may be added. */
    public static int SspiInitializeSecurityContextAsync(AsyncContext async, Place credential,
            Place context, String target, long request, int reserved1, int dataRep, List<Buffer> input,
            int reserved2, Place newContext, List<Buffer> output, Place attributes, Place expiry) {
        if (context == null && newContext == null) return SEC_E_INVALID_PARAMETER;
        long handle = valueOf(context);
        return async.submit((call, queue, id) -> Native.initialize(call, queue, id, valueOf(credential),
                handle, target, request, dataOf(input, SECBUFFER_TOKEN),
                dataOf(input, SECBUFFER_CHANNEL_BINDINGS),
                dataOf(input, SECBUFFER_APPLICATION_PROTOCOLS)),
                legOf(handle, newContext, output, attributes, expiry));
    }

    /** output is a list, to which buffers may be added. */
    public static int SspiAcceptSecurityContextAsync(AsyncContext async, Place credential, Place context,
            List<Buffer> input, long request, int dataRep, Place newContext, List<Buffer> output,
            Place attributes, Place expiry) {
        if (context == null && newContext == null) return SEC_E_INVALID_PARAMETER;
        long handle = valueOf(context);
        return async.submit((call, queue, id) -> Native.accept(call, queue, id, valueOf(credential), handle,
                request, dataOf(input, SECBUFFER_TOKEN), dataOf(input, SECBUFFER_CHANNEL_BINDINGS),
                dataOf(input, SECBUFFER_APPLICATION_PROTOCOLS)),
                legOf(handle, newContext, output, attributes, expiry));
    }

    public static int SspiFreeCredentialsHandleAsync(AsyncContext async, Place credential) {
        return async.submit((call, queue, id) ->
                Native.free_credential(call, queue, id, credential.value), outcome -> {});
    }

    public static int SspiDeleteSecurityContextAsync(AsyncContext async, Place context) {
        return async.submit((call, queue, id) ->
                Native.delete_context(call, queue, id, context.value), outcome -> {});
    }
}
