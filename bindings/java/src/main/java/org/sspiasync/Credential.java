// SPDX-License-Identifier: MIT
package org.sspiasync;

import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.sspiasync.internal.Native;
import org.sspiasync.internal.Text;

/** A credential to log on with. It can be used for any number of contexts at the same time. */
public final class Credential implements AutoCloseable {
    private final Ending ending;
    private final String securityPackage;
    private final long expiry;
    private final Verifier verifier; // must live as long as questions may come

    Credential(long handle, String securityPackage, long expiry) {
        this(handle, securityPackage, expiry, null);
    }

    private Credential(long handle, String securityPackage, long expiry, Verifier verifier) {
        this.verifier = verifier;
        ending = Ending.of(this, handle, lost -> Native.free_credential(0, 0, 0, lost));
        this.securityPackage = securityPackage;
        this.expiry = expiry;
    }

    /** Acquires a credential. It uses the options principal, identity, timeout and executor. */
    public static CompletableFuture<Credential> acquireAsync(String securityPackage, CredentialUse use,
            Options options) {
        Verifier verifier = verifierOf(options);
        byte[] identity = Identity.pack(options.identity, verifier);
        try {
            return Call.start((call, queue, id) -> Native.acquire(call, queue, id, securityPackage,
                    options.principal, use.number, identity), options,
                    outcome -> new Credential(outcome.credential, securityPackage, outcome.expiry, verifier),
                    Credential::close);
        } finally {
            if (identity != null) Arrays.fill(identity, (byte) 0);
        }
    }

    private static Verifier verifierOf(Options options) {
        if (options.identity == null || options.identity.ntlmVerifier == null) return null;
        return new Verifier(options.identity.ntlmVerifier,
                options.lookUps != null ? options.lookUps : options.executor);
    }

    /** The same, but waits for the result. */
    public static Credential acquire(String securityPackage, CredentialUse use, Options options) {
        return Call.await(acquireAsync(securityPackage, use, options.direct()));
    }

    public String securityPackage() {
        return securityPackage;
    }

    /** When it expires; empty: never, or not known. */
    public Optional<Instant> expiry() {
        return expiry < 0 ? Optional.empty() : Optional.of(Instant.ofEpochSecond(expiry));
    }

    /** Its number in the library; 0 after it was freed. */
    public long handle() {
        return ending.handle();
    }

    /** The name of its principal. */
    public String name() {
        byte[][] name = new byte[1][];
        SspiException.check(Native.credential_name(handle(), name));
        return Text.of(name[0]);
    }

    /** Frees the credential; contexts that were created with it continue. */
    public CompletableFuture<Void> freeAsync(Options options) {
        long handle = ending.take();
        return Call.startEnd((call, queue, id) -> Native.free_credential(call, queue, id, handle), options);
    }

    /** The same, but waits for the result. */
    public void free() {
        Call.await(freeAsync(new Options().direct()));
    }

    /** The same, but does not wait, and reports no result. */
    @Override
    public void close() {
        long handle = ending.take();
        if (handle != 0) Native.free_credential(0, 0, 0, handle);
    }
}
