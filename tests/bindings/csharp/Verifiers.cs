// SPDX-License-Identifier: MIT
// NTLM accounts that a function of the program knows.
using System;
using System.Collections.Concurrent;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using SspiAsync;
using static Cases;

static class Verifiers
{
    private static readonly string Password = Environment.GetEnvironmentVariable("ALICE_PASSWORD");

    private static readonly byte[] Hash = // of that password
    {
        0x91, 0xc8, 0x1b, 0xd7, 0xd0, 0x87, 0x2a, 0xd6, 0x6d, 0x3f, 0x91, 0x7f, 0xea, 0x9f, 0xb5, 0xfb,
    };

    private static async Task LogsOn(Credential credential)
    {
        using (SecurityContext client = Sspi.Client("HTTP/localhost", new ContextOptions
        {
            Package = "NTLM",
            Identity = new Identity { User = "alice", Domain = "TEST", Password = Password },
        }))
        using (SecurityContext server = Sspi.Server(new ContextOptions { Credential = credential }))
        {
            await ShakeHands(client, server);
            Equal(server.UserName, "TEST\\alice");
            Check(client.SessionKey.SequenceEqual(server.SessionKey), "another key");
        }
    }

    private static async Task WithAccount(Func<string, string, Task<NtlmAccount>> look,
        Func<Credential, Task> use)
    {
        using (Credential credential = await Credential.AcquireAsync("NTLM", CredentialUse.Inbound,
            new ContextOptions { Identity = new Identity { NtlmVerifier = look } }))
            await use(credential);
    }

    private static Func<Credential, Task> Refuses(string code)
    {
        return credential => FailsWith(code, () => LogsOn(credential));
    }

    /// <summary>Something that the verifier of a credential knows which nobody has any more. mono keeps
    /// what looks like an object on a stack, so many are lost on a thread that ends.</summary>
    private static WeakReference[] Lost()
    {
        var lost = new WeakReference[20];
        var thread = new Thread(() =>
        {
            for (int i = 0; i < lost.Length; i++)
            {
                var password = new StringBuilder(Password);
                lost[i] = new WeakReference(password);
                WithAccount((user, domain) => Task.FromResult(NtlmAccount.OfPassword(password.ToString())),
                    LogsOn).GetAwaiter().GetResult();
            }
        });
        thread.Start();
        thread.Join();
        return lost;
    }

    internal static async Task All()
    {
        WeakReference[] lost = Lost();
        Eventually(() =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return lost.Any(each => !each.IsAlive);
        });
        var asked = new ConcurrentQueue<string>();
        await WithAccount((user, domain) =>
        {
            asked.Enqueue(domain + "\\" + user);
            return Task.FromResult(NtlmAccount.OfPassword(Password));
        }, credential => Task.WhenAll(Enumerable.Range(0, 20).Select(each => LogsOn(credential))));
        Equal(asked.Count, 20);
        Check(asked.All(each => each == "TEST\\alice"), asked.First());
        await WithAccount(async (user, domain) =>
        {
            await Task.Yield();
            return NtlmAccount.OfHash(Hash);
        }, LogsOn);
        await WithAccount((user, domain) => Task.FromResult<NtlmAccount>(null),
            Refuses("SEC_E_LOGON_DENIED"));
        await WithAccount((user, domain) => Task.FromResult(NtlmAccount.OfPassword("another")),
            Refuses("SEC_E_LOGON_DENIED"));

        var heard = new TaskCompletionSource<object>(TaskCreationOptions.RunContinuationsAsynchronously);
        EventHandler<UnhandledExceptionEventArgs> listener = (sender, e) => heard.SetResult(e.ExceptionObject);
        Sspi.CallbackFailed += listener;
        await WithAccount((user, domain) => { throw new InvalidOperationException("no database"); },
            Refuses("SEC_E_NO_AUTHENTICATING_AUTHORITY"));
        Equal(((Exception)await heard.Task).Message, "no database");
        Sspi.CallbackFailed -= listener;
        await Fails<ArgumentException>(() => Task.FromResult(NtlmAccount.OfHash(new byte[15])));
    }
}
