// SPDX-License-Identifier: MIT
package org.sspiasync.jgss;

import org.ietf.jgss.GSSException;
import org.sspiasync.SspiException;

/** Makes JGSS exceptions. Their cause is the exception of the library, if there was one. */
final class Failure {
    private Failure() {}

    static GSSException of(int major, String why) {
        return new GSSException(major, 0, why);
    }

    static GSSException of(SspiException problem) {
        GSSException failure =
                new GSSException(majorOf(problem.code()), problem.status(), problem.getMessage());
        failure.initCause(problem);
        return failure;
    }

    private static int majorOf(String code) {
        switch (code) {
            case "SEC_E_BAD_BINDINGS": return GSSException.BAD_BINDINGS;
            case "SEC_E_SECPKG_NOT_FOUND": return GSSException.BAD_MECH;
            case "SEC_E_TARGET_UNKNOWN": return GSSException.BAD_NAME;
            case "SEC_E_MESSAGE_ALTERED": return GSSException.BAD_MIC;
            case "SEC_E_CONTEXT_EXPIRED": return GSSException.CONTEXT_EXPIRED;
            case "SEC_E_LOGON_DENIED": return GSSException.DEFECTIVE_CREDENTIAL;
            case "SEC_E_INVALID_TOKEN":
            case "SEC_E_INCOMPLETE_MESSAGE": return GSSException.DEFECTIVE_TOKEN;
            case "SEC_E_INVALID_HANDLE": return GSSException.NO_CONTEXT;
            case "SEC_E_NO_CREDENTIALS":
            case "SEC_E_UNKNOWN_CREDENTIALS": return GSSException.NO_CRED;
            case "SEC_E_QOP_NOT_SUPPORTED": return GSSException.BAD_QOP;
            case "SEC_E_DELEGATION_POLICY": return GSSException.UNAUTHORIZED;
            case "SEC_E_UNSUPPORTED_FUNCTION": return GSSException.UNAVAILABLE;
            case "SEC_E_OUT_OF_SEQUENCE": return GSSException.UNSEQ_TOKEN;
            default: return GSSException.FAILURE;
        }
    }

    /** A call of the library, whose exceptions are converted to those of JGSS. */
    interface Work<T> {
        T run() throws GSSException;
    }

    static <T> T translated(Work<T> work) throws GSSException {
        try {
            return work.run();
        } catch (SspiException problem) {
            throw of(problem);
        }
    }
}
