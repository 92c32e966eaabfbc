// SPDX-License-Identifier: MIT
// C#'s side of bench/languages.py: tasks, and Task.Run around a function that blocks.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using SspiAsync;

static class Probe
{
    [DllImport("libprobe.so", EntryPoint = "probe_threads")]
    internal static extern int Threads();

    [DllImport("libprobe.so", EntryPoint = "probe_library_threads")]
    internal static extern int LibraryThreads();

    [DllImport("libprobe.so", EntryPoint = "probe_inside")]
    internal static extern int Inside();

    [DllImport("libprobe.so", EntryPoint = "probe_log_on")]
    internal static extern int LogOn(string package, string target);
}

interface ISide
{
    Task Calls(int count, string words);
    Task<string> Silent(int count);
}

sealed class Ours : ISide
{
    public async Task Calls(int count, string script)
    {
        Credential credential = await Credential.AcquireAsync("Scripted", CredentialUse.Outbound,
            new ContextOptions { Principal = script });
        await Program.Spread(count, async () =>
        {
            SecurityContext context = Sspi.Client("", new ContextOptions { Credential = credential });
            await context.StepAsync();
            await context.DeleteAsync();
        });
        await credential.FreeAsync();
    }

    public async Task<string> Silent(int count)
    {
        Credential credential = await Credential.AcquireAsync("Kerberos", CredentialUse.Outbound);
        var options = new ContextOptions { Credential = credential, Timeout = Program.Deadline };
        List<Task> logons = Enumerable.Range(0, count)
            .Select(number => (Task)Sspi.Client(Program.Host(number), options).StepAsync()).ToList();
        await Task.Delay(Program.Look);
        string seen = logons.Count(logon => !logon.IsCompleted) + " " + Program.Threads() + " " +
            Probe.LibraryThreads();
        foreach (Task logon in logons)
        {
            try
            {
                await logon;
            }
            catch (SspiTimeoutException)
            {
                continue;
            }
            throw new Exception("a logon without a KDC");
        }
        await credential.FreeAsync();
        return seen;
    }
}

sealed class Theirs : ISide
{
    public Task Calls(int count, string target)
    {
        return Program.Spread(count, () => Task.Run(() =>
        {
            if (Probe.LogOn("Scripted", target) != 0)
                throw new Exception(target);
        }));
    }

    public async Task<string> Silent(int count)
    {
        for (int number = 0; number < count; number++)
        {
            string target = Program.Host(number);
            _ = Task.Run(() => Probe.LogOn("Kerberos", target));
        }
        // The pool grows, but slowly: those that it begins at once.
        ThreadPool.GetMinThreads(out int workers, out _);
        while (Probe.Inside() < Math.Min(workers, count))
            await Task.Delay(1);
        return Probe.Inside() + " " + Program.Threads();
    }
}

static class Program
{
    internal static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);
    internal static readonly TimeSpan Look = TimeSpan.FromSeconds(4); // threads without work have left

    private const int InFlight = 64;
    private static int atRest;

    internal static int Threads()
    {
        return Probe.Threads() - atRest;
    }

    internal static string Host(int number)
    {
        return "HTTP@host" + number + ".localhost";
    }

    internal static Task Spread(int count, Func<Task> body)
    {
        int left = count;
        return Task.WhenAll(Enumerable.Range(0, InFlight).Select(async chain =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
                await body();
        }));
    }

    static void Main(string[] arguments)
    {
        if (Sspi.Version.Length == 0) // the library comes before the probe
            return;
        atRest = Probe.Threads();
        ISide side = arguments[0] == "ours" ? new Ours() : (ISide)new Theirs();
        for (string line; (line = Console.ReadLine()) != null;)
        {
            string[] words = line.Split(new[] { ' ' }, 3);
            if (words[0] == "calls")
            {
                side.Calls(int.Parse(words[1]), words[2]).GetAwaiter().GetResult();
                Console.WriteLine(Threads());
            }
            else
            {
                Console.WriteLine(side.Silent(int.Parse(words[1])).GetAwaiter().GetResult());
            }
        }
    }
}
