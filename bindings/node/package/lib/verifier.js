// SPDX-License-Identifier: MIT
// Accounts that the program looks up itself: what NTLM servers ask a function of its own.
//
// The credential keeps the Verifier. The listener, which waits on the queue for its questions, knows it
// weakly: when the Verifier is lost its number is freed, the wait ends, and whoever asks later is
// answered at once that nobody can tell. The wait keeps no process alive.
'use strict';

const native = require('./native');
const { queue, expectQuietly, forget } = require('./queue');
const { check, errorOf } = require('./error');

const NO = 0;
const UNABLE = 1;
const HASH = 2;
const PASSWORD = 4;

const lost = new FinalizationRegistry((verifier) => native.verifier_free(verifier));

function answer(question, account) {
  if (account === null || account === undefined) {
    check(native.verifier_answer(question, NO, null));
  } else if (typeof account === 'string') {
    const secret = Buffer.from(account);
    check(native.verifier_answer(question, PASSWORD, secret));
    secret.fill(0);
  } else if (account instanceof Uint8Array) {
    check(native.verifier_answer(question, HASH, account));
  } else {
    throw new TypeError('an ntlmVerifier returns a password (string), an NT hash (Buffer) or null');
  }
}

class Verifier {
  #look;

  constructor(look) {
    if (typeof look !== 'function') throw new TypeError('identity.ntlmVerifier is a function');
    this.#look = look;
    /** Its number, for the identity. */
    this.native = native.verifier_create();
    if (this.native === 0) throw errorOf(0x80090300 | 0, 'out of memory');
    lost.register(this, this.native);
    listen(native.call_create(), this.native, new WeakRef(this));
  }

  async ask(question, user, domain) {
    try {
      answer(question, await this.#look(user, domain));
    } catch (error) {
      native.verifier_answer(question, UNABLE, null);
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  }
}

function listen(call, number, owner) {
  const id = expectQuietly(() => {
    const verifier = owner.deref();
    if (verifier === undefined || native.call_status(call) < 0) {
      native.call_free(call);
      return;
    }
    for (;;) {
      const [status, question, user, domain] = native.verifier_take(number);
      if (status !== 0) break;
      verifier.ask(question, user ?? '', domain ?? '');
    }
    native.call_reinit(call);
    listen(call, number, owner);
  });
  if (native.verifier_wait(call, queue, id, number) >= 0) return;
  forget(id);
  native.call_free(call);
}

module.exports = { Verifier };
