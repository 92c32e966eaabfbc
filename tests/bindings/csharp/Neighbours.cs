// SPDX-License-Identifier: MIT
// Programs of System.Net.Security.NegotiateAuthentication, on ours.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Security;
using System.Security.Authentication.ExtendedProtection;
using System.Security.Principal;
using System.Text;
using System.Threading.Tasks;
using SspiAsync;
using static Cases;
using Status = SspiAsync.NegotiateAuthenticationStatusCode;

static class Neighbours
{
    private static readonly byte[] Hello = Encoding.UTF8.GetBytes("hello");

    /// <summary>The public members that Microsoft's reference lists for .NET 8; integrity checks are of
    /// .NET 9.</summary>
    private static readonly Dictionary<Type, string> Members = new Dictionary<Type, string>
    {
        [typeof(NegotiateAuthentication)] = "ImpersonationLevel IsAuthenticated IsEncrypted " +
            "IsMutuallyAuthenticated IsServer IsSigned Package ProtectionLevel RemoteIdentity TargetName " +
            "Dispose GetOutgoingBlob Unwrap UnwrapInPlace Wrap ComputeIntegrityCheck VerifyIntegrityCheck",
        [typeof(NegotiateAuthenticationClientOptions)] = "AllowedImpersonationLevel Binding Credential " +
            "Package RequiredProtectionLevel RequireMutualAuthentication TargetName",
        [typeof(NegotiateAuthenticationServerOptions)] = "Binding Credential Package Policy " +
            "RequiredImpersonationLevel RequiredProtectionLevel",
        [typeof(Status)] = "Completed ContinueNeeded GenericFailure BadBinding Unsupported " +
            "MessageAltered ContextExpired CredentialsExpired InvalidCredentials InvalidToken " +
            "UnknownCredentials QopNotSupported OutOfSequence SecurityQosFailed TargetUnknown " +
            "ImpersonationValidationFailed",
    };

    private static string Environ(string name)
    {
        return Environment.GetEnvironmentVariable(name);
    }

    private static NegotiateAuthenticationClientOptions ClientOptions(string package)
    {
        var options = new NegotiateAuthenticationClientOptions
        {
            Package = package,
            TargetName = "HTTP/localhost",
            RequiredProtectionLevel = ProtectionLevel.EncryptAndSign,
        };
        if (package == "NTLM")
            options.Credential = new NetworkCredential("alice", Environ("ALICE_PASSWORD"), "TEST");
        return options;
    }

    private static NegotiateAuthenticationServerOptions ServerOptions(string package)
    {
        return new NegotiateAuthenticationServerOptions
        {
            Package = package,
            Identity = package == "NTLM" ? new Identity { NtlmUserFile = Environ("NTLM_USER_FILE") } : null,
        };
    }

    /// <summary>The last status, of whichever side it was.</summary>
    private static Status ShakeHands(NegotiateAuthentication client, NegotiateAuthentication server)
    {
        Status status;
        string blob = null;
        for (var side = client; ; side = side == client ? server : client)
        {
            blob = side.GetOutgoingBlob(blob, out status);
            if (blob == null || status > Status.ContinueNeeded)
                return status;
        }
    }

    private static Status Between(NegotiateAuthenticationClientOptions clientOptions,
        NegotiateAuthenticationServerOptions serverOptions,
        Action<NegotiateAuthentication, NegotiateAuthentication> use = null)
    {
        using (var client = new NegotiateAuthentication(clientOptions))
        using (var server = new NegotiateAuthentication(serverOptions))
        {
            Status status = ShakeHands(client, server);
            Equal(server.IsAuthenticated, status == Status.Completed);
            use?.Invoke(client, server);
            return status;
        }
    }

    private static void EachMember()
    {
        foreach (KeyValuePair<Type, string> each in Members)
            foreach (string name in each.Value.Split(' '))
                Check(each.Key.GetMember(name).Any(), each.Key.Name + " has no " + name);
    }

    private static void Talk(NegotiateAuthentication from, NegotiateAuthentication to, bool encrypts)
    {
        bool encrypted;
        var wrapped = new MemoryStream();
        var opened = new MemoryStream();
        Equal(from.Wrap(Hello, wrapped, encrypts, out encrypted), Status.Completed);
        Equal(encrypted, encrypts);
        Equal(to.Unwrap(wrapped.ToArray(), opened, out encrypted), Status.Completed);
        Equal(encrypted, encrypts);
        Equal(Encoding.UTF8.GetString(opened.ToArray()), "hello");

        int offset, length;
        wrapped.SetLength(0);
        Equal(from.Wrap(Hello, wrapped, encrypts, out encrypted), Status.Completed);
        byte[] place = wrapped.ToArray();
        Equal(to.UnwrapInPlace(place, out offset, out length, out encrypted), Status.Completed);
        Equal(encrypted, encrypts);
        Equal(Encoding.UTF8.GetString(place, offset, length), "hello");

        var signature = new MemoryStream();
        from.ComputeIntegrityCheck(Hello, signature);
        Check(to.VerifyIntegrityCheck(Hello, signature.ToArray()), "a good signature");
        signature.SetLength(0);
        from.ComputeIntegrityCheck(Hello, signature);
        Check(!to.VerifyIntegrityCheck(new byte[] { 1 }, signature.ToArray()), "another's signature");
    }

    private static void Kerberos(string package)
    {
        NegotiateAuthenticationClientOptions options = ClientOptions(package);
        options.RequireMutualAuthentication = true;
        NegotiateAuthenticationServerOptions serverOptions = ServerOptions(package);
        serverOptions.RequiredProtectionLevel = ProtectionLevel.EncryptAndSign;
        Equal(Between(options, serverOptions, (client, server) =>
        {
            Check(client.IsAuthenticated && client.IsMutuallyAuthenticated && client.IsSigned, package);
            Equal(client.ProtectionLevel, ProtectionLevel.EncryptAndSign);
            Equal(client.Package, "Kerberos");
            Equal(server.RemoteIdentity.Name, "alice@" + Environ("REALM"));
            Equal(server.RemoteIdentity.AuthenticationType, "Kerberos");
            Equal(client.RemoteIdentity.Name, "HTTP/localhost");
            Equal(client.TargetName, "HTTP/localhost");
            Equal(server.TargetName, "HTTP/localhost");
            Equal(server.ImpersonationLevel, TokenImpersonationLevel.Impersonation);
            Talk(client, server, true);
            Talk(server, client, false);
            Check(server.Unwrap(new byte[] { 1, 2, 3 }, new MemoryStream(), out _) != Status.Completed,
                "garbage, and opened");
        }), Status.Completed);
    }

    private static void Requirements()
    {
        NegotiateAuthenticationClientOptions weak = ClientOptions("NTLM");
        weak.RequiredProtectionLevel = ProtectionLevel.None;
        NegotiateAuthenticationServerOptions strict = ServerOptions("NTLM");
        strict.RequiredProtectionLevel = ProtectionLevel.EncryptAndSign;
        Equal(Between(weak, strict), Status.SecurityQosFailed);
        Equal(Between(ClientOptions("NTLM"), strict, (client, server) =>
            Equal(server.RemoteIdentity.Name, "TEST\\alice")), Status.Completed);

        NegotiateAuthenticationServerOptions delegated = ServerOptions("Kerberos");
        delegated.RequiredImpersonationLevel = TokenImpersonationLevel.Delegation;
        Equal(Between(ClientOptions("Kerberos"), delegated), Status.ImpersonationValidationFailed);
        NegotiateAuthenticationClientOptions trusting = ClientOptions("Kerberos");
        trusting.AllowedImpersonationLevel = TokenImpersonationLevel.Delegation;
        Equal(Between(trusting, delegated, (client, server) =>
            Equal(server.ImpersonationLevel, TokenImpersonationLevel.Delegation)), Status.Completed);
    }

    private static void Bindings()
    {
        using (var one = new TlsChannelBinding(Encoding.UTF8.GetBytes("tls-unique:1")))
        using (var same = new TlsChannelBinding(Encoding.UTF8.GetBytes("tls-unique:1")))
        using (var other = new TlsChannelBinding(Encoding.UTF8.GetBytes("tls-unique:2")))
        {
            foreach (string package in new[] { "Kerberos", "NTLM" })
            {
                NegotiateAuthenticationClientOptions options = ClientOptions(package);
                NegotiateAuthenticationServerOptions bound = ServerOptions(package);
                options.Binding = one;
                bound.Binding = same;
                Equal(Between(options, bound), Status.Completed);
                bound.Binding = other;
                Equal(Between(options, bound), Status.BadBinding);
            }
        }
    }

    private static ExtendedProtectionPolicy Policy(PolicyEnforcement enforcement, params string[] names)
    {
        return new ExtendedProtectionPolicy(enforcement, ProtectionScenario.TrustedProxy,
            new ServiceNameCollection(names));
    }

    /// <summary>mono has policies in name only.</summary>
    private static bool HasPolicies()
    {
        try
        {
            return Policy(PolicyEnforcement.Always, "HTTP/localhost").CustomServiceNames.Count == 1;
        }
        catch (NotImplementedException)
        {
            return false;
        }
    }

    private static void Policies()
    {
        NegotiateAuthenticationServerOptions options = ServerOptions("NTLM");
        options.Policy = Policy(PolicyEnforcement.WhenSupported, "HTTP/elsewhere", "HTTP/localhost");
        Equal(Between(ClientOptions("NTLM"), options), Status.Completed);
        options.Policy = Policy(PolicyEnforcement.WhenSupported, "HTTP/elsewhere");
        Equal(Between(ClientOptions("NTLM"), options), Status.TargetUnknown);
        options.Policy = new ExtendedProtectionPolicy(PolicyEnforcement.Never);
        Equal(Between(ClientOptions("NTLM"), options), Status.Completed);

        using (var binding = new TlsChannelBinding(Encoding.UTF8.GetBytes("tls-unique:1")))
        {
            NegotiateAuthenticationServerOptions bound = ServerOptions("NTLM");
            bound.Policy = new ExtendedProtectionPolicy(PolicyEnforcement.Always, binding);
            Equal(Between(ClientOptions("NTLM"), bound), Status.BadBinding);
            bound.Binding = binding;
            bound.Policy = new ExtendedProtectionPolicy(PolicyEnforcement.WhenSupported);
            Equal(Between(ClientOptions("NTLM"), bound), Status.Completed);
        }
    }

    private static Status FirstStatus(NegotiateAuthenticationClientOptions options)
    {
        Status status;
        using (var client = new NegotiateAuthentication(options))
            client.GetOutgoingBlob((string)null, out status);
        return status;
    }

    private static async Task Failures()
    {
        NegotiateAuthenticationClientOptions options = ClientOptions("Kerberos");
        options.TargetName = "HTTP/elsewhere.localhost";
        Equal(FirstStatus(options), Status.TargetUnknown);
        options.Credential = new NetworkCredential("alice", "wrong", Environ("REALM"));
        Equal(FirstStatus(options), Status.InvalidCredentials);
        Equal(FirstStatus(ClientOptions("Nothing")), Status.Unsupported);

        var unused = new NegotiateAuthentication(ClientOptions("Kerberos"));
        await Fails<InvalidOperationException>(() => Task.FromResult(unused.RemoteIdentity));
        await Fails<InvalidOperationException>(() =>
            Task.FromResult(unused.Wrap(Hello, new MemoryStream(), true, out _)));
        Equal(unused.ImpersonationLevel, TokenImpersonationLevel.None);
        unused.Dispose();
        await Fails<ObjectDisposedException>(() => unused.GetOutgoingBlobAsync(null));
        await Fails<ArgumentNullException>(() =>
            Task.FromResult(new NegotiateAuthentication((NegotiateAuthenticationClientOptions)null)));
        using (var server = new NegotiateAuthentication(ServerOptions("Negotiate")))
            Equal((await server.GetOutgoingBlobAsync(new byte[] { 1 })).StatusCode, Status.InvalidToken);
    }

    internal static async Task All()
    {
        EachMember();
        Kerberos("Negotiate");
        Kerberos("Kerberos");
        Requirements();
        Bindings();
        if (HasPolicies())
            Policies();
        await Failures();
    }
}
