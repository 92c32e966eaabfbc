// SPDX-License-Identifier: MIT
// Numbers of sspi.h. Flags have up to 35 bits, more than | has in JavaScript: `flags` adds them.
'use strict';

const ClientFlags = Object.freeze({
  DELEGATE: 0x1,
  MUTUAL_AUTH: 0x2,
  REPLAY_DETECT: 0x4,
  SEQUENCE_DETECT: 0x8,
  CONFIDENTIALITY: 0x10,
  USE_SESSION_KEY: 0x20,
  USE_DCE_STYLE: 0x200,
  DATAGRAM: 0x400,
  CONNECTION: 0x800,
  EXTENDED_ERROR: 0x4000,
  STREAM: 0x8000,
  INTEGRITY: 0x10000,
  IDENTIFY: 0x20000,
  NULL_SESSION: 0x40000,
  MANUAL_CRED_VALIDATION: 0x80000,
  NO_INTEGRITY: 0x800000,
  USE_HTTP_STYLE: 0x1000000,
  UNVERIFIED_TARGET_NAME: 0x20000000,
  MESSAGES: 0x100000000,
  DEFERRED_CRED_VALIDATION: 0x200000000,
});

const ServerFlags = Object.freeze({
  DELEGATE: 0x1,
  MUTUAL_AUTH: 0x2,
  REPLAY_DETECT: 0x4,
  SEQUENCE_DETECT: 0x8,
  CONFIDENTIALITY: 0x10,
  USE_SESSION_KEY: 0x20,
  USE_DCE_STYLE: 0x200,
  DATAGRAM: 0x400,
  CONNECTION: 0x800,
  EXTENDED_ERROR: 0x8000,
  STREAM: 0x10000,
  INTEGRITY: 0x20000,
  IDENTIFY: 0x80000,
  ALLOW_NULL_SESSION: 0x100000,
  PROXY_BINDINGS: 0x4000000,
  ALLOW_MISSING_BINDINGS: 0x10000000,
});

const CredentialUse = Object.freeze({ INBOUND: 1, OUTBOUND: 2, BOTH: 3 });

/** One number of several flags, each of which may be named twice. */
function flags(...several) {
  return Number(several.reduce((all, flag) => all | BigInt(flag), 0n));
}

module.exports = { ClientFlags, ServerFlags, CredentialUse, flags };
