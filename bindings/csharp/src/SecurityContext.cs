// SPDX-License-Identifier: MIT
using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace SspiAsync
{
    /// <summary>
    /// A handshake, and then the protection of messages. It runs one leg at a time. Functions whose names
    /// end in Async return at once; the others wait.
    /// </summary>
    public sealed class SecurityContext : IDisposable
    {
        private const int SEC_E_OK = 0;
        private const int SEC_E_INVALID_HANDLE = unchecked((int)0x80090301);
        private const int SEC_E_CONTEXT_EXPIRED = unchecked((int)0x80090317);
        private const int SEC_E_INCOMPLETE_MESSAGE = unchecked((int)0x80090318);
        private const int SEC_E_DECRYPT_FAILURE = unchecked((int)0x80090330);
        private const int SEC_I_CONTEXT_EXPIRED = 0x00090317;
        private const uint WrapNoEncrypt = 0x80000001;

        private const uint Names = 1;
        private const uint StreamSizes = 4;
        private const uint SessionKeys = 9;
        private const uint PackageInfo = 10;
        private const uint ClientTarget = 27;
        private const uint ApplicationProtocols = 35;
        private const uint RemoteCertificates = 0x53;

        private const ClientFlags DefaultClient = ClientFlags.MutualAuth | ClientFlags.ReplayDetect |
            ClientFlags.SequenceDetect | ClientFlags.Confidentiality | ClientFlags.Integrity;
        private const ServerFlags DefaultServer = ServerFlags.ReplayDetect | ServerFlags.SequenceDetect |
            ServerFlags.Confidentiality | ServerFlags.Integrity;

        private static readonly byte[] Nothing = new byte[0];

        private readonly object guard = new object(); // protects all fields below
        private readonly bool acceptor;
        private readonly string target;
        private readonly ContextOptions options;
        private Credential credential;
        private bool ownsCredential;
        private ulong handle;
        private bool begun;
        private bool dead;
        private bool complete;
        private uint attributes;
        private long expiry = -1;
        private byte[] rest = Nothing;
        private byte[] extra = Nothing;

        internal SecurityContext(bool acceptor, string target, ContextOptions options)
        {
            this.acceptor = acceptor;
            this.target = target;
            this.options = options == null ? new ContextOptions() : options.Copy();
            credential = this.options.Credential;
        }

        ~SecurityContext()
        {
            // Its credential has its own finalizer.
            if (handle != 0)
                Native.sspia_hub_delete_context(0, 0, 0, handle);
        }

        /// <summary>Creates a context from the result of Export, in this process or in another one.</summary>
        public static SecurityContext Import(string package, byte[] packed)
        {
            var context = new SecurityContext(false, null, new ContextOptions { Package = package });
            byte[] name = Text.ToUtf8(package);
            ulong made = 0;
            SspiException.Check(Library.Find(() => Native.sspia_hub_import_context(name, Native.Size(name),
                packed, Native.Size(packed), out made)));
            context.handle = made;
            context.begun = context.complete = true;
            return context;
        }

        /// <summary>Whether the handshake is complete.</summary>
        public bool IsComplete
        {
            get { lock (guard) return complete; }
        }

        /// <summary>Its number in the library; 0 before the first leg and after it was deleted.</summary>
        public long Handle
        {
            get { lock (guard) return (long)handle; }
        }

        /// <summary>The attributes agreed on so far: the numbers of ISC_RET_* or ASC_RET_*.</summary>
        public long Attributes
        {
            get { lock (guard) return attributes; }
        }

        /// <summary>When it expires; null: never, or not known.</summary>
        public DateTimeOffset? Expiry
        {
            get
            {
                lock (guard)
                    return expiry < 0 ? (DateTimeOffset?)null : DateTimeOffset.FromUnixTimeSeconds(expiry);
            }
        }

        /// <summary>Bytes after the last token that belong to the data that follows the handshake.</summary>
        public byte[] Extra
        {
            get { lock (guard) return (byte[])extra.Clone(); }
        }

        private string PackageToAcquire => options.Package ?? options.Credential?.Package ?? "Negotiate";

        /// <summary>
        /// One leg: token is what the peer sent, and null at first. The task returns the token to send, or an
        /// empty array if there is nothing to send. The first leg acquires a credential if there is none. A
        /// failure is an SspiException; its Token, if any, is for the peer. cancellation stops the leg itself.
        /// </summary>
        public async Task<byte[]> StepAsync(byte[] token = null,
            CancellationToken cancellation = default(CancellationToken))
        {
            bool acquires;
            lock (guard)
            {
                RefuseIfDead();
                acquires = credential == null;
            }
            if (acquires)
                Adopt(await Credential.AcquireAsync(PackageToAcquire,
                    acceptor ? CredentialUse.Inbound : CredentialUse.Outbound, options, cancellation)
                    .ConfigureAwait(false));
            return await Begin(token, cancellation).ConfigureAwait(false);
        }

        /// <summary>The same, but waits for the result.</summary>
        public byte[] Step(byte[] token = null)
        {
            return StepAsync(token).GetAwaiter().GetResult();
        }

        private void RefuseIfDead()
        {
            if (dead)
                throw SspiException.Of(SEC_E_INVALID_HANDLE, "the context was deleted");
        }

        private void Adopt(Credential found)
        {
            lock (guard)
            {
                if (!dead && credential == null)
                {
                    credential = found;
                    ownsCredential = true;
                    return;
                }
            }
            found.Dispose();
        }

        private Task<byte[]> Begin(byte[] token, CancellationToken cancellation)
        {
            lock (guard)
            {
                RefuseIfDead();
                ulong context = handle;
                bool first = context == 0;
                byte[] name = Text.ToUtf8(target);
                byte[] bindings = first ? options.ChannelBindings : null;
                byte[] protocols = first ? PackProtocols(options.ApplicationProtocols) : null;
                var with = (ulong)credential.Handle;
                return Call.Start((call, queue, id) => acceptor
                    ? Native.sspia_hub_accept(call, queue, id, with, context,
                        (ulong)(options.ServerFlags ?? DefaultServer), token, Native.Size(token), bindings,
                        Native.Size(bindings), protocols, Native.Size(protocols))
                    : Native.sspia_hub_initialize(call, queue, id, with, context, name, Native.Size(name),
                        (ulong)(options.ClientFlags ?? DefaultClient), token, Native.Size(token), bindings,
                        Native.Size(bindings), protocols, Native.Size(protocols)),
                    options.Timeout, cancellation, outcome => Note(outcome, token));
            }
        }

        /// <summary>ALPN: each name after its length.</summary>
        private static byte[] PackProtocols(string[] names)
        {
            if (names == null)
                return null;
            var packed = new MemoryStream();
            foreach (string name in names)
            {
                byte[] bytes = Text.ToUtf8(name);
                if (bytes.Length == 0 || bytes.Length > 255)
                    throw new ArgumentException("a protocol's name has 1 to 255 bytes: " + name);
                packed.WriteByte((byte)bytes.Length);
                packed.Write(bytes, 0, bytes.Length);
            }
            return packed.ToArray();
        }

        private byte[] Note(Outcome outcome, byte[] token)
        {
            lock (guard)
            {
                if (outcome.Context != 0)
                    handle = outcome.Context;
                begun = true;
                attributes = outcome.Attributes;
                expiry = outcome.Expiry;
                extra = Nothing;
                if (token != null && outcome.Extra > 0)
                {
                    extra = new byte[outcome.Extra];
                    Array.Copy(token, token.Length - extra.Length, extra, 0, extra.Length);
                }
                complete = outcome.Status == SEC_E_OK;
                if (dead) // deleted meanwhile
                    DeleteNowait();
            }
            return outcome.Token ?? Nothing;
        }

        /// <summary>Encrypts a message; with signOnly, it is only signed. Like all functions below, it waits
        /// while a leg runs on this context.</summary>
        public byte[] Encrypt(byte[] data, bool signOnly = false)
        {
            Native.Bytes sealedBytes;
            SspiException.Check(Native.sspia_hub_encrypt((ulong)Handle, signOnly ? WrapNoEncrypt : 0, data,
                Native.Size(data), out sealedBytes));
            GC.KeepAlive(this);
            return Native.Take(sealedBytes);
        }

        /// <summary>
        /// Decrypts a message from the other side's Encrypt; with acceptSigned, also one that is only signed.
        /// With TLS, data is what was received, and an incomplete record is kept for the next call.
        /// </summary>
        public byte[] Decrypt(byte[] data, bool acceptSigned = false)
        {
            bool encrypted;
            return Decrypt(data, acceptSigned, out encrypted);
        }

        internal byte[] Decrypt(byte[] data, bool acceptSigned, out bool encrypted)
        {
            byte[] whole = data;
            if (rest.Length > 0)
            {
                whole = new byte[rest.Length + data.Length];
                rest.CopyTo(whole, 0);
                data.CopyTo(whole, rest.Length);
            }
            Native.Bytes bytes;
            uint qop;
            UIntPtr used;
            int status = Native.sspia_hub_decrypt((ulong)Handle, whole, Native.Size(whole), out bytes, out qop,
                out used);
            GC.KeepAlive(this);
            encrypted = status >= 0 && qop != WrapNoEncrypt;
            byte[] plain = Native.Take(bytes) ?? Nothing;
            if (status == SEC_E_INCOMPLETE_MESSAGE && IsStream)
            {
                rest = (byte[])whole.Clone();
                return Nothing;
            }
            SspiException.Check(status);
            if (status == SEC_I_CONTEXT_EXPIRED && plain.Length == 0)
                throw SspiException.Of(SEC_E_CONTEXT_EXPIRED, "the peer has closed the connection");
            rest = new byte[whole.Length - (int)used];
            Array.Copy(whole, (int)used, rest, 0, rest.Length);
            if (!encrypted && !acceptSigned)
                throw SspiException.Of(SEC_E_DECRYPT_FAILURE, "the message is signed only, not encrypted");
            return plain;
        }

        /// <summary>Whether it is TLS, which has records instead of messages.</summary>
        public bool IsStream
        {
            get
            {
                long header;
                return Native.sspia_hub_query_number((ulong)Handle, StreamSizes, 0, out header) == SEC_E_OK;
            }
        }

        public byte[] Sign(byte[] data)
        {
            Native.Bytes signature;
            SspiException.Check(Native.sspia_hub_sign((ulong)Handle, data, Native.Size(data), out signature));
            GC.KeepAlive(this);
            return Native.Take(signature);
        }

        /// <summary>Throws if signature does not match data.</summary>
        public void Verify(byte[] data, byte[] signature)
        {
            SspiException.Check(Native.sspia_hub_verify((ulong)Handle, data, Native.Size(data), signature,
                Native.Size(signature)));
            GC.KeepAlive(this);
        }

        private string QueryText(uint attribute)
        {
            Native.Bytes text;
            SspiException.Check(Native.sspia_hub_query_text((ulong)Handle, attribute, 0, out text));
            GC.KeepAlive(this);
            return Native.TakeText(text);
        }

        private byte[] QueryBytes(uint attribute)
        {
            Native.Bytes bytes;
            SspiException.Check(Native.sspia_hub_query_bytes((ulong)Handle, attribute, out bytes));
            GC.KeepAlive(this);
            return Native.Take(bytes);
        }

        /// <summary>The authenticated client, "alice@EXAMPLE.ORG" or "DOMAIN\alice".</summary>
        public string UserName => QueryText(Names);

        /// <summary>The target that the client requested (acceptor).</summary>
        public string Target => QueryText(ClientTarget);

        /// <summary>The package in use; with Negotiate, the one that was chosen.</summary>
        public string Package => QueryText(PackageInfo);

        /// <summary>The session key. It is a secret.</summary>
        public byte[] SessionKey => QueryBytes(SessionKeys);

        public string ApplicationProtocol => Text.Of(QueryBytes(ApplicationProtocols));

        /// <summary>Channel bindings for a context inside this TLS connection.</summary>
        public byte[] ChannelBindings(BindingKind kind = BindingKind.Endpoint)
        {
            return QueryBytes((uint)kind);
        }

        /// <summary>The certificate of the peer (TLS), DER.</summary>
        public byte[] RemoteCertificate => QueryBytes(RemoteCertificates);

        /// <summary>How many bytes of data fit into an encrypted message of size bytes.</summary>
        public long MessageLimit(uint size)
        {
            uint limit;
            SspiException.Check(Native.sspia_hub_message_limit((ulong)Handle, 0, size, out limit));
            GC.KeepAlive(this);
            return limit;
        }

        /// <summary>A new credential from the one that the client delegated.</summary>
        public Credential DelegatedCredential()
        {
            ulong found;
            long until;
            SspiException.Check(Native.sspia_hub_delegated_credential((ulong)Handle, out found, out until));
            GC.KeepAlive(this);
            return new Credential(found, PackageToAcquire, until);
        }

        /// <summary>The context as bytes, for Import.</summary>
        public byte[] Export()
        {
            Native.Bytes packed;
            SspiException.Check(Native.sspia_hub_export_context((ulong)Handle, 0, out packed));
            GC.KeepAlive(this);
            return Native.Take(packed);
        }

        /// <summary>The handle, which the caller must now delete.</summary>
        private ulong End()
        {
            lock (guard)
            {
                ulong ended = handle;
                handle = 0;
                dead = true;
                if (ownsCredential)
                    credential.Dispose();
                ownsCredential = false;
                return ended;
            }
        }

        /// <summary>Deletes the context; earlier calls on it finish first.</summary>
        public Task DeleteAsync()
        {
            bool never;
            lock (guard)
                never = !begun && !dead;
            ulong ended = End();
            if (never)
                return Task.CompletedTask;
            return Call.StartEnd((call, queue, id) =>
                Native.sspia_hub_delete_context(call, queue, id, ended), options.Timeout);
        }

        /// <summary>The same, but waits for the result.</summary>
        public void Delete()
        {
            DeleteAsync().GetAwaiter().GetResult();
        }

        /// <summary>The same, but does not wait, and reports no result.</summary>
        public void Dispose()
        {
            DeleteNowait();
        }

        private void DeleteNowait()
        {
            ulong ended = End();
            if (ended != 0)
                Native.sspia_hub_delete_context(0, 0, 0, ended);
        }

        /// <summary>Deletes many contexts in one call.</summary>
        public static Task DeleteManyAsync(IEnumerable<SecurityContext> contexts)
        {
            var packed = new MemoryStream();
            foreach (SecurityContext context in contexts)
            {
                ulong ended = context.End();
                if (ended != 0)
                    packed.Write(BitConverter.GetBytes(ended), 0, sizeof(ulong));
            }
            byte[] handles = packed.ToArray();
            return Call.StartEnd((call, queue, id) =>
                Native.sspia_hub_delete_contexts(call, queue, id, handles, Native.Size(handles)));
        }
    }
}
