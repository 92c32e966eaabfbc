// SPDX-License-Identifier: MIT
'use strict';

const native = require('./native');

const SEC_E_SECURITY_QOS_FAILED = 0x80090332 | 0;

/** A call failed: code is the name of its status, message says why. */
class SspiError extends Error {
  constructor(status, message, outcome) {
    super(message || `${native.status_name(status)}: ${native.status_text(status)}`);
    this.status = status;
    this.code = native.status_name(status);
    /** What the peer is to be told, if the package has something for it. */
    this.token = outcome?.token ?? null;
    /** With SEC_E_INCOMPLETE_MESSAGE: how many bytes are to come; 0 if unknown. */
    this.missing = outcome?.missing ?? 0;
  }
}
SspiError.prototype.name = 'SspiError';

/** A call was pending at its deadline. */
class SspiTimeoutError extends SspiError {}
SspiTimeoutError.prototype.name = 'TimeoutError';

function errorOf(status, message, outcome) {
  const Kind = status === SEC_E_SECURITY_QOS_FAILED ? SspiTimeoutError : SspiError;
  return new Kind(status, message, outcome);
}

/** The error of a function that has just failed on this thread. */
function lastError(status) {
  return errorOf(status, native.last_message()[1]);
}

/** The outputs of a function behind its status, or its error. */
function check(result) {
  const [status, ...outputs] = Array.isArray(result) ? result : [result];
  if (status < 0) throw lastError(status);
  return outputs;
}

module.exports = { SspiError, SspiTimeoutError, errorOf, lastError, check };
