// SPDX-License-Identifier: MIT
package org.sspiasync;

/** What an initiator requests (ISC_REQ_*). Join several flags with {@code |}. */
public final class ClientFlags {
    public static final long DELEGATE = 0x1L;
    public static final long MUTUAL_AUTH = 0x2L;
    public static final long REPLAY_DETECT = 0x4L;
    public static final long SEQUENCE_DETECT = 0x8L;
    public static final long CONFIDENTIALITY = 0x10L;
    public static final long USE_SESSION_KEY = 0x20L;
    public static final long USE_DCE_STYLE = 0x200L;
    public static final long DATAGRAM = 0x400L;
    public static final long CONNECTION = 0x800L;
    public static final long EXTENDED_ERROR = 0x4000L;
    public static final long STREAM = 0x8000L;
    public static final long INTEGRITY = 0x10000L;
    public static final long IDENTIFY = 0x20000L;
    public static final long NULL_SESSION = 0x40000L;
    public static final long MANUAL_CRED_VALIDATION = 0x80000L;
    public static final long NO_INTEGRITY = 0x800000L;
    public static final long USE_HTTP_STYLE = 0x1000000L;
    public static final long UNVERIFIED_TARGET_NAME = 0x20000000L;
    public static final long MESSAGES = 0x100000000L;
    public static final long DEFERRED_CRED_VALIDATION = 0x200000000L;

    private ClientFlags() {}
}
