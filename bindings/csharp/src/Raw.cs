// SPDX-License-Identifier: MIT
using System;
using System.Collections.Generic;

namespace SspiAsync
{
    /// <summary>
    /// The eleven asynchronous functions under their Windows names, for ports. Outputs are written when the
    /// call completes. Callbacks run on a thread of this assembly, one at a time, and must not wait for one
    /// another.
    /// </summary>
    public static class Raw
    {
        public const int SEC_E_OK = 0;
        public const int SEC_I_ASYNC_CALL_PENDING = 0x00090368;
        public const int SEC_E_INVALID_HANDLE = unchecked((int)0x80090301);
        public const int SEC_E_INVALID_PARAMETER = unchecked((int)0x8009035d);
        public const int STATUS_DEVICE_BUSY = unchecked((int)0x80000011);

        public const int SECBUFFER_TOKEN = 2;
        public const int SECBUFFER_MISSING = 4;
        public const int SECBUFFER_EXTRA = 5;
        public const int SECBUFFER_CHANNEL_BINDINGS = 14;
        public const int SECBUFFER_APPLICATION_PROTOCOLS = 18;

        /// <summary>Holds a number: a handle, attributes, or a time in seconds since 1970 (-1:
        /// never).</summary>
        public sealed class Place
        {
            public long Value { get; set; }
        }

        /// <summary>Bytes of one type; for MISSING and EXTRA, only their number.</summary>
        public sealed class Buffer
        {
            public int Type { get; set; }
            public byte[] Data { get; set; }
            public long Size { get; set; }
        }

        /// <summary>An async context: tracks one call at a time.</summary>
        public sealed class AsyncContext
        {
            private readonly object guard = new object(); // protects all fields below
            private ulong call;
            private Action<AsyncContext, object> callback;
            private object data;
            private ulong id; // of the submit whose completion is pending
            private Action<Outcome> fill; // writes the outputs of that submit; null once it has done so

            internal AsyncContext(ulong call)
            {
                this.call = call;
            }

            ~AsyncContext()
            {
                Native.sspia_hub_call_free(call);
            }

            internal int Status()
            {
                lock (guard)
                    return Native.sspia_hub_call_status(call);
            }

            internal void Collect()
            {
                lock (guard)
                {
                    if (fill == null || Status() == SEC_I_ASYNC_CALL_PENDING)
                        return;
                    Action<Outcome> write = fill;
                    fill = null;
                    write(new Outcome(call));
                }
            }

            internal int Submit(Call.Begin begin, Action<Outcome> fills)
            {
                lock (guard)
                {
                    Action<AsyncContext, object> told = callback;
                    object with = data;
                    ulong number = 0;
                    number = Completions.Expect(status => Completed(number, told, with));
                    int result = begin(call, Completions.Queue, number);
                    if (result < 0)
                    {
                        Completions.Forget(number);
                        return result;
                    }
                    id = number;
                    fill = fills;
                    return result;
                }
            }

            private void Completed(ulong number, Action<AsyncContext, object> told, object with)
            {
                lock (guard)
                    if (id == number)
                        Collect();
                told?.Invoke(this, with);
            }

            internal void Free()
            {
                lock (guard)
                {
                    Collect();
                    Completions.Forget(id);
                    Native.sspia_hub_call_free(call);
                    call = 0;
                }
                GC.SuppressFinalize(this);
            }

            internal int Reinit()
            {
                lock (guard)
                {
                    if (Status() == SEC_I_ASYNC_CALL_PENDING)
                        return STATUS_DEVICE_BUSY;
                    Collect();
                    return Native.sspia_hub_call_reinit(call);
                }
            }

            internal int SetCallback(Action<AsyncContext, object> told, object with)
            {
                lock (guard)
                {
                    if (call == 0)
                        return SEC_E_INVALID_HANDLE;
                    if (Status() == SEC_I_ASYNC_CALL_PENDING)
                        return SEC_E_INVALID_PARAMETER;
                    callback = told;
                    data = with;
                    return SEC_E_OK;
                }
            }

            internal bool RequiresNotify()
            {
                lock (guard)
                    return call != 0 && callback != null;
            }
        }

        /// <summary>Returns null if there is no memory.</summary>
        public static AsyncContext SspiCreateAsyncContext()
        {
            ulong call = Library.Find(() => Native.sspia_hub_call_create());
            return call == 0 ? null : new AsyncContext(call);
        }

        /// <summary>A pending call is detached: it completes by itself, and no callback starts.</summary>
        public static void SspiFreeAsyncContext(AsyncContext context)
        {
            context.Free();
        }

        public static int SspiReinitAsyncContext(AsyncContext context)
        {
            return context.Reinit();
        }

        /// <summary>callback(context, data) runs when a call completes; null: none.</summary>
        public static int SspiSetAsyncNotifyCallback(AsyncContext context,
            Action<AsyncContext, object> callback, object data = null)
        {
            return context.SetCallback(callback, data);
        }

        public static bool SspiAsyncContextRequiresNotify(AsyncContext context)
        {
            return context.RequiresNotify();
        }

        public static int SspiGetAsyncCallStatus(AsyncContext context)
        {
            int status = context.Status();
            if (status != SEC_I_ASYNC_CALL_PENDING)
                context.Collect();
            return status;
        }

        private static void Put(Place place, long value)
        {
            if (place != null)
                place.Value = value;
        }

        private static ulong ValueOf(Place handle)
        {
            return handle == null ? 0 : (ulong)handle.Value;
        }

        public static int SspiAcquireCredentialsHandleAsync(AsyncContext context, string principal,
            string package, int use, object logonId, Identity authData, object getKeyFn,
            object getKeyArgument, Place credential, Place expiry)
        {
            byte[] name = Text.ToUtf8(package);
            byte[] who = Text.ToUtf8(principal);
            byte[] identity = Identity.Pack(authData);
            try
            {
                return context.Submit((call, queue, id) => Native.sspia_hub_acquire(call, queue, id, name,
                    Native.Size(name), who, Native.Size(who), (uint)use, identity, Native.Size(identity)),
                    outcome =>
                    {
                        if (outcome.Status < 0)
                            return;
                        Put(credential, (long)outcome.Credential);
                        Put(expiry, outcome.Expiry);
                    });
            }
            finally
            {
                if (identity != null)
                    Array.Clear(identity, 0, identity.Length);
            }
        }

        private static Buffer BufferOf(IList<Buffer> buffers, int type)
        {
            if (buffers != null)
                foreach (Buffer buffer in buffers)
                    if (buffer.Type == type)
                        return buffer;
            return null;
        }

        private static byte[] DataOf(IList<Buffer> buffers, int type)
        {
            return BufferOf(buffers, type)?.Data;
        }

        private static void Report(IList<Buffer> output, int type, uint size)
        {
            if (output != null && size != 0)
                output.Add(new Buffer { Type = type, Size = size });
        }

        private static Action<Outcome> LegOf(ulong handle, Place newContext, IList<Buffer> output,
            Place attributes, Place expiry)
        {
            return outcome =>
            {
                Buffer token = BufferOf(output, SECBUFFER_TOKEN);
                if (token != null)
                    token.Data = outcome.Token;
                Report(output, SECBUFFER_MISSING, outcome.Missing);
                if (outcome.Status < 0)
                    return;
                Put(newContext, (long)(outcome.Context != 0 ? outcome.Context : handle));
                Put(attributes, outcome.Attributes);
                Put(expiry, outcome.Expiry);
                Report(output, SECBUFFER_EXTRA, outcome.Extra);
            };
        }

        /// <summary>output is a list, to which buffers may be added.</summary>
        public static int SspiInitializeSecurityContextAsync(AsyncContext async, Place credential,
            Place context, string target, long request, int reserved1, int dataRep, IList<Buffer> input,
            int reserved2, Place newContext, IList<Buffer> output, Place attributes, Place expiry)
        {
            if (context == null && newContext == null)
                return SEC_E_INVALID_PARAMETER;
            ulong handle = ValueOf(context);
            byte[] name = Text.ToUtf8(target);
            byte[] token = DataOf(input, SECBUFFER_TOKEN);
            byte[] bindings = DataOf(input, SECBUFFER_CHANNEL_BINDINGS);
            byte[] protocols = DataOf(input, SECBUFFER_APPLICATION_PROTOCOLS);
            return async.Submit((call, queue, id) => Native.sspia_hub_initialize(call, queue, id,
                ValueOf(credential), handle, name, Native.Size(name), (ulong)request, token,
                Native.Size(token), bindings, Native.Size(bindings), protocols, Native.Size(protocols)),
                LegOf(handle, newContext, output, attributes, expiry));
        }

        /// <summary>output is a list, to which buffers may be added.</summary>
        public static int SspiAcceptSecurityContextAsync(AsyncContext async, Place credential,
            Place context, IList<Buffer> input, long request, int dataRep, Place newContext,
            IList<Buffer> output, Place attributes, Place expiry)
        {
            if (context == null && newContext == null)
                return SEC_E_INVALID_PARAMETER;
            ulong handle = ValueOf(context);
            byte[] token = DataOf(input, SECBUFFER_TOKEN);
            byte[] bindings = DataOf(input, SECBUFFER_CHANNEL_BINDINGS);
            byte[] protocols = DataOf(input, SECBUFFER_APPLICATION_PROTOCOLS);
            return async.Submit((call, queue, id) => Native.sspia_hub_accept(call, queue, id,
                ValueOf(credential), handle, (ulong)request, token, Native.Size(token), bindings,
                Native.Size(bindings), protocols, Native.Size(protocols)),
                LegOf(handle, newContext, output, attributes, expiry));
        }

        public static int SspiFreeCredentialsHandleAsync(AsyncContext async, Place credential)
        {
            return async.Submit((call, queue, id) =>
                Native.sspia_hub_free_credential(call, queue, id, (ulong)credential.Value), outcome => { });
        }

        public static int SspiDeleteSecurityContextAsync(AsyncContext async, Place context)
        {
            return async.Submit((call, queue, id) =>
                Native.sspia_hub_delete_context(call, queue, id, (ulong)context.Value), outcome => { });
        }
    }
}
