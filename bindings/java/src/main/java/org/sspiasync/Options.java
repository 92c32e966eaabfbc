// SPDX-License-Identifier: MIT
package org.sspiasync;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** How a context or a credential is to be. What is not set has its default. */
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
    Executor lookUps; // what the program gave, where executor is another

    /** "Negotiate" (the default), "Kerberos", "NTLM", "Schannel". */
    public Options securityPackage(String value) {
        securityPackage = value;
        return this;
    }

    /** A credential that outlives the context; else the first leg acquires one. */
    public Options credential(Credential value) {
        credential = value;
        return this;
    }

    /** Whom to log on, if there is no credential. */
    public Options identity(Identity value) {
        identity = value;
        return this;
    }

    /** Whose credential; the default one of the process if there is none. */
    public Options principal(String value) {
        principal = value;
        return this;
    }

    /** ClientFlags or ServerFlags. */
    public Options flags(long value) {
        flags = value;
        return this;
    }

    /** What the TLS connection around the handshake is bound by, "tls-server-end-point:...". */
    public Options channelBindings(byte[] value) {
        channelBindings = value.clone();
        return this;
    }

    /** ALPN, the best first. */
    public Options applicationProtocols(String... value) {
        applicationProtocols = List.of(value);
        return this;
    }

    /** The limit of each call; zero for none, also where the process has a default. */
    public Options timeout(Duration value) {
        timeout = value;
        return this;
    }

    /** Where futures are completed; without one, where CompletableFuture runs what is asynchronous. */
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

    /** For a caller who waits: on the thread of completions, so that no executor can be in its way. */
    Options direct() {
        Options direct = copy().executor(Runnable::run);
        direct.lookUps = executor != null ? executor : new CompletableFuture<Void>().defaultExecutor();
        return direct;
    }
}
