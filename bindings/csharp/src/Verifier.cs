// SPDX-License-Identifier: MIT
using System;
using System.Threading.Tasks;

namespace SspiAsync
{
    /// <summary>The secret of an account of an NTLM server; null means: no such account.</summary>
    public sealed class NtlmAccount
    {
        private const uint Hash = 2;
        private const uint Password = 4;

        private NtlmAccount(uint answer, byte[] secret)
        {
            Answer = answer;
            Secret = secret;
        }

        internal uint Answer { get; }
        internal byte[] Secret { get; }

        public static NtlmAccount OfPassword(string password)
        {
            return new NtlmAccount(Password,
                Text.ToUtf8(password ?? throw new ArgumentNullException(nameof(password))));
        }

        /// <summary>The NT hash of a password, 16 bytes.</summary>
        public static NtlmAccount OfHash(byte[] hash)
        {
            if (hash == null || hash.Length != 16)
                throw new ArgumentException("an NT hash has 16 bytes", nameof(hash));
            return new NtlmAccount(Hash, (byte[])hash.Clone());
        }
    }

    /// <summary>
    /// Passes the questions of NTLM servers to a function of the program, on the thread pool. The credential
    /// keeps it alive. The code that waits for questions has only a weak reference: when the Verifier is
    /// finalized, its number is freed, the wait ends, and later questions are refused at once.
    /// </summary>
    internal sealed class Verifier
    {
        private const int SEC_E_OK = 0;
        private const int SEC_E_INSUFFICIENT_MEMORY = unchecked((int)0x80090300);
        private const uint No = 0;
        private const uint Unable = 1;

        private readonly Func<string, string, Task<NtlmAccount>> look;

        internal Verifier(Func<string, string, Task<NtlmAccount>> look)
        {
            this.look = look;
            Number = Library.Find(() => Native.sspia_hub_verifier_create());
            ulong call = Number == 0 ? 0 : Native.sspia_hub_call_create();
            if (call == 0)
                throw SspiException.Of(SEC_E_INSUFFICIENT_MEMORY, "out of memory");
            Listen(call, Number, new WeakReference<Verifier>(this));
        }

        ~Verifier()
        {
            Native.sspia_hub_verifier_free(Number); // an invalid number is ignored
        }

        /// <summary>The number for the identity.</summary>
        internal ulong Number { get; }

        private static void Listen(ulong call, ulong number, WeakReference<Verifier> owner)
        {
            ulong id = Completions.Expect(status => Hear(call, number, owner));
            if (Native.sspia_hub_verifier_wait(call, Completions.Queue, id, number) >= 0)
                return;
            Completions.Forget(id);
            Native.sspia_hub_call_free(call);
        }

        private static void Hear(ulong call, ulong number, WeakReference<Verifier> owner)
        {
            Verifier verifier;
            if (Native.sspia_hub_call_status(call) < 0 || !owner.TryGetTarget(out verifier))
            {
                Native.sspia_hub_call_free(call);
                return;
            }
            ulong question;
            Native.Bytes user, domain;
            while (Native.sspia_hub_verifier_take(number, out question, out user, out domain) == SEC_E_OK)
                verifier.Ask(question, Native.TakeText(user) ?? "", Native.TakeText(domain) ?? "");
            Native.sspia_hub_call_reinit(call);
            Listen(call, number, owner);
        }

        private void Ask(ulong question, string user, string domain)
        {
            Task.Run(async () =>
            {
                try
                {
                    Tell(question, await look(user, domain).ConfigureAwait(false));
                }
                catch (Exception problem)
                {
                    Native.sspia_hub_verifier_answer(question, Unable, null, UIntPtr.Zero);
                    Sspi.Report(problem);
                }
            });
        }

        private static void Tell(ulong question, NtlmAccount account)
        {
            SspiException.Check(Native.sspia_hub_verifier_answer(question, account?.Answer ?? No,
                account?.Secret, Native.Size(account?.Secret)));
        }
    }
}
