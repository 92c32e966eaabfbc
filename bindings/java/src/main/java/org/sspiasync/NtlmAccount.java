// SPDX-License-Identifier: MIT
package org.sspiasync;

import java.nio.CharBuffer;
import org.sspiasync.internal.Text;

/** The secret of an account of an NTLM server; null means: no such account. */
public final class NtlmAccount {
    private static final long HASH = 2;
    private static final long PASSWORD = 4;

    final long answer;
    final byte[] secret;

    private NtlmAccount(long answer, byte[] secret) {
        this.answer = answer;
        this.secret = secret;
    }

    public static NtlmAccount password(String value) {
        return new NtlmAccount(PASSWORD, Text.toUtf8(value));
    }

    public static NtlmAccount password(char[] value) {
        return new NtlmAccount(PASSWORD, Text.toUtf8(CharBuffer.wrap(value)));
    }

    /** The NT hash of a password, 16 bytes. */
    public static NtlmAccount hash(byte[] value) {
        if (value.length != 16) throw new IllegalArgumentException("an NT hash has 16 bytes");
        return new NtlmAccount(HASH, value.clone());
    }
}
