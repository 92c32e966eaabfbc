// SPDX-License-Identifier: MIT
// Both sides of a handshake in one program: what each of our languages does in its own way.
//
//     mcs -r:SspiAsync.dll handshake.cs
//     mono handshake.exe Kerberos
//     mono handshake.exe NTLM alice TEST PASSWORD USER_FILE
//
// Kerberos uses the tickets and the keytab of whoever runs it, for HTTP@localhost. USER_FILE has
// lines DOMAIN:user:password. The other examples called handshake print the same.
using System;
using System.Text;
using System.Threading.Tasks;
using SspiAsync;

static class Handshake
{
    /// <summary>Lets each side's token go to the other one; how many legs that took.</summary>
    static async Task<int> ShakeHands(SecurityContext client, SecurityContext server)
    {
        byte[] token = await client.StepAsync();
        int legs = 1;
        for (; !client.IsComplete || !server.IsComplete; legs++)
            token = await (legs % 2 == 0 ? client : server).StepAsync(token);
        return legs;
    }

    static async Task Run(string[] arguments)
    {
        Identity ours = null, theirs = null;
        if (arguments.Length > 1)
        {
            ours = new Identity { User = arguments[1], Domain = arguments[2], Password = arguments[3] };
            theirs = new Identity { NtlmUserFile = arguments[4] };
        }
        TimeSpan timeout = TimeSpan.FromSeconds(10);
        SecurityContext client = Sspi.Client("HTTP@localhost",
            new ContextOptions { Package = arguments[0], Identity = ours, Timeout = timeout });
        SecurityContext server = Sspi.Server(
            new ContextOptions { Package = arguments[0], Identity = theirs, Timeout = timeout });

        Console.WriteLine(arguments[0] + ": " + await ShakeHands(client, server) + " legs");
        Console.WriteLine("the server knows " + server.UserName);
        byte[] opened = server.Decrypt(client.Encrypt(Encoding.UTF8.GetBytes("hello")));
        Console.WriteLine("sealed and opened: " + Encoding.UTF8.GetString(opened));
        await Task.WhenAll(client.DeleteAsync(), server.DeleteAsync());
        Console.WriteLine("deleted");
    }

    static void Main(string[] arguments)
    {
        Run(arguments).GetAwaiter().GetResult();
    }
}
