// SPDX-License-Identifier: MIT
package org.sspiasync;

import java.util.concurrent.CompletionStage;

/** What knows the accounts of an NTLM server. */
@FunctionalInterface
public interface NtlmVerifier {
    /**
     * The account of a user, now or later; its value is null for none. The names are as the client wrote
     * them, and domain may be "". It runs on the executor of the options with which the credential was
     * acquired. What it throws, or fails with, refuses the logon, and goes to the
     * UncaughtExceptionHandler.
     */
    CompletionStage<NtlmAccount> lookUp(String user, String domain) throws Exception;
}
