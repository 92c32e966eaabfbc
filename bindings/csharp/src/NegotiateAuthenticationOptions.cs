// SPDX-License-Identifier: MIT
using System;
using System.Net;
using System.Net.Security;
using System.Security.Authentication.ExtendedProtection;
using System.Security.Principal;

namespace SspiAsync
{
    /// <summary>The result for a blob or a message, with the names of System.Net.Security.</summary>
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

    /// <summary>As in System.Net.Security, with an Identity for settings that a NetworkCredential cannot
    /// hold.</summary>
    public class NegotiateAuthenticationClientOptions
    {
        public string Package { get; set; } = "Negotiate";
        public NetworkCredential Credential { get; set; } = CredentialCache.DefaultNetworkCredentials;
        public Identity Identity { get; set; }
        public string TargetName { get; set; }

        /// <summary>The binding of a TransportContext, or a TlsChannelBinding.</summary>
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

        /// <summary>Whether bindings are required, and which target names clients may use. Without a policy,
        /// bindings are required if there is a Binding.</summary>
        public ExtendedProtectionPolicy Policy { get; set; }
        public ProtectionLevel RequiredProtectionLevel { get; set; }
        public TokenImpersonationLevel RequiredImpersonationLevel { get; set; }
        public TimeSpan? Timeout { get; set; }
    }

    /// <summary>A blob for the peer (null for none), and the result for the blob that was received.</summary>
    public struct NegotiateAuthenticationResult
    {
        public byte[] Blob { get; internal set; }
        public NegotiateAuthenticationStatusCode StatusCode { get; internal set; }
    }
}
