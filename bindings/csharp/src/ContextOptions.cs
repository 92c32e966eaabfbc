// SPDX-License-Identifier: MIT
using System;

namespace SspiAsync
{
    /// <summary>How a context or a credential is to be. What is not set has its default.</summary>
    public sealed class ContextOptions
    {
        /// <summary>"Negotiate" (the default), "Kerberos", "NTLM", "Schannel".</summary>
        public string Package { get; set; }

        /// <summary>A credential that outlives the context; else the first leg acquires one.</summary>
        public Credential Credential { get; set; }

        /// <summary>Whom to log on, if there is no credential.</summary>
        public Identity Identity { get; set; }

        /// <summary>Whose credential; the default one of the process if there is none.</summary>
        public string Principal { get; set; }

        /// <summary>ClientFlags, of an initiator.</summary>
        public ClientFlags? ClientFlags { get; set; }

        /// <summary>ServerFlags, of an acceptor.</summary>
        public ServerFlags? ServerFlags { get; set; }

        /// <summary>What the TLS connection around the handshake is bound by,
        /// "tls-server-end-point:...".</summary>
        public byte[] ChannelBindings { get; set; }

        /// <summary>ALPN, the best first.</summary>
        public string[] ApplicationProtocols { get; set; }

        /// <summary>The limit of each call; Timeout.InfiniteTimeSpan for none, also where the process has
        /// a default.</summary>
        public TimeSpan? Timeout { get; set; }

        internal ContextOptions Copy()
        {
            return (ContextOptions)MemberwiseClone();
        }
    }
}
