// SPDX-License-Identifier: MIT
using System;
using System.Net;
using System.Net.Security;
using System.Security.Authentication.ExtendedProtection;
using System.Security.Principal;

namespace SspiAsync
{
    /// <summary>What became of a blob or a message; the names of System.Net.Security.</summary>
    public enum NegotiateAuthenticationStatusCode
    {
        Completed,
        ContinueNeeded,
        GenericFailure,
        BadBinding,
        Unsupported,
        MessageAltered,
        ContextExpired,
        CredentialsExpired,
        InvalidCredentials,
        InvalidToken,
        UnknownCredentials,
        QopNotSupported,
        OutOfSequence,
        SecurityQosFailed,
        TargetUnknown,
        ImpersonationValidationFailed,
    }

    /// <summary>As in System.Net.Security, and an Identity for what NetworkCredential has no place
    /// for.</summary>
    public class NegotiateAuthenticationClientOptions
    {
        public string Package { get; set; } = "Negotiate";
        public NetworkCredential Credential { get; set; } = CredentialCache.DefaultNetworkCredentials;
        public Identity Identity { get; set; }
        public string TargetName { get; set; }

        /// <summary>That of a TransportContext, or a TlsChannelBinding.</summary>
        public ChannelBinding Binding { get; set; }
        public ProtectionLevel RequiredProtectionLevel { get; set; }
        public bool RequireMutualAuthentication { get; set; }
        public TokenImpersonationLevel AllowedImpersonationLevel { get; set; }
        public TimeSpan? Timeout { get; set; }
    }

    public class NegotiateAuthenticationServerOptions
    {
        public string Package { get; set; } = "Negotiate";
        public NetworkCredential Credential { get; set; } = CredentialCache.DefaultNetworkCredentials;
        public Identity Identity { get; set; }
        public ChannelBinding Binding { get; set; }

        /// <summary>Whether bindings must be there, and which names clients may mean. Without one, they
        /// must if there is a Binding.</summary>
        public ExtendedProtectionPolicy Policy { get; set; }
        public ProtectionLevel RequiredProtectionLevel { get; set; }
        public TokenImpersonationLevel RequiredImpersonationLevel { get; set; }
        public TimeSpan? Timeout { get; set; }
    }

    /// <summary>A blob for the peer (null for none), and what became of the one that came.</summary>
    public struct NegotiateAuthenticationResult
    {
        public byte[] Blob { get; internal set; }
        public NegotiateAuthenticationStatusCode StatusCode { get; internal set; }
    }
}
