// SPDX-License-Identifier: MIT
package org.sspiasync.jgss;

import java.security.Provider;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.Executor;
import org.ietf.jgss.GSSCredential;
import org.ietf.jgss.GSSException;
import org.ietf.jgss.GSSManager;
import org.ietf.jgss.GSSName;
import org.ietf.jgss.Oid;
import org.sspiasync.Identity;
import org.sspiasync.Options;

/**
 * JGSS over this library: a program replaces {@code GSSManager.getInstance()} with
 * {@code new SspiManager()}, and can use Kerberos, SPNEGO and NTLM from the system's libraries. Tickets come
 * from the default credentials cache and keys from the default keytab, or from identity(). Subjects, JAAS
 * and system properties are not used.
 *
 * <p>A context's initSecContextAsync and acceptSecContextAsync return the legs as futures.
 */
public final class SspiManager extends GSSManager {
    private static final Oid[] NAME_TYPES = {
        GSSName.NT_HOSTBASED_SERVICE, GSSName.NT_USER_NAME, SspiName.KERBEROS_PRINCIPAL,
        GSSName.NT_EXPORT_NAME, GSSName.NT_ANONYMOUS,
    };

    private Identity identity;
    private Duration timeout;
    private Executor executor;

    /** The user or the source of the credential; JGSS has no setting for a password, cache or keytab. */
    public SspiManager identity(Identity value) {
        identity = value;
        return this;
    }

    /** The timeout of each leg; zero means none, even if the process has a default. */
    public SspiManager timeout(Duration value) {
        timeout = value;
        return this;
    }

    /** Where futures are completed; without one, where CompletableFuture runs asynchronous tasks. */
    public SspiManager executor(Executor value) {
        executor = value;
        return this;
    }

    /** The initial options of each credential and context. */
    Options options() {
        return new Options().identity(identity).timeout(timeout).executor(executor);
    }

    @Override
    public Oid[] getMechs() {
        return Arrays.stream(Mechanism.values()).filter(Mechanism::isThere)
                .map(mechanism -> mechanism.oid).toArray(Oid[]::new);
    }

    @Override
    public Oid[] getNamesForMech(Oid mech) throws GSSException {
        Mechanism.of(mech);
        return NAME_TYPES.clone();
    }

    @Override
    public Oid[] getMechsForName(Oid type) {
        return Arrays.asList(NAME_TYPES).contains(type) ? getMechs() : new Oid[0];
    }

    @Override
    public GSSName createName(String name, Oid type) throws GSSException {
        return new SspiName(name, type, null);
    }

    @Override
    public GSSName createName(byte[] name, Oid type) throws GSSException {
        return SspiName.of(name, type, null);
    }

    @Override
    public GSSName createName(String name, Oid type, Oid mech) throws GSSException {
        return createName(name, type).canonicalize(mech);
    }

    @Override
    public GSSName createName(byte[] name, Oid type, Oid mech) throws GSSException {
        return createName(name, type).canonicalize(mech);
    }

    @Override
    public GSSCredential createCredential(int usage) throws GSSException {
        return createCredential(null, GSSCredential.DEFAULT_LIFETIME, (Oid[]) null, usage);
    }

    @Override
    public GSSCredential createCredential(GSSName name, int lifetime, Oid mech, int usage)
            throws GSSException {
        return createCredential(name, lifetime, mech == null ? null : new Oid[] {mech}, usage);
    }

    /** null for mechs: Kerberos and SPNEGO. No server is contacted; the first leg reports what is missing. */
    @Override
    public GSSCredential createCredential(GSSName name, int lifetime, Oid[] mechs, int usage)
            throws GSSException {
        SspiCredential credential = new SspiCredential(this);
        Oid[] wanted = mechs != null ? mechs : new Oid[] {Mechanism.KERBEROS.oid, Mechanism.SPNEGO.oid};
        try {
            for (Oid mech : wanted) credential.add(SspiName.of(name), Mechanism.of(mech), usage);
        } catch (GSSException problem) {
            credential.dispose();
            throw problem;
        }
        return credential;
    }

    private static SspiCredential own(GSSCredential credential) throws GSSException {
        if (credential == null || credential instanceof SspiCredential) return (SspiCredential) credential;
        throw Failure.of(GSSException.DEFECTIVE_CREDENTIAL,
                "the credential is another manager's; have this one create it");
    }

    @Override
    public SspiContext createContext(GSSName peer, Oid mech, GSSCredential credential, int lifetime)
            throws GSSException {
        if (peer == null) throw Failure.of(GSSException.BAD_NAME, "a context has a peer");
        SspiCredential with = own(credential);
        Mechanism mechanism = mech != null ? Mechanism.of(mech)
                : with != null ? with.preferred() : Mechanism.KERBEROS;
        return SspiContext.initiator(this, SspiName.of(peer), mechanism, with, lifetime);
    }

    /** Without a credential: any service in the default keytab, with Kerberos or SPNEGO. */
    @Override
    public SspiContext createContext(GSSCredential credential) throws GSSException {
        SspiCredential with = own(credential);
        return SspiContext.acceptor(this, with == null ? Mechanism.SPNEGO : with.preferredToAccept(), with);
    }

    @Override
    public SspiContext createContext(byte[] interProcessToken) throws GSSException {
        return SspiContext.imported(this, interProcessToken);
    }

    /** The library is the only provider; Sspi.addPackage adds modules. */
    @Override
    public void addProviderAtFront(Provider provider, Oid mech) throws GSSException {
        throw Failure.of(GSSException.UNAVAILABLE, "this manager has no providers; see Sspi.addPackage");
    }

    @Override
    public void addProviderAtEnd(Provider provider, Oid mech) throws GSSException {
        addProviderAtFront(provider, mech);
    }
}
