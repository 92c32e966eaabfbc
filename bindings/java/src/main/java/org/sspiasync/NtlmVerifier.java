// SPDX-License-Identifier: MIT
package org.sspiasync;

import java.util.concurrent.CompletionStage;

/** Looks up the accounts of an NTLM server. */
@FunctionalInterface
public interface NtlmVerifier {
    /**
     * The account of a user, now or later; the value is null if there is no such account. The names are as
     * the client wrote them, and domain may be "". The function runs on the executor of the options with
     * which the credential was acquired. If it throws, or the stage fails, the logon is refused, and the
     * exception is passed to the UncaughtExceptionHandler.
     */
    CompletionStage<NtlmAccount> lookUp(String user, String domain) throws Exception;
}
