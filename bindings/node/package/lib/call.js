// SPDX-License-Identifier: MIT
// One operation of the library as a promise.
'use strict';

const native = require('./native');
const { queue, expect, forget } = require('./queue');
const { errorOf, lastError } = require('./error');

const LONGEST_MS = 0xfffffffe;

function outcomeOf(call) {
  const [, status, attributes, credential, context, expiry, extra, missing, token] =
    native.call_take(call);
  return { status, attributes, credential, context, expiry, extra, missing, token };
}

function arm(call, timeout) {
  if (timeout === undefined) return;
  if (timeout !== Infinity && !(timeout >= 0))
    throw new RangeError(`timeout is milliseconds or Infinity, not ${timeout}`);
  const milliseconds = timeout === Infinity ? 0 : Math.min(Math.max(Math.ceil(timeout), 1), LONGEST_MS);
  const status = native.call_set_deadline(call, milliseconds);
  if (status < 0) throw lastError(status);
}

// Settles the promise of a call that is complete, and lets go of the call.
function settle(call, reason, resolve, reject) {
  const outcome = outcomeOf(call);
  const message = outcome.status < 0 ? native.call_message(call)[1] : null;
  native.call_free(call);
  if (outcome.status >= 0) resolve(outcome);
  else reject(reason ?? errorOf(outcome.status, message, outcome));
}

/**
 * begin(call, queue, id) submits; the promise has the outcome.
 *
 * options.timeout: milliseconds, then the call ends with a SspiTimeoutError; Infinity: none, also
 * where setDefaultTimeout says otherwise. options.signal: an AbortSignal that ends it.
 */
function run(begin, { timeout, signal } = {}) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const call = native.call_create();
    if (call === 0) throw errorOf(0x80090300 | 0, 'out of memory');
    try {
      arm(call, timeout);
    } catch (error) {
      native.call_free(call);
      throw error;
    }
    const abort = () => native.call_cancel(call);
    const id = expect(() => {
      signal?.removeEventListener('abort', abort);
      settle(call, signal?.aborted ? signal.reason : undefined, resolve, reject);
    });
    let status;
    try {
      status = begin(call, queue, id);
      if (status < 0) throw lastError(status);
    } catch (error) {
      forget(id);
      native.call_free(call);
      throw error;
    }
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** A delete or a free, which needs no call of its own unless it has limits. */
function runEnd(begin, { timeout, signal } = {}) {
  if (timeout !== undefined || signal !== undefined)
    return run(begin, { timeout, signal }).then(() => {});
  return new Promise((resolve, reject) => {
    const id = expect((status) => {
      if (status >= 0) resolve();
      else reject(errorOf(status));
    });
    const status = begin(0, queue, id);
    if (status >= 0) return;
    forget(id);
    throw lastError(status);
  });
}

module.exports = { run, runEnd, outcomeOf };
