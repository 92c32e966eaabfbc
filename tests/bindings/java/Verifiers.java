// SPDX-License-Identifier: MIT
// NTLM accounts that the program knows.
import java.lang.ref.WeakReference;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.sspiasync.Credential;
import org.sspiasync.CredentialUse;
import org.sspiasync.Identity;
import org.sspiasync.NtlmAccount;
import org.sspiasync.NtlmVerifier;
import org.sspiasync.Options;
import org.sspiasync.SecurityContext;
import org.sspiasync.Sspi;

final class Verifiers {
    private static final String PASSWORD = System.getenv("ALICE_PASSWORD");
    private static final byte[] HASH = { // of that password
        (byte) 0x91, (byte) 0xc8, 0x1b, (byte) 0xd7, (byte) 0xd0, (byte) 0x87, 0x2a, (byte) 0xd6, 0x6d, 0x3f,
        (byte) 0x91, 0x7f, (byte) 0xea, (byte) 0x9f, (byte) 0xb5, (byte) 0xfb,
    };

    private static void logsOn(Options server) {
        Options alice = new Options().securityPackage("NTLM")
                .identity(new Identity().user("alice").domain("TEST").password(PASSWORD));
        try (SecurityContext client = Sspi.client("HTTP/localhost", alice);
                SecurityContext acceptor = Sspi.server(server)) {
            Cases.shakeHands(client, acceptor);
            Cases.equal(acceptor.userName(), "TEST\\alice");
            Cases.check(Arrays.equals(client.sessionKey(), acceptor.sessionKey()), "another key");
        }
    }

    private static Options options(NtlmVerifier verifier) {
        return new Options().securityPackage("NTLM").identity(new Identity().ntlmVerifier(verifier));
    }

    private static void many() {
        Queue<String> asked = new ConcurrentLinkedQueue<>();
        NtlmVerifier verifier = (user, domain) -> {
            asked.add(Thread.currentThread().getName() + " " + domain + "\\" + user);
            return CompletableFuture.completedFuture(NtlmAccount.password(PASSWORD.toCharArray()));
        };
        ExecutorService pool = Executors.newSingleThreadExecutor(task -> new Thread(task, "look-ups"));
        try (Credential credential = Credential.acquire("NTLM", CredentialUse.INBOUND,
                options(verifier).executor(pool))) {
            List<CompletableFuture<Void>> logons = Stream.generate(() -> CompletableFuture
                    .runAsync(() -> logsOn(new Options().credential(credential)))).limit(20)
                    .collect(Collectors.toList());
            logons.forEach(CompletableFuture::join);
        } finally {
            pool.shutdown();
        }
        Cases.equal(asked.stream().filter("look-ups TEST\\alice"::equals).count(), 20L);
    }

    /** Something that the verifier of a credential knows which nobody has any more. */
    private static WeakReference<Object> lost() {
        char[] password = PASSWORD.toCharArray();
        Credential credential = Credential.acquire("NTLM", CredentialUse.INBOUND,
                options((user, domain) -> CompletableFuture.completedFuture(NtlmAccount.password(password))));
        logsOn(new Options().credential(credential));
        return new WeakReference<>(password);
    }

    static void all() throws Exception {
        many();
        WeakReference<Object> lost = lost();
        Cases.eventually(() -> {
            System.gc();
            return lost.get() == null;
        });
        logsOn(options((user, domain) -> CompletableFuture.supplyAsync(() -> NtlmAccount.hash(HASH))));
        for (NtlmAccount account : new NtlmAccount[] {null, NtlmAccount.password("another")})
            Cases.failsWith("SEC_E_LOGON_DENIED",
                    () -> logsOn(options((user, domain) -> CompletableFuture.completedFuture(account))));

        Queue<Throwable> reported = new ConcurrentLinkedQueue<>();
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, problem) -> reported.add(problem));
        IllegalStateException problem = new IllegalStateException("no database");
        NtlmVerifier[] bad = {
            (user, domain) -> { throw problem; },
            (user, domain) -> CompletableFuture.failedFuture(problem),
        };
        for (NtlmVerifier each : bad)
            Cases.failsWith("SEC_E_NO_AUTHENTICATING_AUTHORITY", () -> logsOn(options(each)));
        Cases.eventually(() -> reported.size() == bad.length);
        Thread.setDefaultUncaughtExceptionHandler(before);
        Cases.check(reported.stream().allMatch(problem::equals), reported);
        Cases.fails(IllegalArgumentException.class, () -> NtlmAccount.hash(new byte[15]));
    }

    private Verifiers() {}
}
