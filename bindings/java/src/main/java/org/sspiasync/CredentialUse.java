// SPDX-License-Identifier: MIT
package org.sspiasync;

/** What a credential can be used for. */
public enum CredentialUse {
    INBOUND(1),
    OUTBOUND(2),
    BOTH(3);

    final int number;

    CredentialUse(int number) {
        this.number = number;
    }
}
