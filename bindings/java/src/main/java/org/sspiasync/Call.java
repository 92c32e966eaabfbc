// SPDX-License-Identifier: MIT
package org.sspiasync;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Function;
import org.sspiasync.internal.Completions;
import org.sspiasync.internal.Native;
import org.sspiasync.internal.Outcome;
import org.sspiasync.internal.Text;

/**
 * One operation of the library as a future. Whatever completes the future early (cancel, orTimeout)
 * stops the operation.
 */
final class Call {
    private static final int SEC_E_INSUFFICIENT_MEMORY = 0x80090300;
    private static final long LONGEST_MS = 0xfffffffeL;

    /**
     * Where futures are completed by default: where CompletableFuture would do it, except on one or two
     * processors, where it would start a thread for each task. If a stage waits for a future there, another
     * thread takes its place.
     */
    private static final Executor COMPLETES = ForkJoinPool.getCommonPoolParallelism() > 1
            ? ForkJoinPool.commonPool()
            : new ForkJoinPool(2, ForkJoinPool.defaultForkJoinWorkerThreadFactory, null, true);

    /** Submits an operation; the status says whether it was submitted. */
    interface Begin {
        int begin(long call, long queue, long id);
    }

    private Call() {}

    /**
     * A future whose value finish makes from the outcome. finish runs whenever the call succeeds, because
     * it owns the outputs; if the future has been completed meanwhile, the value is passed to unwanted. The
     * future is completed on the executor.
     */
    static <T> CompletableFuture<T> start(Begin begin, Options options, Function<Outcome, T> finish,
            Consumer<T> unwanted) {
        long call = Native.call_create();
        if (call == 0) throw SspiException.of(SEC_E_INSUFFICIENT_MEMORY, "out of memory");
        CompletableFuture<T> future = new CompletableFuture<>();
        Executor executor = options.executor != null ? options.executor : COMPLETES;
        long id = Completions.expect(status -> settle(call, future, executor, finish, unwanted));
        try {
            arm(call, options.timeout);
            SspiException.check(begin.begin(call, Completions.queue(), id));
        } catch (RuntimeException | Error problem) {
            Completions.forget(id);
            Native.call_free(call);
            throw problem;
        }
        // After the call has settled, its number is invalid, and this does nothing.
        future.whenComplete((value, problem) -> {
            if (problem != null) Native.call_cancel(call);
        });
        return future;
    }

    /** A call that returns no value when it succeeds. */
    static CompletableFuture<Void> startEnd(Begin begin, Options options) {
        return start(begin, options, outcome -> null, nothing -> {});
    }

    private static <T> void settle(long call, CompletableFuture<T> future, Executor executor,
            Function<Outcome, T> finish, Consumer<T> unwanted) {
        Outcome outcome = new Outcome(call);
        if (outcome.status < 0) {
            byte[][] message = new byte[1][];
            Native.call_message(call, message);
            Native.call_free(call);
            SspiException problem = SspiException.of(outcome.status, Text.of(message[0]), outcome);
            tell(executor, () -> future.completeExceptionally(problem));
            return;
        }
        Native.call_free(call);
        T value = finish.apply(outcome);
        tell(executor, () -> {
            if (!future.complete(value)) unwanted.accept(value);
        });
    }

    /** If the executor accepts no more tasks, the thread of completions runs this one. */
    private static void tell(Executor executor, Runnable told) {
        try {
            executor.execute(told);
        } catch (RejectedExecutionException closed) {
            told.run();
        }
    }

    /** Zero: no limit, even if the process has a default. */
    private static void arm(long call, Duration timeout) {
        if (timeout == null) return;
        if (timeout.isNegative()) throw new IllegalArgumentException("a timeout is not negative: " + timeout);
        long milliseconds = Math.min(timeout.plusNanos(999_999).toMillis(), LONGEST_MS);
        SspiException.check(Native.call_set_deadline(call, milliseconds));
    }

    /** Waits for the future of a call. An interrupt stops the call, and the interrupt flag stays set. */
    static <T> T await(CompletableFuture<T> future) {
        try {
            return future.get();
        } catch (InterruptedException interrupt) {
            future.cancel(true);
            Thread.currentThread().interrupt();
            CancellationException ended = new CancellationException("interrupted");
            ended.initCause(interrupt);
            throw ended;
        } catch (ExecutionException failure) {
            Throwable cause = failure.getCause();
            if (cause instanceof RuntimeException) throw (RuntimeException) cause;
            throw new CompletionException(cause);
        }
    }
}
