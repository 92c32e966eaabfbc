// SPDX-License-Identifier: MIT
using System;

namespace SspiAsync
{
    /// <summary>Options of a context or a credential. An option that is not set has its default.</summary>
    public sealed class ContextOptions
    {
        /// <summary>"Negotiate" (the default), "Kerberos", "NTLM", "Schannel".</summary>
        public string Package { get; set; }

        /// <summary>A credential that outlives the context; without one, the first leg acquires it.</summary>
        public Credential Credential { get; set; }

        /// <summary>The user to log on, if there is no credential.</summary>
        public Identity Identity { get; set; }

        /// <summary>The principal of the credential; null: that of the default credential.</summary>
        public string Principal { get; set; }

        /// <summary>For an initiator: ClientFlags.</summary>
        public ClientFlags? ClientFlags { get; set; }

        /// <summary>For an acceptor: ServerFlags.</summary>
        public ServerFlags? ServerFlags { get; set; }

        /// <summary>The bindings of the TLS connection around the handshake,
        /// "tls-server-end-point:...".</summary>
        public byte[] ChannelBindings { get; set; }

        /// <summary>The protocol names for ALPN, in order of preference.</summary>
        public string[] ApplicationProtocols { get; set; }

        /// <summary>The timeout of each call; Timeout.InfiniteTimeSpan means none, even if the process has
        /// a default.</summary>
        public TimeSpan? Timeout { get; set; }

        internal ContextOptions Copy()
        {
            return (ContextOptions)MemberwiseClone();
        }
    }
}
