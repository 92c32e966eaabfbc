// SPDX-License-Identifier: MIT
using System;
using System.Collections.Generic;
using System.Net;
using System.Threading.Tasks;

namespace SspiAsync
{
    /// <summary>The user to log on, or the source of the credential; by default the system's.</summary>
    public sealed class Identity
    {
        private const int MANUAL_CRED_VALIDATION = 0x8;

        public Identity()
        {
        }

        public Identity(NetworkCredential credential)
        {
            User = NullIfEmpty(credential.UserName);
            Domain = NullIfEmpty(credential.Domain);
            Password = User == null ? null : credential.Password;
        }

        /// <summary>The user to log on.</summary>
        public string User { get; set; }

        /// <summary>The domain or realm of the user.</summary>
        public string Domain { get; set; }

        /// <summary>The password of the user.</summary>
        public string Password { get; set; }

        /// <summary>The packages that Negotiate may use: "Kerberos", "!ntlm".</summary>
        public string Packages { get; set; }

        /// <summary>The ticket cache.</summary>
        public string Ccache { get; set; }

        /// <summary>The keytab with the keys of the service.</summary>
        public string Keytab { get; set; }

        /// <summary>A keytab with keys to log on with.</summary>
        public string ClientKeytab { get; set; }

        /// <summary>The replay cache of an acceptor.</summary>
        public string ReplayCache { get; set; }

        /// <summary>A ticket cache whose tickets protect the logon (FAST).</summary>
        public string ArmorCache { get; set; }

        /// <summary>A file with lines DOMAIN:user:password, the accounts of an NTLM server.</summary>
        public string NtlmUserFile { get; set; }

        /// <summary>A program that an NTLM server asks about accounts.</summary>
        public string NtlmHelper { get; set; }

        /// <summary>
        /// Looks up the accounts of an NTLM server. It gets the user and the domain (which may be "") as the
        /// client wrote them, and runs on the thread pool. If it throws, the logon is refused, and the
        /// exception is passed to Sspi.CallbackFailed.
        /// </summary>
        public Func<string, string, Task<NtlmAccount>> NtlmVerifier { get; set; }

        /// <summary>The user for whom a service acts.</summary>
        public string Impersonate { get; set; }

        /// <summary>A PEM or PKCS#12 file (TLS).</summary>
        public string Certificate { get; set; }

        /// <summary>The file with the certificate's key.</summary>
        public string Key { get; set; }

        /// <summary>The password of the key's file.</summary>
        public string KeyPassword { get; set; }

        /// <summary>A PEM file of the roots to trust.</summary>
        public string Roots { get; set; }

        /// <summary>Whether the service may act for users towards others.</summary>
        public bool ConstrainedDelegation { get; set; }

        /// <summary>Whether the peer's certificate is checked (TLS).</summary>
        public bool? Verify { get; set; }

        private static string NullIfEmpty(string text)
        {
            return string.IsNullOrEmpty(text) ? null : text;
        }

        private static void Add(List<byte[]> pairs, string name, string value)
        {
            if (value == null)
                return;
            if (value.IndexOf('\0') >= 0)
                throw new ArgumentException("the identity's " + name + " has a NUL in it");
            pairs.Add(Text.ToUtf8(name));
            pairs.Add(Text.ToUtf8(value));
        }

        /// <summary>The pairs in the library's form, which the caller wipes after use; null for none.</summary>
        internal static byte[] Pack(Identity identity, Verifier verifier = null)
        {
            return identity?.Pack(verifier);
        }

        private byte[] Pack(Verifier verifier)
        {
            if (NtlmVerifier != null && verifier == null)
                throw new ArgumentException("an identity with NtlmVerifier is for Credential and Sspi.Server");
            var pairs = new List<byte[]>();
            Add(pairs, "ntlm_verifier", verifier?.Number.ToString());
            Add(pairs, "user", User);
            Add(pairs, "domain", Domain);
            Add(pairs, "password", Password);
            Add(pairs, "packages", Packages);
            Add(pairs, "ccache", Ccache);
            Add(pairs, "keytab", Keytab);
            Add(pairs, "client_keytab", ClientKeytab);
            Add(pairs, "replay_cache", ReplayCache);
            Add(pairs, "armor_cache", ArmorCache);
            Add(pairs, "ntlm_user_file", NtlmUserFile);
            Add(pairs, "ntlm_helper", NtlmHelper);
            Add(pairs, "impersonate", Impersonate);
            Add(pairs, "certificate", Certificate);
            Add(pairs, "key", Key);
            Add(pairs, "key_password", KeyPassword);
            Add(pairs, "roots", Roots);
            Add(pairs, "delegation", ConstrainedDelegation ? "1" : null);
            if (Verify != null)
                Add(pairs, "tls_flags", Verify.Value ? "0" : MANUAL_CRED_VALIDATION.ToString());
            if (pairs.Count == 0)
                return null;
            int size = 0;
            foreach (byte[] part in pairs)
                size += part.Length + 1;
            var packed = new byte[size];
            int at = 0;
            foreach (byte[] part in pairs)
            {
                part.CopyTo(packed, at);
                at += part.Length + 1;
                Array.Clear(part, 0, part.Length);
            }
            return packed;
        }
    }
}
