// SPDX-License-Identifier: MIT
// Java's side of bench/languages.py: futures, and a pool of threads around a function that blocks.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.sspiasync.Credential;
import org.sspiasync.CredentialUse;
import org.sspiasync.Options;
import org.sspiasync.SecurityContext;
import org.sspiasync.Sspi;
import org.sspiasync.SspiTimeoutException;

class Calls {
    static final int IN_FLIGHT = 64;
    static final Duration DEADLINE = Duration.ofSeconds(5);
    static final long LOOK_MS = 4000; // threads without work have left by then

    static int atRest;

    static int threads() {
        return probe.probe_threads() - atRest;
    }

    static String host(int number) {
        return "HTTP@host" + number + ".localhost";
    }

    interface Side {
        void calls(int count, String words) throws Exception;

        String silent(int count) throws Exception;
    }

    static class Ours implements Side {
        static CompletableFuture<Void> whileLeft(
                Credential credential, AtomicInteger left) {
            if (left.getAndDecrement() <= 0) return CompletableFuture.completedFuture(null);
            SecurityContext context = Sspi.client("", new Options().credential(credential));
            return context.stepAsync().thenCompose(token -> context.deleteAsync())
                    .thenCompose(nothing -> whileLeft(credential, left));
        }

        @Override
        public void calls(int count, String script) {
            Credential credential = Credential.acquire(
                    "Scripted", CredentialUse.OUTBOUND, new Options().principal(script));
            AtomicInteger left = new AtomicInteger(count);
            CompletableFuture<?>[] chains = new CompletableFuture<?>[IN_FLIGHT];
            for (int i = 0; i < chains.length; i++) chains[i] = whileLeft(credential, left);
            CompletableFuture.allOf(chains).join();
            credential.free();
        }

        @Override
        public String silent(int count) throws Exception {
            Credential credential =
                    Credential.acquire("Kerberos", CredentialUse.OUTBOUND, new Options());
            Options options = new Options().credential(credential).timeout(DEADLINE);
            List<CompletableFuture<byte[]>> logons = new ArrayList<>();
            for (int i = 0; i < count; i++) logons.add(Sspi.client(host(i), options).stepAsync());
            Thread.sleep(LOOK_MS);
            long ended = logons.stream().filter(CompletableFuture::isDone).count();
            String seen = count - ended + " " + threads() + " " + probe.probe_library_threads();
            for (CompletableFuture<byte[]> logon : logons) {
                Throwable problem = logon.handle((token, failure) -> failure).join();
                if (!(problem instanceof SspiTimeoutException)) throw new AssertionError(problem);
            }
            credential.free();
            return seen;
        }
    }

    static class Theirs implements Side {
        final ExecutorService pool = Executors.newFixedThreadPool(IN_FLIGHT);

        @Override
        public void calls(int count, String target) {
            CompletableFuture<?>[] calls = new CompletableFuture<?>[count];
            for (int i = 0; i < count; i++)
                calls[i] = CompletableFuture.runAsync(() -> {
                    if (probe.probe_log_on("Scripted", target) != 0) throw new AssertionError(target);
                }, pool);
            CompletableFuture.allOf(calls).join();
        }

        @Override
        public String silent(int count) throws Exception {
            for (int i = 0; i < count; i++) {
                String target = host(i);
                pool.execute(() -> probe.probe_log_on("Kerberos", target));
            }
            while (probe.probe_inside() < count) Thread.sleep(1);
            return probe.probe_inside() + " " + threads();
        }
    }

    public static void main(String[] arguments) throws Exception {
        Sspi.version(); // the library comes before the probe
        System.load(System.getenv("PROBE_JAVA"));
        atRest = probe.probe_threads();
        Side side = arguments[0].equals("ours") ? new Ours() : new Theirs();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = lines.readLine()) != null;) {
            String[] words = line.split(" ", 3);
            if (words[0].equals("calls")) {
                side.calls(Integer.parseInt(words[1]), words[2]);
                System.out.println(threads());
            } else {
                System.out.println(side.silent(Integer.parseInt(words[1])));
            }
        }
        System.exit(0);
    }
}
