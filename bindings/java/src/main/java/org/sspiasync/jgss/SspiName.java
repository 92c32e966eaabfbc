// SPDX-License-Identifier: MIT
package org.sspiasync.jgss;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.ietf.jgss.GSSException;
import org.ietf.jgss.GSSName;
import org.ietf.jgss.Oid;

/** A name as text. Names from a context or a credential already belong to their mechanism. */
final class SspiName implements GSSName {
    static final Oid KERBEROS_PRINCIPAL = Mechanism.oidOf("1.2.840.113554.1.2.2.1");
    private static final short EXPORTED = 0x0401; // RFC 2743, 3.2

    private final String text;
    private final Oid type; // null: the mechanism's default
    private final Mechanism mechanism; // null: any

    SspiName(String text, Oid type, Mechanism mechanism) {
        this.text = text;
        this.type = type;
        this.mechanism = mechanism;
    }

    static SspiName of(byte[] name, Oid type, Mechanism mechanism) throws GSSException {
        if (NT_EXPORT_NAME.equals(type)) return imported(name);
        return new SspiName(new String(name, UTF_8), type, mechanism);
    }

    /** The name as an SspiName, whichever implementation created it. */
    static SspiName of(GSSName name) throws GSSException {
        if (name == null || name instanceof SspiName) return (SspiName) name;
        return new SspiName(name.toString(), name.getStringNameType(), null);
    }

    private static SspiName imported(byte[] name) throws GSSException {
        try {
            ByteBuffer rest = ByteBuffer.wrap(name);
            boolean good = rest.getShort() == EXPORTED;
            byte[] oid = new byte[rest.getShort()];
            rest.get(oid);
            byte[] text = new byte[rest.getInt()];
            rest.get(text);
            if (good && !rest.hasRemaining())
                return new SspiName(new String(text, UTF_8), null, Mechanism.of(new Oid(oid)));
        } catch (BufferUnderflowException | NegativeArraySizeException bad) {
            // not an exported name
        }
        throw Failure.of(GSSException.BAD_NAME, "these are no bytes that export() of a name gave");
    }

    /** The name in the library's form of a target or a principal; null if it is anonymous. */
    String principal() {
        return isAnonymous() ? null : text;
    }

    private boolean isService() {
        return NT_HOSTBASED_SERVICE.equals(type);
    }

    /** Keeps the text: only the mechanism can tell a host's realm, when it requests a ticket. */
    @Override
    public GSSName canonicalize(Oid oid) throws GSSException {
        return new SspiName(text, type, oid == null ? Mechanism.KERBEROS : Mechanism.of(oid));
    }

    private boolean isComplete() {
        return mechanism == Mechanism.NTLM || !isService() && text.indexOf('@') > 0;
    }

    @Override
    public byte[] export() throws GSSException {
        if (!isMN())
            throw Failure.of(GSSException.NAME_NOT_MN,
                    "only a name of a mechanism is exported: canonicalize");
        if (!isComplete())
            throw Failure.of(GSSException.UNAVAILABLE, "only a name with its realm is exported: " + text);
        byte[] oid = mechanism.oid.getDER();
        byte[] name = toBytes();
        return ByteBuffer.allocate(8 + oid.length + name.length).putShort(EXPORTED)
                .putShort((short) oid.length).put(oid).putInt(name.length).put(name).array();
    }

    byte[] toBytes() {
        return text.getBytes(UTF_8);
    }

    @Override
    public Oid getStringNameType() {
        if (type != null) return type;
        return mechanism == Mechanism.NTLM ? NT_USER_NAME : KERBEROS_PRINCIPAL;
    }

    @Override
    public boolean isAnonymous() {
        return NT_ANONYMOUS.equals(type);
    }

    @Override
    public boolean isMN() {
        return mechanism != null;
    }

    @Override
    public boolean equals(GSSName other) throws GSSException {
        return equals((Object) of(other));
    }

    /** Two anonymous names are not equal. */
    @Override
    public boolean equals(Object other) {
        if (!(other instanceof SspiName)) return false;
        SspiName name = (SspiName) other;
        return text.equals(name.text) && isService() == name.isService() && !isAnonymous()
                && !name.isAnonymous();
    }

    @Override
    public int hashCode() {
        return Objects.hash(text, isService());
    }

    @Override
    public String toString() {
        return text;
    }
}
