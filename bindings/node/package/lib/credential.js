// SPDX-License-Identifier: MIT
'use strict';

const native = require('./native');
const { run, runEnd } = require('./call');
const { check } = require('./error');
const { CredentialUse } = require('./constants');
const { Verifier } = require('./verifier');

const MANUAL_CRED_VALIDATION = 0x8;

const NAMES = {
  user: 'user',
  domain: 'domain',
  password: 'password',
  packages: 'packages',
  ccache: 'ccache',
  keytab: 'keytab',
  clientKeytab: 'client_keytab',
  replayCache: 'replay_cache',
  armorCache: 'armor_cache',
  ntlmUserFile: 'ntlm_user_file',
  ntlmHelper: 'ntlm_helper',
  impersonate: 'impersonate',
  certificate: 'certificate',
  key: 'key',
  keyPassword: 'key_password',
  roots: 'roots',
};

function pair(name, value) {
  if (typeof value !== 'string') throw new TypeError(`identity.${name} is a string`);
  if (value.includes('\0')) throw new TypeError(`identity.${name} has a NUL in it`);
  return `${name}\0${value}\0`;
}

/** The pairs of sspia_hub_acquire; null for none. verifier: of the identity's ntlmVerifier. */
function pack(identity, verifier) {
  let pairs = verifier ? pair('ntlm_verifier', String(verifier.native)) : '';
  for (const [key, value] of Object.entries(identity ?? {})) {
    if (value === undefined || value === null) continue;
    if (key === 'ntlmVerifier') {
      if (!verifier) throw new TypeError('identity.ntlmVerifier is for Credential.acquire and server()');
      continue;
    }
    if (key === 'constrainedDelegation') {
      if (value) pairs += pair('delegation', '1');
    } else if (key === 'verify') {
      pairs += pair('tls_flags', String(value ? 0 : MANUAL_CRED_VALIDATION));
    } else if (Object.hasOwn(NAMES, key)) {
      pairs += pair(NAMES[key], value);
    } else {
      throw new TypeError(`identity.${key} is not known; there are ${Object.keys(NAMES).join(', ')}, ` +
        'ntlmVerifier, constrainedDelegation and verify');
    }
  }
  return pairs === '' ? null : Buffer.from(pairs);
}

const lost = new FinalizationRegistry((handle) => native.free_credential(0, 0, 0, handle));

/** What one logs on with. It may be used for any number of contexts at the same time. */
class Credential {
  #handle;
  #verifier; // is kept for as long as somebody may ask

  /** Use Credential.acquire. */
  constructor(handle, packageName, expiry, verifier) {
    this.#handle = handle;
    this.#verifier = verifier;
    this.package = packageName;
    /** Until when it is good; null: for ever, or not known. */
    this.expiry = expiry < 0 ? null : new Date(expiry * 1000);
    lost.register(this, handle, this);
  }

  /**
   * Gets one. options: principal, identity (see docs), timeout, signal.
   */
  static async acquire(packageName, use = CredentialUse.OUTBOUND, options = {}) {
    const look = options.identity?.ntlmVerifier ?? undefined;
    const verifier = look === undefined ? undefined : new Verifier(look);
    const identity = pack(options.identity, verifier);
    const outcome = await run((call, queue, id) => native.acquire(call, queue, id, packageName,
      options.principal, use, identity), options);
    return new Credential(outcome.credential, packageName, outcome.expiry, verifier);
  }

  /** Its number in the library; 0 when it was freed. */
  get handle() {
    return this.#handle;
  }

  /** Who it is of. */
  get name() {
    return check(native.credential_name(this.#handle))[0];
  }

  #end() {
    const handle = this.#handle;
    lost.unregister(this);
    this.#handle = 0;
    return handle;
  }

  /** Frees it; contexts that were made with it go on. */
  async free(options) {
    const handle = this.#end();
    await runEnd((call, queue, id) => native.free_credential(call, queue, id, handle), options);
  }

  freeNowait() {
    const handle = this.#end();
    if (handle !== 0) native.free_credential(0, 0, 0, handle);
  }
}
if (Symbol.asyncDispose) {
  Credential.prototype[Symbol.asyncDispose] = function () { return this.free(); };
  Credential.prototype[Symbol.dispose] = function () { this.freeNowait(); };
}

module.exports = { Credential, pack };
