// SPDX-License-Identifier: MIT
package org.sspiasync.jgss;

import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.ietf.jgss.GSSCredential;
import org.ietf.jgss.GSSException;
import org.ietf.jgss.GSSName;
import org.ietf.jgss.Oid;
import org.sspiasync.Credential;
import org.sspiasync.CredentialUse;

/** A JGSS credential: one credential of the library for each of its mechanisms. */
final class SspiCredential implements GSSCredential {
    private final SspiManager manager;
    private final Map<Mechanism, Part> parts = new EnumMap<>(Mechanism.class); // guarded by this

    private static final class Part {
        final SspiName name; // null: that of the default credential
        final int usage;
        final Credential credential;

        Part(SspiName name, int usage, Credential credential) {
            this.name = name;
            this.usage = usage;
            this.credential = credential;
        }
    }

    SspiCredential(SspiManager manager) {
        this.manager = manager;
    }

    /** The credential that a client delegated. */
    static SspiCredential delegated(SspiManager manager, Mechanism mechanism, Credential found) {
        SspiCredential credential = new SspiCredential(manager);
        credential.parts.put(mechanism, new Part(null, INITIATE_ONLY, found));
        return credential;
    }

    static CredentialUse useOf(int usage) throws GSSException {
        switch (usage) {
            case INITIATE_ONLY: return CredentialUse.OUTBOUND;
            case ACCEPT_ONLY: return CredentialUse.INBOUND;
            case INITIATE_AND_ACCEPT: return CredentialUse.BOTH;
            default: throw Failure.of(GSSException.FAILURE, "there is no usage " + usage);
        }
    }

    synchronized void add(SspiName name, Mechanism mechanism, int usage) throws GSSException {
        if (parts.containsKey(mechanism))
            throw Failure.of(GSSException.DUPLICATE_ELEMENT, "it is of " + mechanism.oid + " already");
        CredentialUse use = useOf(usage);
        Credential acquired = Failure.translated(() -> Credential.acquire(mechanism.securityPackage, use,
                manager.options().principal(name == null ? null : name.principal())));
        parts.put(mechanism, new Part(name, usage, acquired));
    }

    /** The library's credential for this mechanism. */
    Credential of(Mechanism mechanism) throws GSSException {
        return part(mechanism).credential;
    }

    private synchronized Part part(Mechanism mechanism) throws GSSException {
        Part part = parts.get(mechanism);
        if (part == null)
            throw Failure.of(GSSException.NO_CRED, "the credential is not of " + mechanism.oid);
        return part;
    }

    private Part part(Oid mech) throws GSSException {
        return mech == null ? part(preferred()) : part(Mechanism.of(mech));
    }

    /** The mechanism of a context for which none is named. */
    synchronized Mechanism preferred() throws GSSException {
        for (Mechanism mechanism : parts.keySet()) return mechanism;
        throw Failure.of(GSSException.NO_CRED, "the credential was disposed of");
    }

    /** SPNEGO also accepts tokens of Kerberos. */
    synchronized Mechanism preferredToAccept() throws GSSException {
        return parts.containsKey(Mechanism.SPNEGO) ? Mechanism.SPNEGO : preferred();
    }

    @Override
    public synchronized void dispose() {
        parts.values().forEach(part -> part.credential.close());
        parts.clear();
    }

    @Override
    public GSSName getName() throws GSSException {
        Part part = part((Oid) null);
        return part.name != null ? part.name : getName(null);
    }

    @Override
    public GSSName getName(Oid mech) throws GSSException {
        Part part = part(mech);
        Mechanism mechanism = mech == null ? preferred() : Mechanism.of(mech);
        return Failure.translated(() -> new SspiName(part.credential.name(), null, mechanism));
    }

    static int secondsUntil(Optional<Instant> expiry) {
        if (expiry.isEmpty()) return INDEFINITE_LIFETIME;
        long left = Duration.between(Instant.now(), expiry.get()).getSeconds();
        return (int) Math.max(0, Math.min(left, INDEFINITE_LIFETIME));
    }

    /** The shortest lifetime of all mechanisms. */
    @Override
    public synchronized int getRemainingLifetime() throws GSSException {
        preferred();
        return parts.values().stream().mapToInt(part -> secondsUntil(part.credential.expiry())).min()
                .getAsInt();
    }

    @Override
    public int getRemainingInitLifetime(Oid mech) throws GSSException {
        Part part = part(mech);
        return part.usage == ACCEPT_ONLY ? 0 : secondsUntil(part.credential.expiry());
    }

    @Override
    public int getRemainingAcceptLifetime(Oid mech) throws GSSException {
        Part part = part(mech);
        return part.usage == INITIATE_ONLY ? 0 : secondsUntil(part.credential.expiry());
    }

    @Override
    public int getUsage() throws GSSException {
        return getUsage(null);
    }

    @Override
    public int getUsage(Oid mech) throws GSSException {
        return part(mech).usage;
    }

    @Override
    public synchronized Oid[] getMechs() throws GSSException {
        preferred();
        return parts.keySet().stream().map(mechanism -> mechanism.oid).toArray(Oid[]::new);
    }

    /** Ignores both lifetimes: the library has one credential for both sides, and could meet only one. */
    @Override
    public void add(GSSName name, int initLifetime, int acceptLifetime, Oid mech, int usage)
            throws GSSException {
        add(SspiName.of(name), Mechanism.of(mech), usage);
    }

    @Override
    public boolean equals(Object other) {
        if (this == other) return true;
        if (!(other instanceof SspiCredential)) return false;
        SspiCredential credential = (SspiCredential) other;
        try {
            return getUsage() == credential.getUsage() && getName().equals(credential.getName());
        } catch (GSSException gone) {
            return false;
        }
    }

    @Override
    public int hashCode() {
        try {
            return Objects.hash(getUsage(), getName());
        } catch (GSSException gone) {
            return 0;
        }
    }
}
