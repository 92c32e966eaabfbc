// SPDX-License-Identifier: MIT
package org.sspiasync;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** Options of a context or a credential. An option that is not set has its default. */
public final class Options {
    String securityPackage;
    Credential credential;
    Identity identity;
    String principal;
    Long flags;
    byte[] channelBindings;
    List<String> applicationProtocols;
    Duration timeout;
    Executor executor;
    Executor lookUps; // the program's executor, if executor is another one

    /** "Negotiate" (the default), "Kerberos", "NTLM", "Schannel". */
    public Options securityPackage(String value) {
        securityPackage = value;
        return this;
    }

    /** A credential that outlives the context; without one, the first leg acquires it. */
    public Options credential(Credential value) {
        credential = value;
        return this;
    }

    /** The user to log on, if there is no credential. */
    public Options identity(Identity value) {
        identity = value;
        return this;
    }

    /** The principal of the credential; null: that of the default credential. */
    public Options principal(String value) {
        principal = value;
        return this;
    }

    /** ClientFlags or ServerFlags. */
    public Options flags(long value) {
        flags = value;
        return this;
    }

    /** The bindings of the TLS connection around the handshake, "tls-server-end-point:...". */
    public Options channelBindings(byte[] value) {
        channelBindings = value.clone();
        return this;
    }

    /** The protocol names for ALPN, in order of preference. */
    public Options applicationProtocols(String... value) {
        applicationProtocols = List.of(value);
        return this;
    }

    /** The timeout of each call; zero means none, even if the process has a default. */
    public Options timeout(Duration value) {
        timeout = value;
        return this;
    }

    /** Where futures are completed; without one, where CompletableFuture runs asynchronous tasks. */
    public Options executor(Executor value) {
        executor = value;
        return this;
    }

    Options copy() {
        Options copy = new Options();
        copy.securityPackage = securityPackage;
        copy.credential = credential;
        copy.identity = identity;
        copy.principal = principal;
        copy.flags = flags;
        copy.channelBindings = channelBindings;
        copy.applicationProtocols = applicationProtocols;
        copy.timeout = timeout;
        copy.executor = executor;
        copy.lookUps = lookUps;
        return copy;
    }

    /** For a caller that waits: completes on the thread of completions, so that no executor can delay it. */
    Options direct() {
        Options direct = copy().executor(Runnable::run);
        direct.lookUps = executor != null ? executor : new CompletableFuture<Void>().defaultExecutor();
        return direct;
    }
}
