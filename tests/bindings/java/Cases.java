// SPDX-License-Identifier: MIT
// The list of tests/bindings/cases for Java. Cases runs all that need no process of their own,
// Cases NAME begins one that does: run.py looks how it ends.
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.sspiasync.Raw.*;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.sspiasync.Credential;
import org.sspiasync.CredentialUse;
import org.sspiasync.Identity;
import org.sspiasync.Options;
import org.sspiasync.SecurityContext;
import org.sspiasync.Sspi;
import org.sspiasync.SspiException;
import org.sspiasync.SspiTimeoutException;
import org.sspiasync.internal.Native;

class Cases {
    static final long PATIENCE_MS = 60_000;

    interface Body {
        void run() throws Exception;
    }

    interface Use {
        void with(SecurityContext client, SecurityContext server);
    }

    static void check(boolean good, Object what) {
        if (!good) throw new AssertionError(what);
    }

    static void equal(Object got, Object wanted) {
        check(Objects.equals(got, wanted), got + " instead of " + wanted);
    }

    static void eventually(BooleanSupplier what) throws InterruptedException {
        long end = System.currentTimeMillis() + PATIENCE_MS;
        while (!what.getAsBoolean()) {
            check(System.currentTimeMillis() < end, "never");
            Thread.sleep(1);
        }
    }

    static <T extends Throwable> T fails(Class<T> kind, Body body) {
        try {
            body.run();
        } catch (Throwable problem) {
            Throwable cause = problem instanceof CompletionException ? problem.getCause() : problem;
            check(kind.isInstance(cause), cause);
            return kind.cast(cause);
        }
        throw new AssertionError("it did not fail");
    }

    static SspiException failsWith(String code, Body body) {
        SspiException problem = fails(SspiException.class, body);
        equal(problem.code(), code);
        return problem;
    }

    static Credential scripted(String script) {
        return Credential.acquire("Scripted", CredentialUse.BOTH, new Options().principal(script));
    }

    static Credential scripted() {
        return scripted("all: per-leg");
    }

    static SecurityContext client(String target, Credential credential) {
        return Sspi.client(target, new Options().credential(credential));
    }

    /** A context after its first leg. */
    static SecurityContext begun(Credential credential) {
        SecurityContext context = client("more", credential);
        context.step();
        return context;
    }

    static void shakeHands(SecurityContext client, SecurityContext server) {
        byte[] token = client.step();
        while (!client.isComplete() || !server.isComplete()) {
            token = server.step(token);
            if (!client.isComplete()) token = client.step(token);
        }
    }

    static void ntlm(Use use) {
        SecurityContext client = Sspi.client("HTTP/localhost", new Options().securityPackage("NTLM")
                .identity(new Identity().user("alice").domain("TEST")
                        .password(System.getenv("ALICE_PASSWORD").toCharArray())));
        SecurityContext server = Sspi.server(new Options().securityPackage("NTLM")
                .identity(new Identity().ntlmUserFile(System.getenv("NTLM_USER_FILE"))));
        shakeHands(client, server);
        use.with(client, server);
        client.delete();
        server.delete();
    }

    static final Map<String, Body> CASES = new LinkedHashMap<>();

    static {
        CASES.put("acquire", Cases::acquire);
        CASES.put("ntlm_handshake",
                () -> ntlm((client, server) -> equal(server.userName(), "TEST\\alice")));
        CASES.put("ntlm_verifier", Verifiers::all);
        CASES.put("tls_handshake", Cases::tlsHandshake);
        CASES.put("kerberos_handshake", Cases::kerberosHandshake);
        CASES.put("seal_and_unseal", () -> ntlm(Cases::sealAndUnseal));
        CASES.put("delete_pending_then_ok", Cases::deletePendingThenOk);
        CASES.put("delete_heard_on_the_loop", Cases::deleteHeardOnTheLoop);
        CASES.put("fire_and_forget", Cases::fireAndForget);
        CASES.put("double_delete", Cases::doubleDelete);
        CASES.put("exception_in_callback", Cases::exceptionInCallback);
        CASES.put("ten_thousand_deletions", Cases::tenThousandDeletions);
        CASES.put("late_numbers", Cases::lateNumbers);
        CASES.put("text_with_nul", Cases::textWithNul);
        CASES.put("text_beyond_bmp", Cases::textBeyondBmp);
        CASES.put("deadline_ends_a_blocked_leg", Cases::deadlineEndsABlockedLeg);
        CASES.put("cancel", Cases::cancel);
        CASES.put("collector_with_calls_pending", Cases::collectorWithCallsPending);
        CASES.put("neighbours_interface", Jgss::all);
        CASES.put("two_loops", Cases::twoLoops);
    }

    static void acquire() {
        Credential credential = scripted();
        equal(probe.probe_credentials(), 1);
        credential.free();
        equal(probe.probe_credentials(), 0);
        SspiException problem = failsWith("SEC_E_LOGON_DENIED",
                () -> scripted("acquire: status=SEC_E_LOGON_DENIED say=no"));
        check(problem.getMessage().endsWith("no"), problem);
    }

    static void tlsHandshake() {
        String certificate = System.getenv("TLS_CERTIFICATE");
        SecurityContext client = Sspi.client("localhost", new Options().securityPackage("Schannel")
                .identity(new Identity().roots(certificate)).applicationProtocols("h2", "http/1.1"));
        SecurityContext server = Sspi.server(new Options().securityPackage("Schannel")
                .identity(new Identity().certificate(certificate)).applicationProtocols("http/1.1"));
        shakeHands(client, server);
        equal(client.applicationProtocol(), "http/1.1");
        check(Arrays.equals(client.channelBindings(SecurityContext.Binding.ENDPOINT),
                server.channelBindings(SecurityContext.Binding.ENDPOINT)), "bindings");
        equal(new String(server.decrypt(client.encrypt("hello".getBytes(UTF_8))), UTF_8), "hello");
        SecurityContext.deleteMany(List.of(client, server)).join();
    }

    static void kerberosHandshake() {
        SecurityContext client =
                Sspi.client("HTTP@localhost", new Options().securityPackage("Kerberos"));
        SecurityContext server = Sspi.server(new Options().securityPackage("Kerberos"));
        shakeHands(client, server);
        equal(server.userName(), "alice@" + System.getenv("REALM"));
        check(client.expiry().get().isAfter(Instant.now()), client.expiry());
        client.delete();
        server.delete();
    }

    static void sealAndUnseal(SecurityContext client, SecurityContext server) {
        byte[] message = {'h', 0, (byte) 0xff, 'i'};
        byte[] sealed = client.encrypt(message);
        check(!new String(sealed, java.nio.charset.StandardCharsets.ISO_8859_1).contains("h\0\u00ffi"),
                "not sealed");
        check(Arrays.equals(server.decrypt(sealed), message), "not opened");
        sealed[sealed.length - 1] ^= 1;
        SspiException problem = fails(SspiException.class, () -> server.decrypt(sealed));
        check(problem.code().matches("SEC_E_(MESSAGE_ALTERED|OUT_OF_SEQUENCE)"), problem);
        server.verify(message, client.sign(message));
    }

    static void deletePendingThenOk() throws Exception {
        Credential credential = scripted();
        SecurityContext context = begun(credential);
        AsyncContext leg = SspiCreateAsyncContext();
        AsyncContext end = SspiCreateAsyncContext();
        Place handle = new Place(context.handle());
        equal(SspiInitializeSecurityContextAsync(leg, new Place(credential.handle()), handle, "block", 0,
                0, 0, null, 0, null, null, null, null), SEC_E_OK);
        CompletableFuture<Object> heard = new CompletableFuture<>();
        SspiSetAsyncNotifyCallback(end, (async, data) -> heard.complete(data), "data");
        equal(SspiDeleteSecurityContextAsync(end, handle), SEC_E_OK);
        equal(SspiGetAsyncCallStatus(end), SEC_I_ASYNC_CALL_PENDING);
        probe.probe_release(1);
        equal(heard.get(PATIENCE_MS, TimeUnit.MILLISECONDS), "data");
        equal(SspiGetAsyncCallStatus(end), SEC_E_OK);
        SspiFreeAsyncContext(leg);
        SspiFreeAsyncContext(end);
        context.close();
        credential.free();
    }

    /** A loop of a program's own: an executor with one thread. */
    static void deleteHeardOnTheLoop() throws Exception {
        Credential credential = scripted();
        ExecutorService loop = Executors.newSingleThreadExecutor();
        Thread thread = loop.submit(Thread::currentThread).get();
        SecurityContext context =
                Sspi.client("more", new Options().credential(credential).executor(loop));
        CompletableFuture<Thread> heard = loop.submit(() -> context.stepAsync()
                .thenCompose(token -> context.deleteAsync())
                .thenApply(nothing -> Thread.currentThread())).get();
        equal(heard.get(PATIENCE_MS, TimeUnit.MILLISECONDS), thread);
        loop.shutdown();
        credential.free();
    }

    static void fireAndForget() throws Exception {
        Credential credential = scripted();
        List<SecurityContext> contexts = new ArrayList<>();
        for (int i = 0; i < 100; i++) contexts.add(begun(credential));
        equal(probe.probe_contexts(), 100);
        contexts.forEach(SecurityContext::close);
        credential.close();
        eventually(() -> probe.probe_contexts() == 0 && probe.probe_credentials() == 0);
    }

    static void doubleDelete() {
        Credential credential = scripted();
        SecurityContext context = begun(credential);
        context.delete();
        failsWith("SEC_E_INVALID_HANDLE", context::delete);
        failsWith("SEC_E_INVALID_HANDLE", context::step);
        credential.free();
    }

    static void exceptionInCallback() throws Exception {
        Credential credential = scripted();
        SecurityContext first = begun(credential);
        SecurityContext second = begun(credential);
        CompletableFuture<Throwable> caught = new CompletableFuture<>();
        Thread.setDefaultUncaughtExceptionHandler((thread, problem) -> caught.complete(problem));
        AsyncContext end = SspiCreateAsyncContext();
        SspiSetAsyncNotifyCallback(end, (async, data) -> {
            throw new IllegalStateException("boom");
        }, null);
        SspiDeleteSecurityContextAsync(end, new Place(first.handle()));
        second.delete();
        equal(caught.get(PATIENCE_MS, TimeUnit.MILLISECONDS).getMessage(), "boom");
        Thread.setDefaultUncaughtExceptionHandler(null);
        SspiFreeAsyncContext(end);
        first.close();
        credential.free();
    }

    static CompletableFuture<Void> beginAndDelete(Credential credential) {
        SecurityContext context = client("more", credential);
        return context.stepAsync().thenCompose(token -> context.deleteAsync());
    }

    static CompletableFuture<Void> whileLeft(Credential credential, AtomicInteger left) {
        if (left.getAndDecrement() <= 0) return CompletableFuture.completedFuture(null);
        return beginAndDelete(credential).thenCompose(nothing -> whileLeft(credential, left));
    }

    /** So many legs, each with the deletion of its context, 64 at a time. */
    static void deletions(Credential credential, int count) {
        AtomicInteger left = new AtomicInteger(count);
        CompletableFuture<?>[] chains = new CompletableFuture<?>[64];
        for (int i = 0; i < chains.length; i++) chains[i] = whileLeft(credential, left);
        CompletableFuture.allOf(chains).join();
    }

    static void tenThousandDeletions() {
        Credential credential = scripted();
        deletions(credential, 10_000);
        equal(probe.probe_contexts(), 0);
        credential.free();
    }

    static void lateNumbers() {
        for (int i = 0; i < 600_000; i++) {
            long call = Native.call_create();
            check(call > 0 && call < 1L << 53 && (long) (double) call == call, call);
            equal(Native.call_status((long) (double) call), 0x80090361);
            Native.call_free(call);
        }
    }

    static void textWithNul() {
        failsWith("SEC_E_INVALID_PARAMETER", () -> scripted("all: name=ab\0evil"));
        failsWith("SEC_E_INVALID_PARAMETER",
                () -> Credential.acquire("Scripted\0", CredentialUse.OUTBOUND, new Options()));
        check(fails(IllegalArgumentException.class, () -> new Identity().password("x\0user\0bob"))
                .getMessage().contains("NUL"), "another reason");
        Credential credential = scripted();
        failsWith("SEC_E_INVALID_PARAMETER", () -> client("more\0evil", credential).step());
        fails(IllegalArgumentException.class, () -> client("half a pair: \ud83d", credential).step());
        credential.free();
    }

    static void textBeyondBmp() {
        Credential credential = scripted("all: per-leg name=\ud83d\udd11\u00e9");
        SecurityContext context = begun(credential);
        equal(context.userName(), "\ud83d\udd11\u00e9");
        context.delete();
        credential.free();
    }

    static void deadlineEndsABlockedLeg() throws Exception {
        Credential credential = scripted();
        SspiTimeoutException late = fails(SspiTimeoutException.class, () -> Sspi.client("block",
                new Options().credential(credential).timeout(Duration.ofMillis(20))).step());
        equal(late.code(), "SEC_E_SECURITY_QOS_FAILED");
        probe.probe_release(probe.probe_blocked());
        // Java's own way: the leg ends, and the context of it is left to nobody.
        SecurityContext context = client("block", credential);
        CompletableFuture<byte[]> leg = context.stepAsync().orTimeout(20, TimeUnit.MILLISECONDS);
        fails(TimeoutException.class, leg::join);
        context.delete();
        probe.probe_release(probe.probe_blocked());
        credential.free();
    }

    static void cancel() throws Exception {
        Credential credential = scripted();
        SecurityContext context = client("block", credential);
        CompletableFuture<byte[]> leg = context.stepAsync();
        eventually(() -> probe.probe_blocked() == 1);
        leg.cancel(true);
        fails(CancellationException.class, leg::join);
        context.delete();
        probe.probe_release(1);
        // An interrupt ends what a thread waits for.
        AtomicReference<Throwable> caught = new AtomicReference<>();
        Thread waiting = new Thread(() ->
                caught.set(fails(CancellationException.class, () -> client("block", credential).step())));
        waiting.start();
        eventually(() -> probe.probe_blocked() == 1);
        waiting.interrupt();
        waiting.join(PATIENCE_MS);
        check(caught.get() != null, "it waits");
        probe.probe_release(probe.probe_blocked());
        credential.free();
    }

    static void beginAndLose(Credential credential) {
        for (int i = 0; i < 20; i++) client("block", credential).stepAsync();
    }

    static void collectorWithCallsPending() throws Exception {
        Credential credential = scripted();
        beginAndLose(credential);
        eventually(() -> {
            System.gc();
            return probe.probe_blocked() == 20;
        });
        probe.probe_release(20);
        eventually(() -> {
            System.gc();
            return probe.probe_contexts() == 0;
        });
        credential.free();
    }

    static void twoLoops() throws Exception {
        Credential credential = scripted();
        ConcurrentLinkedQueue<Throwable> problems = new ConcurrentLinkedQueue<>();
        Thread[] threads = new Thread[2];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = new Thread(() -> {
                for (int k = 0; k < 200; k++) begun(credential).delete();
            });
            threads[i].setUncaughtExceptionHandler((thread, problem) -> problems.add(problem));
            threads[i].start();
        }
        for (Thread thread : threads) thread.join();
        check(problems.isEmpty(), problems);
        equal(probe.probe_contexts(), 0);
        credential.free();
    }

    static List<CompletableFuture<byte[]>> hundredBlocked() throws Exception {
        Credential credential = scripted();
        List<CompletableFuture<byte[]>> legs = new ArrayList<>();
        for (int i = 0; i < 100; i++) legs.add(client("block", credential).stepAsync());
        eventually(() -> probe.probe_blocked() > 0);
        return legs;
    }

    /** So many calls in 20 lots; what the process has after each, of its heap what is in use. */
    static void memoryStaysFlat(int calls) {
        Credential credential = scripted();
        for (int lot = 0; lot < 20; lot++) {
            deletions(credential, calls / 40);
            System.gc();
            long unused = Runtime.getRuntime().freeMemory() / 1024;
            System.out.println(probe.probe_resident() - unused);
        }
        credential.free();
    }

    static void program(String name) throws Exception {
        List<CompletableFuture<byte[]>> legs = hundredBlocked();
        switch (name) {
            case "exit_with_calls_pending":
                System.exit(3);
                break;
            case "natural_end_with_calls_pending":
                break;
            case "killed_by_sigterm_while_waiting":
                System.out.println("waiting");
                legs.get(0).join();
                break;
            default:
                throw new IllegalArgumentException(name);
        }
    }

    static String told(Throwable problem) {
        StringWriter text = new StringWriter();
        problem.printStackTrace(new PrintWriter(text));
        return text.toString().trim().replaceAll("\\s*\n\\s*", " | ");
    }

    public static void main(String[] arguments) throws Exception {
        System.load(System.getenv("PROBE_JAVA"));
        if (arguments.length > 1) {
            memoryStaysFlat(Integer.parseInt(arguments[1]));
            return;
        }
        if (arguments.length > 0) {
            program(arguments[0]);
            return;
        }
        for (Map.Entry<String, Body> each : CASES.entrySet()) {
            try {
                each.getValue().run();
                eventually(() -> probe.probe_contexts() == 0 && probe.probe_credentials() == 0);
                System.out.println("PASS " + each.getKey());
            } catch (Throwable problem) {
                System.out.println("FAIL " + each.getKey() + ": " + told(problem));
            }
        }
        System.exit(0);
    }
}
