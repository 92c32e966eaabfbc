// SPDX-License-Identifier: MIT
package org.sspiasync;

import org.sspiasync.internal.Outcome;

/** A call was pending at its deadline. */
public class SspiTimeoutException extends SspiException {
    private static final long serialVersionUID = 1;

    SspiTimeoutException(int status, String message, Outcome outcome) {
        super(status, message, outcome);
    }
}
