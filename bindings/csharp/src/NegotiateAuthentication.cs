// SPDX-License-Identifier: MIT
using System;
using System.IO;
using System.Net;
using System.Net.Security;
using System.Security.Principal;
using System.Threading;
using System.Threading.Tasks;

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

        /// <summary>As SecurityContext.ChannelBindings gives them.</summary>
        public byte[] Binding { get; set; }
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
        public byte[] Binding { get; set; }
        public ProtectionLevel RequiredProtectionLevel { get; set; }
        public TimeSpan? Timeout { get; set; }
    }

    /// <summary>A blob for the peer (null for none), and what became of the one that came.</summary>
    public struct NegotiateAuthenticationResult
    {
        public byte[] Blob { get; internal set; }
        public NegotiateAuthenticationStatusCode StatusCode { get; internal set; }
    }

    /// <summary>
    /// The shape of System.Net.Security.NegotiateAuthentication, for programs that have that now; and
    /// GetOutgoingBlobAsync, which that one lacks. Messages go to a Stream.
    /// </summary>
    public sealed class NegotiateAuthentication : IDisposable
    {
        private const long MutualAuth = 0x2;
        private const long Confidentiality = 0x10;
        private const long ClientIntegrity = 0x10000;
        private const long ServerIntegrity = 0x20000;

        private readonly SecurityContext context;
        private readonly ProtectionLevel required;
        private readonly bool requiresMutual;
        private readonly string asked;

        public NegotiateAuthentication(NegotiateAuthenticationClientOptions options)
        {
            ClientFlags flags = ClientFlags.ReplayDetect | ClientFlags.SequenceDetect;
            if (options.RequireMutualAuthentication)
                flags |= ClientFlags.MutualAuth;
            if (options.RequiredProtectionLevel != ProtectionLevel.None)
                flags |= ClientFlags.Integrity;
            if (options.RequiredProtectionLevel == ProtectionLevel.EncryptAndSign)
                flags |= ClientFlags.Confidentiality;
            if (options.AllowedImpersonationLevel == TokenImpersonationLevel.Identification)
                flags |= ClientFlags.Identify;
            if (options.AllowedImpersonationLevel == TokenImpersonationLevel.Delegation)
                flags |= ClientFlags.Delegate | ClientFlags.MutualAuth;
            required = options.RequiredProtectionLevel;
            requiresMutual = options.RequireMutualAuthentication;
            asked = options.Package;
            TargetName = options.TargetName;
            context = Sspi.Client(options.TargetName, new ContextOptions
            {
                Package = options.Package,
                Identity = options.Identity ?? IdentityOf(options.Credential),
                ChannelBindings = options.Binding,
                ClientFlags = flags,
                Timeout = options.Timeout,
            });
        }

        public NegotiateAuthentication(NegotiateAuthenticationServerOptions options)
        {
            required = options.RequiredProtectionLevel;
            asked = options.Package;
            IsServer = true;
            context = Sspi.Server(new ContextOptions
            {
                Package = options.Package,
                Identity = options.Identity ?? IdentityOf(options.Credential),
                ChannelBindings = options.Binding,
                Timeout = options.Timeout,
            });
        }

        private static Identity IdentityOf(NetworkCredential credential)
        {
            return credential == null || string.IsNullOrEmpty(credential.UserName)
                ? null : new Identity(credential);
        }

        public bool IsServer { get; }
        public bool IsAuthenticated => context.IsComplete;
        public bool IsEncrypted => IsAuthenticated && (context.Attributes & Confidentiality) != 0;
        public bool IsSigned => IsAuthenticated &&
            (context.Attributes & (IsServer ? ServerIntegrity : ClientIntegrity)) != 0;
        public bool IsMutuallyAuthenticated => IsAuthenticated && (context.Attributes & MutualAuth) != 0;

        public ProtectionLevel ProtectionLevel => !IsSigned ? ProtectionLevel.None
            : IsEncrypted ? ProtectionLevel.EncryptAndSign : ProtectionLevel.Sign;

        /// <summary>The package that is at work; before the end, the one that was asked for.</summary>
        public string Package => IsAuthenticated ? context.Package : asked;

        /// <summary>What a client has asked for.</summary>
        public string TargetName { get; }

        /// <summary>Who the other side is.</summary>
        public IIdentity RemoteIdentity => new GenericIdentity(
            IsServer ? context.UserName : TargetName ?? "", context.Package);

        /// <summary>The context beneath, for all that this shape has no place for.</summary>
        public SecurityContext Context => context;

        /// <summary>One leg. The task fails for nothing but a cancellation.</summary>
        public async Task<NegotiateAuthenticationResult> GetOutgoingBlobAsync(byte[] incomingBlob,
            CancellationToken cancellation = default(CancellationToken))
        {
            try
            {
                byte[] blob = await context.StepAsync(incomingBlob, cancellation).ConfigureAwait(false);
                return new NegotiateAuthenticationResult
                {
                    Blob = blob.Length > 0 ? blob : null,
                    StatusCode = StatusOfLeg(),
                };
            }
            catch (SspiException problem)
            {
                return new NegotiateAuthenticationResult
                {
                    Blob = problem.Token,
                    StatusCode = StatusOf(problem),
                };
            }
        }

        /// <summary>The same, waited for.</summary>
        public byte[] GetOutgoingBlob(byte[] incomingBlob, out NegotiateAuthenticationStatusCode statusCode)
        {
            NegotiateAuthenticationResult result = GetOutgoingBlobAsync(incomingBlob).GetAwaiter().GetResult();
            statusCode = result.StatusCode;
            return result.Blob;
        }

        /// <summary>The same with Base64.</summary>
        public string GetOutgoingBlob(string incomingBlob, out NegotiateAuthenticationStatusCode statusCode)
        {
            byte[] incoming = incomingBlob == null ? null : Convert.FromBase64String(incomingBlob);
            byte[] blob = GetOutgoingBlob(incoming, out statusCode);
            return blob == null ? null : Convert.ToBase64String(blob);
        }

        private NegotiateAuthenticationStatusCode StatusOfLeg()
        {
            if (!context.IsComplete)
                return NegotiateAuthenticationStatusCode.ContinueNeeded;
            bool weak = required != ProtectionLevel.None && !IsSigned ||
                required == ProtectionLevel.EncryptAndSign && !IsEncrypted ||
                requiresMutual && !IsMutuallyAuthenticated;
            return weak ? NegotiateAuthenticationStatusCode.SecurityQosFailed
                : NegotiateAuthenticationStatusCode.Completed;
        }

        private static NegotiateAuthenticationStatusCode StatusOf(SspiException problem)
        {
            switch (problem.Code)
            {
                case "SEC_E_BAD_BINDINGS": return NegotiateAuthenticationStatusCode.BadBinding;
                case "SEC_E_SECPKG_NOT_FOUND":
                case "SEC_E_UNSUPPORTED_FUNCTION": return NegotiateAuthenticationStatusCode.Unsupported;
                case "SEC_E_MESSAGE_ALTERED": return NegotiateAuthenticationStatusCode.MessageAltered;
                case "SEC_E_CONTEXT_EXPIRED": return NegotiateAuthenticationStatusCode.ContextExpired;
                case "SEC_E_CERT_EXPIRED": return NegotiateAuthenticationStatusCode.CredentialsExpired;
                case "SEC_E_LOGON_DENIED": return NegotiateAuthenticationStatusCode.InvalidCredentials;
                case "SEC_E_INVALID_TOKEN":
                case "SEC_E_INCOMPLETE_MESSAGE": return NegotiateAuthenticationStatusCode.InvalidToken;
                case "SEC_E_NO_CREDENTIALS":
                case "SEC_E_UNKNOWN_CREDENTIALS": return NegotiateAuthenticationStatusCode.UnknownCredentials;
                case "SEC_E_QOP_NOT_SUPPORTED": return NegotiateAuthenticationStatusCode.QopNotSupported;
                case "SEC_E_OUT_OF_SEQUENCE": return NegotiateAuthenticationStatusCode.OutOfSequence;
                case "SEC_E_SECURITY_QOS_FAILED": return NegotiateAuthenticationStatusCode.SecurityQosFailed;
                case "SEC_E_TARGET_UNKNOWN": return NegotiateAuthenticationStatusCode.TargetUnknown;
                default: return NegotiateAuthenticationStatusCode.GenericFailure;
            }
        }

        /// <summary>Seals input, or signs it and leaves it readable.</summary>
        public NegotiateAuthenticationStatusCode Wrap(byte[] input, Stream output, bool requestEncryption,
            out bool isEncrypted)
        {
            isEncrypted = requestEncryption;
            try
            {
                byte[] message = context.Encrypt(input, !requestEncryption);
                output.Write(message, 0, message.Length);
                return NegotiateAuthenticationStatusCode.Completed;
            }
            catch (SspiException problem)
            {
                return StatusOf(problem);
            }
        }

        public NegotiateAuthenticationStatusCode Unwrap(byte[] input, Stream output, out bool wasEncrypted)
        {
            wasEncrypted = false;
            try
            {
                byte[] plain = context.Decrypt(input, true, out wasEncrypted);
                output.Write(plain, 0, plain.Length);
                return NegotiateAuthenticationStatusCode.Completed;
            }
            catch (SspiException problem)
            {
                return StatusOf(problem);
            }
        }

        public void Dispose()
        {
            context.Dispose();
        }
    }
}
