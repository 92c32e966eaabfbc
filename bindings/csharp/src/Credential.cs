// SPDX-License-Identifier: MIT
using System;
using System.Threading;
using System.Threading.Tasks;

namespace SspiAsync
{
    /// <summary>A credential to log on with. It can be used for any number of contexts at the same
    /// time.</summary>
    public sealed class Credential : IDisposable
    {
        private long handle;
        private readonly long expiry;
        private readonly Verifier verifier; // must live as long as questions may come

        internal Credential(ulong handle, string package, long expiry, Verifier verifier = null)
        {
            this.verifier = verifier;
            this.handle = (long)handle;
            this.expiry = expiry;
            Package = package;
        }

        ~Credential()
        {
            FreeNowait();
            GC.KeepAlive(verifier);
        }

        /// <summary>Acquires a credential. It uses the options Principal, Identity and Timeout.</summary>
        public static Task<Credential> AcquireAsync(string package, CredentialUse use = CredentialUse.Outbound,
            ContextOptions options = null, CancellationToken token = default(CancellationToken))
        {
            options = options ?? new ContextOptions();
            byte[] name = Text.ToUtf8(package);
            byte[] principal = Text.ToUtf8(options.Principal);
            Verifier verifier = options.Identity?.NtlmVerifier == null
                ? null : new Verifier(options.Identity.NtlmVerifier);
            byte[] identity = Identity.Pack(options.Identity, verifier);
            try
            {
                return Call.Start((call, queue, id) => Native.sspia_hub_acquire(call, queue, id, name,
                    Native.Size(name), principal, Native.Size(principal), (uint)use, identity,
                    Native.Size(identity)), options.Timeout, token,
                    outcome => new Credential(outcome.Credential, package, outcome.Expiry, verifier));
            }
            finally
            {
                GC.KeepAlive(verifier);
                if (identity != null)
                    Array.Clear(identity, 0, identity.Length);
            }
        }

        /// <summary>The same, but waits for the result.</summary>
        public static Credential Acquire(string package, CredentialUse use = CredentialUse.Outbound,
            ContextOptions options = null)
        {
            return AcquireAsync(package, use, options).GetAwaiter().GetResult();
        }

        public string Package { get; }

        /// <summary>When it expires; null: never, or not known.</summary>
        public DateTimeOffset? Expiry =>
            expiry < 0 ? (DateTimeOffset?)null : DateTimeOffset.FromUnixTimeSeconds(expiry);

        /// <summary>Its number in the library; 0 after it was freed.</summary>
        public long Handle => Interlocked.Read(ref handle);

        /// <summary>The name of its principal.</summary>
        public string Name
        {
            get
            {
                Native.Bytes name;
                SspiException.Check(Native.sspia_hub_credential_name((ulong)Handle, out name));
                GC.KeepAlive(this);
                return Native.TakeText(name);
            }
        }

        private ulong End()
        {
            GC.SuppressFinalize(this);
            return (ulong)Interlocked.Exchange(ref handle, 0);
        }

        /// <summary>Frees the credential; contexts that were created with it continue.</summary>
        public Task FreeAsync()
        {
            ulong ended = End();
            return Call.StartEnd((call, queue, id) =>
                Native.sspia_hub_free_credential(call, queue, id, ended));
        }

        /// <summary>The same, but waits for the result.</summary>
        public void Free()
        {
            FreeAsync().GetAwaiter().GetResult();
        }

        /// <summary>The same, but does not wait, and reports no result.</summary>
        public void Dispose()
        {
            FreeNowait();
        }

        private void FreeNowait()
        {
            ulong ended = End();
            if (ended != 0)
                Native.sspia_hub_free_credential(0, 0, 0, ended);
        }
    }
}
