// SPDX-License-Identifier: MIT
package org.sspiasync;

import java.lang.ref.WeakReference;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.sspiasync.internal.Completions;
import org.sspiasync.internal.Native;
import org.sspiasync.internal.Text;

/**
 * Passes the questions of NTLM servers to the program. The credential keeps it alive. The code that waits
 * for questions has only a weak reference: when the Verifier is no longer reachable, its number is freed,
 * the wait ends, and later questions are refused at once.
 */
final class Verifier {
    private static final int SEC_E_OK = 0;
    private static final int SEC_E_INSUFFICIENT_MEMORY = 0x80090300;
    private static final long NO = 0;
    private static final long UNABLE = 1;

    private final NtlmVerifier program;
    private final Executor executor;
    private final Ending ending;

    Verifier(NtlmVerifier program, Executor executor) {
        this.program = program;
        this.executor = executor != null ? executor : new CompletableFuture<Void>().defaultExecutor();
        long number = Native.verifier_create();
        long call = number == 0 ? 0 : Native.call_create();
        if (call == 0) {
            Native.verifier_free(number);
            throw SspiException.of(SEC_E_INSUFFICIENT_MEMORY, "out of memory");
        }
        ending = Ending.of(this, number, Native::verifier_free);
        listen(call, number, new WeakReference<>(this));
    }

    /** The number for the identity. */
    long number() {
        return ending.handle();
    }

    private static void listen(long call, long number, WeakReference<Verifier> owner) {
        long id = Completions.expect(status -> hear(call, number, owner));
        if (Native.verifier_wait(call, Completions.queue(), id, number) >= 0) return;
        Completions.forget(id);
        Native.call_free(call);
    }

    private static void hear(long call, long number, WeakReference<Verifier> owner) {
        Verifier verifier = owner.get();
        if (verifier == null || Native.call_status(call) < 0) {
            Native.call_free(call);
            return;
        }
        long[] question = new long[1];
        byte[][] user = new byte[1][];
        byte[][] domain = new byte[1][];
        while (Native.verifier_take(number, question, user, domain) == SEC_E_OK)
            verifier.ask(question[0], textOf(user[0]), textOf(domain[0]));
        Native.call_reinit(call);
        listen(call, number, owner);
    }

    private static String textOf(byte[] utf8) {
        return utf8 == null ? "" : Text.of(utf8);
    }

    private void ask(long question, String user, String domain) {
        try {
            executor.execute(() -> lookUp(question, user, domain));
        } catch (RejectedExecutionException closed) {
            refuse(question, closed);
        }
    }

    private void lookUp(long question, String user, String domain) {
        try {
            program.lookUp(user, domain).whenComplete((account, problem) -> {
                if (problem == null) answer(question, account);
                else refuse(question, problem);
            });
        } catch (Throwable problem) {
            refuse(question, problem);
        }
    }

    private static void answer(long question, NtlmAccount account) {
        int status = account == null ? Native.verifier_answer(question, NO, null)
                : Native.verifier_answer(question, account.answer, account.secret);
        if (status < 0) refuse(question, SspiException.last(status));
    }

    private static void refuse(long question, Throwable problem) {
        Native.verifier_answer(question, UNABLE, null);
        Completions.report(problem instanceof CompletionException && problem.getCause() != null
                ? problem.getCause() : problem);
    }
}
