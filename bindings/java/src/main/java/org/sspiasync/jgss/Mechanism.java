// SPDX-License-Identifier: MIT
package org.sspiasync.jgss;

import org.ietf.jgss.GSSException;
import org.ietf.jgss.Oid;
import org.sspiasync.Sspi;

/** A mechanism of GSSAPI, and the package that implements it here. */
enum Mechanism {
    KERBEROS("Kerberos", "1.2.840.113554.1.2.2"),
    SPNEGO("Negotiate", "1.3.6.1.5.5.2"),
    NTLM("NTLM", "1.3.6.1.4.1.311.2.2.10");

    final String securityPackage;
    final Oid oid;

    Mechanism(String securityPackage, String oid) {
        this.securityPackage = securityPackage;
        this.oid = oidOf(oid);
    }

    /** Makes an Oid from a constant, which is well-formed. */
    static Oid oidOf(String numbers) {
        try {
            return new Oid(numbers);
        } catch (GSSException impossible) {
            throw new IllegalArgumentException(impossible);
        }
    }

    static Mechanism of(Oid oid) throws GSSException {
        for (Mechanism each : values())
            if (each.oid.equals(oid)) return each;
        throw Failure.of(GSSException.BAD_MECH, "there is no mechanism " + oid + "; getMechs() tells which");
    }

    static Mechanism ofPackage(String name) throws GSSException {
        for (Mechanism each : values())
            if (each.securityPackage.equalsIgnoreCase(name)) return each;
        throw Failure.of(GSSException.BAD_MECH, "the package " + name + " is no mechanism");
    }

    /** Whether its package can be loaded on this system. */
    boolean isThere() {
        return Sspi.packages().stream().anyMatch(securityPackage::equalsIgnoreCase);
    }
}
