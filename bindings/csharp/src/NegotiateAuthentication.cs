// SPDX-License-Identifier: MIT
using System;
using System.IO;
using System.Net;
using System.Net.Security;
using System.Security.Authentication.ExtendedProtection;
using System.Security.Principal;
using System.Threading;
using System.Threading.Tasks;

namespace SspiAsync
{
    /// <summary>
    /// The interface of System.Net.Security.NegotiateAuthentication, for programs that use that class now,
    /// with GetOutgoingBlobAsync in addition. Bytes are byte[], and messages are written to a Stream, because
    /// netstandard2.0 has no spans. If less was agreed on than the options require, IsAuthenticated is false.
    /// </summary>
    public sealed class NegotiateAuthentication : IDisposable
    {
        private const long Delegate = 0x1;
        private const long MutualAuth = 0x2;
        private const long Confidentiality = 0x10;
        private const long ClientIntegrity = 0x10000;
        private const long ServerIntegrity = 0x20000;
        private const long ClientIdentify = 0x20000;
        private const long ServerIdentify = 0x80000;

        private readonly SecurityContext context;
        private readonly ProtectionLevel required;
        private readonly TokenImpersonationLevel requiredImpersonation;
        private readonly bool requiresMutual;
        private readonly ExtendedProtectionPolicy policy; // null: none, or never enforced
        private readonly bool isBound;
        private readonly string asked;
        private readonly string target;
        private bool refused;
        private bool disposed;

        public NegotiateAuthentication(NegotiateAuthenticationClientOptions clientOptions)
        {
            NegotiateAuthenticationClientOptions options =
                clientOptions ?? throw new ArgumentNullException(nameof(clientOptions));
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
            target = options.TargetName;
            context = Sspi.Client(options.TargetName, new ContextOptions
            {
                Package = options.Package,
                Identity = options.Identity ?? IdentityOf(options.Credential),
                ChannelBindings = TlsChannelBinding.ApplicationData(options.Binding),
                ClientFlags = flags,
                Timeout = options.Timeout,
            });
        }

        public NegotiateAuthentication(NegotiateAuthenticationServerOptions serverOptions)
        {
            NegotiateAuthenticationServerOptions options =
                serverOptions ?? throw new ArgumentNullException(nameof(serverOptions));
            required = options.RequiredProtectionLevel;
            requiredImpersonation = options.RequiredImpersonationLevel;
            asked = options.Package;
            IsServer = true;
            bool never = options.Policy?.PolicyEnforcement == PolicyEnforcement.Never;
            policy = never ? null : options.Policy;
            byte[] bindings = never ? null
                : TlsChannelBinding.ApplicationData(options.Binding ?? policy?.CustomChannelBinding);
            isBound = bindings != null;
            context = Sspi.Server(new ContextOptions
            {
                Package = options.Package,
                Identity = options.Identity ?? IdentityOf(options.Credential),
                ChannelBindings = bindings,
                ServerFlags = FlagsOf(policy),
                Timeout = options.Timeout,
            });
        }

        private static ServerFlags FlagsOf(ExtendedProtectionPolicy policy)
        {
            ServerFlags flags = ServerFlags.ReplayDetect | ServerFlags.SequenceDetect |
                ServerFlags.Confidentiality | ServerFlags.Integrity;
            if (policy?.PolicyEnforcement == PolicyEnforcement.WhenSupported)
                flags |= ServerFlags.AllowMissingBindings;
            if (policy?.ProtectionScenario == ProtectionScenario.TrustedProxy)
                flags |= ServerFlags.ProxyBindings;
            return flags;
        }

        private static Identity IdentityOf(NetworkCredential credential)
        {
            return credential == null || string.IsNullOrEmpty(credential.UserName)
                ? null : new Identity(credential);
        }

        private bool Has(long ofClient, long ofServer)
        {
            return (context.Attributes & (IsServer ? ofServer : ofClient)) != 0;
        }

        public bool IsServer { get; }
        public bool IsAuthenticated => !disposed && !refused && context.IsComplete;
        public bool IsEncrypted => IsAuthenticated && HasEncryption;
        public bool IsSigned => IsAuthenticated && HasSignature;
        public bool IsMutuallyAuthenticated => IsAuthenticated && HasMutual;

        private bool HasEncryption => Has(Confidentiality, Confidentiality);
        private bool HasSignature => Has(ClientIntegrity, ServerIntegrity);
        private bool HasMutual => Has(MutualAuth, MutualAuth);

        public ProtectionLevel ProtectionLevel => !IsSigned ? ProtectionLevel.None
            : IsEncrypted ? ProtectionLevel.EncryptAndSign : ProtectionLevel.Sign;

        /// <summary>What the server may do in the client's name; None until it is authenticated.</summary>
        public TokenImpersonationLevel ImpersonationLevel =>
            IsAuthenticated ? AgreedImpersonation : TokenImpersonationLevel.None;

        private TokenImpersonationLevel AgreedImpersonation =>
            Has(Delegate, Delegate) && context.Package != "NTLM" ? TokenImpersonationLevel.Delegation
            : Has(ClientIdentify, ServerIdentify) ? TokenImpersonationLevel.Identification
            : TokenImpersonationLevel.Impersonation;

        /// <summary>The package in use; until the handshake is complete, the one that was requested.</summary>
        public string Package => IsAuthenticated ? context.Package : asked;

        /// <summary>The target that the client requested; null if it named none.</summary>
        public string TargetName => IsServer && context.IsComplete ? AskedTarget() : target;

        private string AskedTarget()
        {
            try
            {
                string name = context.Target;
                return name.Length > 0 ? name : null;
            }
            catch (SspiException)
            {
                return null; // the package does not know
            }
        }

        /// <summary>The identity of the other side.</summary>
        public IIdentity RemoteIdentity
        {
            get
            {
                NeedAuthenticated();
                return new GenericIdentity(IsServer ? context.UserName : target ?? "", context.Package);
            }
        }

        private void NeedAuthenticated()
        {
            if (disposed)
                throw new ObjectDisposedException(nameof(NegotiateAuthentication));
            if (!IsAuthenticated)
                throw new InvalidOperationException("the other side is not authenticated");
        }

        /// <summary>The underlying context, for everything that this class does not offer.</summary>
        public SecurityContext Context => context;

        /// <summary>One leg. The task fails only if it is cancelled.</summary>
        public async Task<NegotiateAuthenticationResult> GetOutgoingBlobAsync(byte[] incomingBlob,
            CancellationToken cancellation = default(CancellationToken))
        {
            if (disposed)
                throw new ObjectDisposedException(nameof(NegotiateAuthentication));
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

        /// <summary>The same, but waits for the result.</summary>
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
            NegotiateAuthenticationStatusCode status = StatusOfEnd();
            refused = status != NegotiateAuthenticationStatusCode.Completed;
            return status;
        }

        /// <summary>Whether the agreed protection meets the options.</summary>
        private NegotiateAuthenticationStatusCode StatusOfEnd()
        {
            if (policy != null && !IsTargetGood())
                return NegotiateAuthenticationStatusCode.TargetUnknown;
            if (IsServer && AgreedImpersonation < requiredImpersonation)
                return NegotiateAuthenticationStatusCode.ImpersonationValidationFailed;
            bool weak = required != ProtectionLevel.None && !HasSignature ||
                required == ProtectionLevel.EncryptAndSign && !HasEncryption || requiresMutual && !HasMutual;
            return weak ? NegotiateAuthenticationStatusCode.SecurityQosFailed
                : NegotiateAuthenticationStatusCode.Completed;
        }

        /// <summary>Whether the client meant this server. A ticket proves this; so do bindings, unless they are
        /// a proxy's.</summary>
        private bool IsTargetGood()
        {
            if (policy.CustomServiceNames == null || context.Package == "Kerberos" ||
                isBound && policy.ProtectionScenario == ProtectionScenario.TransportSelected)
                return true;
            string name = AskedTarget();
            if (name == null)
                return policy.PolicyEnforcement == PolicyEnforcement.WhenSupported;
            return policy.CustomServiceNames.Contains(name);
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

        /// <summary>Encrypts input, or signs it and leaves it readable.</summary>
        public NegotiateAuthenticationStatusCode Wrap(byte[] input, Stream output, bool requestEncryption,
            out bool isEncrypted)
        {
            NeedAuthenticated();
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
            NeedAuthenticated();
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

        /// <summary>Overwrites the wrapped message with the plain one.</summary>
        public NegotiateAuthenticationStatusCode UnwrapInPlace(byte[] input, out int unwrappedOffset,
            out int unwrappedLength, out bool wasEncrypted)
        {
            unwrappedOffset = unwrappedLength = 0;
            var plain = new MemoryStream(input.Length);
            NegotiateAuthenticationStatusCode status = Unwrap(input, plain, out wasEncrypted);
            if (status != NegotiateAuthenticationStatusCode.Completed)
                return status;
            unwrappedLength = (int)plain.Length;
            Array.Copy(plain.GetBuffer(), input, unwrappedLength);
            Array.Clear(plain.GetBuffer(), 0, unwrappedLength);
            return status;
        }

        /// <summary>Writes a signature of message (as in .NET 9).</summary>
        public void ComputeIntegrityCheck(byte[] message, Stream signatureWriter)
        {
            NeedAuthenticated();
            byte[] signature = context.Sign(message);
            signatureWriter.Write(signature, 0, signature.Length);
        }

        /// <summary>Whether signature matches message, and is in sequence.</summary>
        public bool VerifyIntegrityCheck(byte[] message, byte[] signature)
        {
            NeedAuthenticated();
            try
            {
                context.Verify(message, signature);
                return true;
            }
            catch (SspiException)
            {
                return false;
            }
        }

        public void Dispose()
        {
            disposed = true;
            context.Dispose();
        }
    }
}
