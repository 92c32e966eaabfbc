// SPDX-License-Identifier: MIT
package org.sspiasync;

import java.nio.CharBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.sspiasync.internal.Text;

/** The user to log on, or the source of the credential; by default the system's. */
public final class Identity {
    private static final int MANUAL_CRED_VALIDATION = 0x8;

    private final Map<String, byte[]> pairs = new LinkedHashMap<>();
    NtlmVerifier ntlmVerifier;

    /** null: not set. */
    private Identity put(String name, CharSequence value) {
        if (value == null) return this;
        byte[] bytes = Text.toUtf8(value);
        for (byte each : bytes)
            if (each == 0) throw new IllegalArgumentException("the identity's " + name + " has a NUL in it");
        byte[] former = pairs.put(name, bytes);
        if (former != null) Arrays.fill(former, (byte) 0);
        return this;
    }

    /** As password(char[]), for programs that have the password as a string anyway. */
    public Identity password(String value) {
        return put("password", value);
    }

    /** The caller may wipe the array at once; clear() wipes the copy that is kept. */
    public Identity password(char[] value) {
        return put("password", value == null ? null : CharBuffer.wrap(value));
    }

    /** The password of the key's file. */
    public Identity keyPassword(String value) {
        return put("key_password", value);
    }

    /** Whether the service may act for users towards others. */
    public Identity constrainedDelegation(boolean value) {
        return put("delegation", value ? "1" : "0");
    }

    /** Whether the peer's certificate is checked (TLS). */
    public Identity verify(boolean value) {
        return put("tls_flags", Integer.toString(value ? 0 : MANUAL_CRED_VALIDATION));
    }

    /** The user to log on. */
    public Identity user(String value) {
        return put("user", value);
    }

    /** The domain or realm of the user. */
    public Identity domain(String value) {
        return put("domain", value);
    }

    /** The packages that Negotiate may use: "Kerberos", "!ntlm". */
    public Identity packages(String value) {
        return put("packages", value);
    }

    /** The ticket cache. */
    public Identity ccache(String value) {
        return put("ccache", value);
    }

    /** The keytab with the keys of the service. */
    public Identity keytab(String value) {
        return put("keytab", value);
    }

    /** A keytab with keys to log on with. */
    public Identity clientKeytab(String value) {
        return put("client_keytab", value);
    }

    /** The replay cache of an acceptor. */
    public Identity replayCache(String value) {
        return put("replay_cache", value);
    }

    /** A ticket cache whose tickets protect the logon (FAST). */
    public Identity armorCache(String value) {
        return put("armor_cache", value);
    }

    /** A file with lines DOMAIN:user:password, the accounts of an NTLM server. */
    public Identity ntlmUserFile(String value) {
        return put("ntlm_user_file", value);
    }

    /** A program that an NTLM server asks about accounts. */
    public Identity ntlmHelper(String value) {
        return put("ntlm_helper", value);
    }

    /** Looks up the accounts of an NTLM server. */
    public Identity ntlmVerifier(NtlmVerifier value) {
        ntlmVerifier = value;
        return this;
    }

    /** The user for whom a service acts. */
    public Identity impersonate(String value) {
        return put("impersonate", value);
    }

    /** A PEM or PKCS#12 file (TLS). */
    public Identity certificate(String value) {
        return put("certificate", value);
    }

    /** The file with the certificate's key. */
    public Identity key(String value) {
        return put("key", value);
    }

    /** A PEM file of the roots to trust. */
    public Identity roots(String value) {
        return put("roots", value);
    }

    /** Wipes all settings. */
    public void clear() {
        pairs.values().forEach(bytes -> Arrays.fill(bytes, (byte) 0));
        pairs.clear();
    }

    /** The pairs in the library's form, which the caller wipes after use; null for none. */
    static byte[] pack(Identity identity) {
        if (identity != null && identity.ntlmVerifier != null)
            throw new IllegalArgumentException(
                    "an identity with ntlmVerifier is for Credential.acquire and Sspi.server");
        return pack(identity, null);
    }

    /** verifier belongs to the identity's ntlmVerifier. */
    static byte[] pack(Identity identity, Verifier verifier) {
        if (verifier != null) {
            Identity with = new Identity();
            with.pairs.putAll(identity.pairs);
            return pack(with.put("ntlm_verifier", Long.toString(verifier.number())));
        }
        if (identity == null || identity.pairs.isEmpty()) return null;
        int size = 0;
        for (Map.Entry<String, byte[]> pair : identity.pairs.entrySet())
            size += pair.getKey().length() + pair.getValue().length + 2;
        byte[] packed = new byte[size];
        int at = 0;
        for (Map.Entry<String, byte[]> pair : identity.pairs.entrySet()) {
            for (byte[] part : new byte[][] {Text.toUtf8(pair.getKey()), pair.getValue()}) {
                System.arraycopy(part, 0, packed, at, part.length);
                at += part.length + 1;
            }
        }
        return packed;
    }
}
