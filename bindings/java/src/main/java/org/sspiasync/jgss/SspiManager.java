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
 * JGSS over this library: a program takes {@code new SspiManager()} where it had
 * {@code GSSManager.getInstance()}, and has Kerberos, SPNEGO and NTLM of the system's libraries. Tickets
 * come from the default credentials cache and keys from the default keytab, or from identity(); no
 * Subject, no JAAS and no system property is asked.
 *
 * <p>A context's initSecContextAsync and acceptSecContextAsync have the legs as futures.
 */
public final class SspiManager extends GSSManager {
    private static final Oid[] NAME_TYPES = {
        GSSName.NT_HOSTBASED_SERVICE, GSSName.NT_USER_NAME, SspiName.KERBEROS_PRINCIPAL,
        GSSName.NT_EXPORT_NAME, GSSName.NT_ANONYMOUS,
    };

    private Identity identity;
    private Duration timeout;
    private Executor executor;

    /** Whom to log on, or with what; JGSS has no place for a password, a cache or a keytab. */
    public SspiManager identity(Identity value) {
        identity = value;
        return this;
    }

    /** The limit of each leg; zero for none, also where the process has a default. */
    public SspiManager timeout(Duration value) {
        timeout = value;
        return this;
    }

    /** Where futures are completed; without one, where CompletableFuture runs what is asynchronous. */
    public SspiManager executor(Executor value) {
        executor = value;
        return this;
    }

    /** What each credential and context begins with. */
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

    /** No mechanisms: Kerberos and SPNEGO. Nobody is asked yet; what is lacking shows in the first leg. */
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

    /** Without a credential: what the default keytab has keys of, by Kerberos or SPNEGO. */
    @Override
    public SspiContext createContext(GSSCredential credential) throws GSSException {
        SspiCredential with = own(credential);
        return SspiContext.acceptor(this, with == null ? Mechanism.SPNEGO : with.preferredToAccept(), with);
    }

    @Override
    public SspiContext createContext(byte[] interProcessToken) throws GSSException {
        return SspiContext.imported(this, interProcessToken);
    }

    /** There is one provider, the library; modules are added by Sspi.addPackage. */
    @Override
    public void addProviderAtFront(Provider provider, Oid mech) throws GSSException {
        throw Failure.of(GSSException.UNAVAILABLE, "this manager has no providers; see Sspi.addPackage");
    }

    @Override
    public void addProviderAtEnd(Provider provider, Oid mech) throws GSSException {
        addProviderAtFront(provider, mech);
    }
}
