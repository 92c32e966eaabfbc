// SPDX-License-Identifier: MIT
using System;
using System.Threading;
using System.Threading.Tasks;

namespace SspiAsync
{
    /// <summary>What one logs on with. It may be used for any number of contexts at the same
    /// time.</summary>
    public sealed class Credential : IDisposable
    {
        private long handle;
        private readonly long expiry;
        private readonly Verifier verifier; // for as long as somebody may ask

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

        /// <summary>Gets one. Of the options it takes Principal, Identity and Timeout.</summary>
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

        /// <summary>The same, waited for.</summary>
        public static Credential Acquire(string package, CredentialUse use = CredentialUse.Outbound,
            ContextOptions options = null)
        {
            return AcquireAsync(package, use, options).GetAwaiter().GetResult();
        }

        public string Package { get; }

        /// <summary>Until when it is good; null: for ever, or not known.</summary>
        public DateTimeOffset? Expiry =>
            expiry < 0 ? (DateTimeOffset?)null : DateTimeOffset.FromUnixTimeSeconds(expiry);

        /// <summary>Its number in the library; 0 when it was freed.</summary>
        public long Handle => Interlocked.Read(ref handle);

        /// <summary>Who it is of.</summary>
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

        /// <summary>Frees it; contexts that were made with it go on.</summary>
        public Task FreeAsync()
        {
            ulong ended = End();
            return Call.StartEnd((call, queue, id) =>
                Native.sspia_hub_free_credential(call, queue, id, ended));
        }

        /// <summary>The same, waited for.</summary>
        public void Free()
        {
            FreeAsync().GetAwaiter().GetResult();
        }

        /// <summary>The same with nobody to hear of it. Waits for nothing.</summary>
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
