// SPDX-License-Identifier: MIT
package org.sspiasync;

import org.sspiasync.internal.Native;
import org.sspiasync.internal.Outcome;
import org.sspiasync.internal.Text;

/** A call failed: code is the name of its status, the message gives the reason. */
public class SspiException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private static final int SEC_E_SECURITY_QOS_FAILED = 0x80090332;

    private final int status;
    private final int missing;
    private final byte[] token;

    SspiException(int status, String message, Outcome outcome) {
        super(message != null && !message.isEmpty() ? message
                : Native.status_name(status) + ": " + Native.status_text(status));
        this.status = status;
        this.missing = outcome == null ? 0 : outcome.missing;
        this.token = outcome == null ? null : outcome.token;
    }

    static SspiException of(int status, String message, Outcome outcome) {
        return status == SEC_E_SECURITY_QOS_FAILED
                ? new SspiTimeoutException(status, message, outcome)
                : new SspiException(status, message, outcome);
    }

    static SspiException of(int status, String message) {
        return of(status, message, null);
    }

    /** The exception for the last function that failed on this thread. */
    static SspiException last(int status) {
        byte[][] message = new byte[1][];
        Native.last_message(message);
        return of(status, Text.of(message[0]), null);
    }

    static void check(int status) {
        if (status < 0) throw last(status);
    }

    /** The status, as a SECURITY_STATUS. */
    public int status() {
        return status;
    }

    /** The name of the status, "SEC_E_LOGON_DENIED". */
    public String code() {
        return Native.status_name(status);
    }

    /** A token for the peer; null if the package has none. */
    public byte[] token() {
        return token == null ? null : token.clone();
    }

    /** With SEC_E_INCOMPLETE_MESSAGE: how many bytes are missing; 0 if unknown. */
    public int missing() {
        return missing;
    }
}
