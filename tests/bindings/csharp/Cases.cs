// SPDX-License-Identifier: MIT
// The list of tests/bindings/cases for C#. Cases runs all that need no process of their own,
// Cases NAME begins one that does: run.py looks how it ends.
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using SspiAsync;
using static SspiAsync.Raw;

static class Probe
{
    [DllImport("libprobe.so", EntryPoint = "probe_contexts")]
    internal static extern int Contexts();

    [DllImport("libprobe.so", EntryPoint = "probe_credentials")]
    internal static extern int Credentials();

    [DllImport("libprobe.so", EntryPoint = "probe_blocked")]
    internal static extern int Blocked();

    [DllImport("libprobe.so", EntryPoint = "probe_resident")]
    internal static extern int Resident();

    [DllImport("libprobe.so", EntryPoint = "probe_release")]
    internal static extern void Release(int count);
}

/// <summary>A loop of a program's own, on the thread that runs it.</summary>
sealed class Loop : SynchronizationContext
{
    private readonly BlockingCollection<Action> turns = new BlockingCollection<Action>();

    public override void Post(SendOrPostCallback callback, object state)
    {
        turns.Add(() => callback(state));
    }

    /// <summary>Runs body, and turns until it is done.</summary>
    public static void Run(Func<Task> body)
    {
        SynchronizationContext before = Current;
        var loop = new Loop();
        SetSynchronizationContext(loop);
        try
        {
            Task task = body();
            task.ContinueWith(done => loop.turns.CompleteAdding(), TaskScheduler.Default);
            foreach (Action turn in loop.turns.GetConsumingEnumerable())
                turn();
            task.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }
}

static class Cases
{
    const int PatienceMs = 60000;

    internal static void Check(bool good, object what)
    {
        if (!good)
            throw new Exception(what.ToString());
    }

    internal static void Equal(object got, object wanted)
    {
        Check(Equals(got, wanted), got + " instead of " + wanted);
    }

    internal static void Eventually(Func<bool> what)
    {
        DateTime end = DateTime.UtcNow.AddMilliseconds(PatienceMs);
        while (!what())
        {
            Check(DateTime.UtcNow < end, "never");
            Thread.Sleep(1);
        }
    }

    internal static async Task<T> Fails<T>(Func<Task> body) where T : Exception
    {
        try
        {
            await body();
        }
        catch (T problem)
        {
            return problem;
        }
        throw new Exception("it did not fail");
    }

    internal static async Task<SspiException> FailsWith(string code, Func<Task> body)
    {
        SspiException problem = await Fails<SspiException>(body);
        Equal(problem.Code, code);
        return problem;
    }

    static Task<Credential> Scripted(string script = "all: per-leg")
    {
        return Credential.AcquireAsync("Scripted", CredentialUse.Both,
            new ContextOptions { Principal = script });
    }

    static SecurityContext Client(string target, Credential credential)
    {
        return Sspi.Client(target, new ContextOptions { Credential = credential });
    }

    /// <summary>A context after its first leg.</summary>
    static async Task<SecurityContext> Begun(Credential credential)
    {
        SecurityContext context = Client("more", credential);
        await context.StepAsync();
        return context;
    }

    internal static async Task ShakeHands(SecurityContext client, SecurityContext server)
    {
        byte[] token = await client.StepAsync();
        while (!client.IsComplete || !server.IsComplete)
        {
            token = await server.StepAsync(token);
            if (!client.IsComplete)
                token = await client.StepAsync(token);
        }
    }

    static async Task Ntlm(Action<SecurityContext, SecurityContext> use)
    {
        SecurityContext client = Sspi.Client("HTTP/localhost", new ContextOptions
        {
            Package = "NTLM",
            Identity = new Identity
            {
                User = "alice",
                Domain = "TEST",
                Password = Environment.GetEnvironmentVariable("ALICE_PASSWORD"),
            },
        });
        SecurityContext server = Sspi.Server(new ContextOptions
        {
            Package = "NTLM",
            Identity = new Identity { NtlmUserFile = Environment.GetEnvironmentVariable("NTLM_USER_FILE") },
        });
        await ShakeHands(client, server);
        use(client, server);
        await client.DeleteAsync();
        await server.DeleteAsync();
    }

    static async Task acquire()
    {
        Credential credential = await Scripted();
        Equal(Probe.Credentials(), 1);
        await credential.FreeAsync();
        Equal(Probe.Credentials(), 0);
        SspiException problem = await FailsWith("SEC_E_LOGON_DENIED",
            () => Scripted("acquire: status=SEC_E_LOGON_DENIED say=no"));
        Check(problem.Message.EndsWith("no"), problem);
    }

    static Task ntlm_handshake()
    {
        return Ntlm((client, server) => Equal(server.UserName, "TEST\\alice"));
    }

    static Task ntlm_verifier()
    {
        return Verifiers.All();
    }

    static async Task tls_handshake()
    {
        string certificate = Environment.GetEnvironmentVariable("TLS_CERTIFICATE");
        SecurityContext client = Sspi.Client("localhost", new ContextOptions
        {
            Package = "Schannel",
            Identity = new Identity { Roots = certificate },
            ApplicationProtocols = new[] { "h2", "http/1.1" },
        });
        SecurityContext server = Sspi.Server(new ContextOptions
        {
            Package = "Schannel",
            Identity = new Identity { Certificate = certificate },
            ApplicationProtocols = new[] { "http/1.1" },
        });
        await ShakeHands(client, server);
        Equal(client.ApplicationProtocol, "http/1.1");
        Equal(Convert.ToBase64String(client.ChannelBindings()),
            Convert.ToBase64String(server.ChannelBindings()));
        Equal(Encoding.UTF8.GetString(server.Decrypt(client.Encrypt(Encoding.UTF8.GetBytes("hello")))),
            "hello");
        await SecurityContext.DeleteManyAsync(new[] { client, server });
    }

    static async Task kerberos_handshake()
    {
        SecurityContext client = Sspi.Client("HTTP@localhost", new ContextOptions { Package = "Kerberos" });
        SecurityContext server = Sspi.Server(new ContextOptions { Package = "Kerberos" });
        await ShakeHands(client, server);
        Equal(server.UserName, "alice@" + Environment.GetEnvironmentVariable("REALM"));
        Check(client.Expiry > DateTimeOffset.UtcNow, client.Expiry);
        await client.DeleteAsync();
        await server.DeleteAsync();
    }

    static async Task seal_and_unseal()
    {
        SspiException problem = null;
        await Ntlm((client, server) =>
        {
            byte[] message = { (byte)'h', 0, 0xff, (byte)'i' };
            byte[] wrapped = client.Encrypt(message);
            Check(!BitConverter.ToString(wrapped).Contains(BitConverter.ToString(message)), "not sealed");
            Equal(BitConverter.ToString(server.Decrypt(wrapped)), BitConverter.ToString(message));
            wrapped[wrapped.Length - 1] ^= 1;
            try
            {
                server.Decrypt(wrapped);
            }
            catch (SspiException caught)
            {
                problem = caught;
            }
            server.Verify(message, client.Sign(message));
        });
        Check(problem?.Code == "SEC_E_MESSAGE_ALTERED" || problem?.Code == "SEC_E_OUT_OF_SEQUENCE",
            "altered, and opened");
    }

    static async Task delete_pending_then_ok()
    {
        Credential credential = await Scripted();
        SecurityContext context = await Begun(credential);
        AsyncContext leg = SspiCreateAsyncContext();
        AsyncContext end = SspiCreateAsyncContext();
        var handle = new Place { Value = context.Handle };
        Equal(SspiInitializeSecurityContextAsync(leg, new Place { Value = credential.Handle }, handle, "block",
            0, 0, 0, null, 0, null, null, null, null), SEC_E_OK);
        var heard = new TaskCompletionSource<object>(TaskCreationOptions.RunContinuationsAsynchronously);
        SspiSetAsyncNotifyCallback(end, (async, data) => heard.SetResult(data), "data");
        Equal(SspiDeleteSecurityContextAsync(end, handle), SEC_E_OK);
        Equal(SspiGetAsyncCallStatus(end), SEC_I_ASYNC_CALL_PENDING);
        Probe.Release(1);
        Equal(await heard.Task, "data");
        Equal(SspiGetAsyncCallStatus(end), SEC_E_OK);
        SspiFreeAsyncContext(leg);
        SspiFreeAsyncContext(end);
        context.Dispose();
        await credential.FreeAsync();
    }

    static async Task Turns(Credential credential, int count)
    {
        int thread = Thread.CurrentThread.ManagedThreadId;
        for (int i = 0; i < count; i++)
        {
            SecurityContext context = await Begun(credential);
            await context.DeleteAsync();
            Equal(Thread.CurrentThread.ManagedThreadId, thread);
        }
    }

    static async Task delete_heard_on_the_loop()
    {
        Credential credential = await Scripted();
        Loop.Run(() => Turns(credential, 1));
        await credential.FreeAsync();
    }

    static async Task fire_and_forget()
    {
        Credential credential = await Scripted();
        var contexts = new List<SecurityContext>();
        for (int i = 0; i < 100; i++)
            contexts.Add(await Begun(credential));
        Equal(Probe.Contexts(), 100);
        contexts.ForEach(context => context.Dispose());
        credential.Dispose();
        Eventually(() => Probe.Contexts() == 0 && Probe.Credentials() == 0);
    }

    static async Task double_delete()
    {
        Credential credential = await Scripted();
        SecurityContext context = await Begun(credential);
        await context.DeleteAsync();
        await FailsWith("SEC_E_INVALID_HANDLE", () => context.DeleteAsync());
        await FailsWith("SEC_E_INVALID_HANDLE", () => context.StepAsync());
        await credential.FreeAsync();
    }

    static async Task exception_in_callback()
    {
        Credential credential = await Scripted();
        SecurityContext first = await Begun(credential);
        SecurityContext second = await Begun(credential);
        var caught = new TaskCompletionSource<object>(TaskCreationOptions.RunContinuationsAsynchronously);
        EventHandler<UnhandledExceptionEventArgs> listener =
            (sender, e) => caught.SetResult(e.ExceptionObject);
        Sspi.CallbackFailed += listener;
        AsyncContext end = SspiCreateAsyncContext();
        SspiSetAsyncNotifyCallback(end, (async, data) => { throw new InvalidOperationException("boom"); });
        SspiDeleteSecurityContextAsync(end, new Place { Value = first.Handle });
        await second.DeleteAsync();
        Equal(((Exception)await caught.Task).Message, "boom");
        Sspi.CallbackFailed -= listener;
        SspiFreeAsyncContext(end);
        first.Dispose();
        await credential.FreeAsync();
    }

    /// <summary>So many legs, each with the deletion of its context, 64 at a time.</summary>
    static async Task Deletions(Credential credential, int count)
    {
        int left = count;
        var chains = new List<Task>();
        for (int i = 0; i < 64; i++)
            chains.Add(Task.Run(async () =>
            {
                while (Interlocked.Decrement(ref left) >= 0)
                    await (await Begun(credential)).DeleteAsync();
            }));
        await Task.WhenAll(chains);
    }

    static async Task ten_thousand_deletions()
    {
        Credential credential = await Scripted();
        await Deletions(credential, 10000);
        Equal(Probe.Contexts(), 0);
        await credential.FreeAsync();
    }

    static Task late_numbers()
    {
        const int NoContext = unchecked((int)0x80090361);
        Type native = typeof(Sspi).Assembly.GetType("SspiAsync.Native");
        Func<string, Type, Delegate> bind = (name, type) => Delegate.CreateDelegate(type,
            native.GetMethod("sspia_hub_" + name, BindingFlags.Static | BindingFlags.NonPublic));
        var create = (Func<ulong>)bind("call_create", typeof(Func<ulong>));
        var status = (Func<ulong, int>)bind("call_status", typeof(Func<ulong, int>));
        var free = (Action<ulong>)bind("call_free", typeof(Action<ulong>));
        for (int i = 0; i < 600000; i++)
        {
            ulong call = create();
            if (call == 0 || call >= 1UL << 53 || status((ulong)(double)call) != NoContext)
                throw new Exception("number " + i + ": " + call);
            free(call);
        }
        return Task.CompletedTask;
    }

    static async Task text_with_nul()
    {
        await FailsWith("SEC_E_INVALID_PARAMETER", () => Scripted("all: name=ab\0evil"));
        await FailsWith("SEC_E_INVALID_PARAMETER", () => Credential.AcquireAsync("Scripted\0"));
        ArgumentException refused = await Fails<ArgumentException>(() => Credential.AcquireAsync("NTLM",
            CredentialUse.Outbound,
            new ContextOptions { Identity = new Identity { User = "alice", Password = "x\0user\0bob" } }));
        Check(refused.Message.Contains("NUL"), refused);
        Credential credential = await Scripted();
        await FailsWith("SEC_E_INVALID_PARAMETER", () => Client("more\0evil", credential).StepAsync());
        await Fails<ArgumentException>(() => Client("half a pair: \ud83d", credential).StepAsync());
        await credential.FreeAsync();
    }

    static async Task text_beyond_bmp()
    {
        Credential credential = await Scripted("all: per-leg name=\U0001f511\u00e9");
        SecurityContext context = await Begun(credential);
        Equal(context.UserName, "\U0001f511\u00e9");
        await context.DeleteAsync();
        await credential.FreeAsync();
    }

    static async Task deadline_ends_a_blocked_leg()
    {
        Credential credential = await Scripted();
        SecurityContext context = Sspi.Client("block", new ContextOptions
        {
            Credential = credential,
            Timeout = TimeSpan.FromMilliseconds(20),
        });
        SspiTimeoutException late = await Fails<SspiTimeoutException>(() => context.StepAsync());
        Equal(late.Code, "SEC_E_SECURITY_QOS_FAILED");
        Probe.Release(Probe.Blocked());
        await credential.FreeAsync();
    }

    static async Task cancel()
    {
        Credential credential = await Scripted();
        using (var source = new CancellationTokenSource())
        {
            Task leg = Client("block", credential).StepAsync(null, source.Token);
            Eventually(() => Probe.Blocked() == 1);
            source.Cancel();
            await Fails<OperationCanceledException>(() => leg);
            Check(leg.IsCanceled, leg.Status);
            await Fails<OperationCanceledException>(
                () => Client("block", credential).StepAsync(null, source.Token));
        }
        Probe.Release(1);
        await credential.FreeAsync();
    }

    /// <summary>On a thread that ends: mono keeps whatever looks like an object on a stack.</summary>
    static void BeginAndLose(Credential credential)
    {
        var thread = new Thread(() =>
        {
            for (int i = 0; i < 20; i++)
                Client("block", credential).StepAsync();
        });
        thread.Start();
        thread.Join();
    }

    /// <summary>Does to others, on all threads, what was done to those that are to be
    /// collected.</summary>
    static void WriteOverStacks(Credential credential)
    {
        var chains = new List<Task>();
        for (int i = 0; i < 32; i++)
            chains.Add(Task.Run(async () => await (await Begun(credential)).DeleteAsync()));
        Task.WaitAll(chains.ToArray());
    }

    static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    static async Task collector_with_calls_pending()
    {
        Credential credential = await Scripted();
        BeginAndLose(credential);
        Eventually(() =>
        {
            Collect();
            return Probe.Blocked() == 20;
        });
        Probe.Release(20);
        Eventually(() =>
        {
            WriteOverStacks(credential);
            Collect();
            return Probe.Contexts() == 0;
        });
        await credential.FreeAsync();
    }

    static async Task two_loops()
    {
        Credential credential = await Scripted();
        var problems = new ConcurrentQueue<Exception>();
        var threads = new List<Thread>();
        for (int i = 0; i < 2; i++)
        {
            var thread = new Thread(() =>
            {
                try
                {
                    Loop.Run(() => Turns(credential, 200));
                }
                catch (Exception problem)
                {
                    problems.Enqueue(problem);
                }
            });
            threads.Add(thread);
            thread.Start();
        }
        threads.ForEach(thread => thread.Join());
        Check(problems.IsEmpty, string.Join(" ", problems));
        Equal(Probe.Contexts(), 0);
        await credential.FreeAsync();
    }

    static Task neighbours_interface()
    {
        return Neighbours.All();
    }

    static async Task<List<Task>> HundredBlocked()
    {
        Credential credential = await Scripted();
        var legs = new List<Task>();
        for (int i = 0; i < 100; i++)
            legs.Add(Client("block", credential).StepAsync());
        Eventually(() => Probe.Blocked() > 0);
        return legs;
    }

    /// <summary>So many calls in 20 lots; what the process has after each.</summary>
    static async Task MemoryStaysFlat(int calls)
    {
        Credential credential = await Scripted();
        for (int lot = 0; lot < 20; lot++)
        {
            await Deletions(credential, calls / 40);
            GC.Collect();
            Console.WriteLine(Probe.Resident());
        }
        await credential.FreeAsync();
    }

    static void Program(string name)
    {
        List<Task> legs = HundredBlocked().GetAwaiter().GetResult();
        switch (name)
        {
            case "exit_with_calls_pending":
                Environment.Exit(3);
                break;
            case "natural_end_with_calls_pending":
                Environment.ExitCode = 3;
                break;
            case "killed_by_sigterm_while_waiting":
                Console.WriteLine("waiting");
                legs[0].Wait();
                break;
        }
    }

    static void Run(Func<Task> body)
    {
        string name = body.Method.Name;
        try
        {
            body().GetAwaiter().GetResult();
            Eventually(() => Probe.Contexts() == 0 && Probe.Credentials() == 0);
            Console.WriteLine("PASS " + name);
        }
        catch (Exception problem)
        {
            Console.WriteLine("FAIL " + name + ": " + problem.ToString().Replace("\n", " | "));
        }
    }

    static void Main(string[] arguments)
    {
        Check(Sspi.Version.Length > 0, "no version"); // the library comes before the probe
        if (arguments.Length > 1)
        {
            MemoryStaysFlat(int.Parse(arguments[1])).GetAwaiter().GetResult();
            return;
        }
        if (arguments.Length > 0)
        {
            Program(arguments[0]);
            return;
        }
        foreach (Func<Task> body in new Func<Task>[]
        {
            acquire, ntlm_handshake, ntlm_verifier, tls_handshake, kerberos_handshake, seal_and_unseal,
            delete_pending_then_ok, delete_heard_on_the_loop, fire_and_forget, double_delete,
            exception_in_callback, ten_thousand_deletions, late_numbers, text_with_nul, text_beyond_bmp,
            deadline_ends_a_blocked_leg, cancel, collector_with_calls_pending, two_loops,
            neighbours_interface,
        })
            Run(body);
    }
}
