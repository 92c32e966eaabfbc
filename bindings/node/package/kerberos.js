// SPDX-License-Identifier: MIT
// The interface of the npm package `kerberos`: a program of its changes the import and no more.
//
//     const { initializeClient } = require('sspi-async/kerberos');
//
// Tokens are text in base64. Every function has a promise, or takes a callback as its last
// argument. Nothing blocks a thread, whatever the KDC does.
'use strict';

const sspi = require('./index.js');
const { principals } = require('./lib/keytab.js');

const GSS_C_DELEG_FLAG = 1;
const GSS_C_MUTUAL_FLAG = 2;
const GSS_C_REPLAY_FLAG = 4;
const GSS_C_SEQUENCE_FLAG = 8;
const GSS_C_CONF_FLAG = 16;
const GSS_C_INTEG_FLAG = 32;
const GSS_C_ANON_FLAG = 64;
const GSS_C_PROT_READY_FLAG = 128;
const GSS_C_TRANS_FLAG = 256;
const GSS_C_NO_OID = 0;
const GSS_MECH_OID_KRB5 = 9;
const GSS_MECH_OID_SPNEGO = 6;
const version = '7.0.0'; // of the interface that this is

// GSSAPI's flags as those of SSPI: the first four are the same. Its Kerberos has integrity and
// confidentiality whether asked for or not.
function flagsOf(gss) {
  const same = gss & (GSS_C_DELEG_FLAG | GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG);
  return sspi.flags(same, sspi.ClientFlags.INTEGRITY, sspi.ClientFlags.CONFIDENTIALITY,
    gss & GSS_C_ANON_FLAG ? sspi.ClientFlags.NULL_SESSION : 0);
}

const packageOf = (mechOID) => (mechOID === GSS_MECH_OID_SPNEGO ? 'Negotiate' : 'Kerberos');

const fromText = (text) => (text ? Buffer.from(text, 'base64') : null);
const toText = (bytes) => (bytes.length > 0 ? bytes.toString('base64') : '');

// The form with a callback, of a function with a promise.
function either(work, callback) {
  if (typeof callback !== 'function') return work();
  work().then((value) => process.nextTick(callback, null, value),
    (error) => process.nextTick(callback, error));
  return undefined;
}

function needText(name, value) {
  if (typeof value !== 'string') throw new TypeError(`parameter \`${name}\` must be a string.`);
}

class Side {
  #context;

  constructor(context) {
    this.#context = context;
    this.response = null;
    this.responseConf = 0;
    this.username = null;
  }

  get contextComplete() {
    return this.#context.complete;
  }

  learn(context) {
    this.username = context.userName;
  }

  step(challenge, callback) {
    return either(async () => {
      needText('challenge', challenge);
      this.response = toText(await this.#context.step(fromText(challenge)));
      if (this.#context.complete) this.learn(this.#context);
      return this.response;
    }, callback);
  }

  /** options.protect: encrypted and not just signed; options.user: a SASL answer for this user. */
  wrap(challenge, options, callback) {
    if (typeof options === 'function') return this.wrap(challenge, {}, options);
    return either(async () => {
      const { protect = false, user } = options ?? {};
      needText('challenge', challenge);
      if (typeof protect !== 'boolean') throw new TypeError('options.protect must be a boolean');
      const text = user === undefined ? fromText(challenge) ?? Buffer.alloc(0)
        : Buffer.concat([Buffer.of(1, 0, 0, 0), Buffer.from(user)]); // no layer (RFC 4752)
      this.response = toText(this.#context.encrypt(text, { signOnly: !protect }));
      return this.response;
    }, callback);
  }

  unwrap(challenge, callback) {
    return either(async () => {
      needText('challenge', challenge);
      const opened = this.#context.unwrap(fromText(challenge) ?? Buffer.alloc(0));
      this.response = toText(opened.data);
      this.responseConf = Number(opened.encrypted);
      return this.response;
    }, callback);
  }
}

class KerberosClient extends Side {}

class KerberosServer extends Side {
  #named;

  constructor(context, named) {
    super(context);
    this.#named = named;
    this.targetName = null;
  }

  /** Whom the client meant is told where the server has no name of its own. */
  learn(context) {
    super.learn(context);
    if (!this.#named) this.targetName = context.target;
  }
}

/** options: principal, user, domain, password (or pass), flags (or gssFlags, gssFlag), mechOID. */
function initializeClient(service, options, callback) {
  if (typeof options === 'function') return initializeClient(service, {}, options);
  return either(async () => {
    needText('service', service);
    const { principal, user, domain, pass, password = pass, mechOID } = options ?? {};
    const gssFlags = options?.flags ?? options?.gssFlags ?? options?.gssFlag ??
      (GSS_C_MUTUAL_FLAG | GSS_C_SEQUENCE_FLAG);
    const packageName = packageOf(mechOID);
    const identity = user || password ? { user, domain, password } : undefined;
    const credential = await sspi.Credential.acquire(packageName, sspi.CredentialUse.OUTBOUND,
      { principal: identity ? undefined : principal, identity });
    return new KerberosClient(sspi.client(service, { credential, flags: flagsOf(gssFlags) }));
  }, callback);
}

/** service: "" for whatever the default keytab has keys of. */
function initializeServer(service, callback) {
  return either(async () => {
    needText('service', service);
    const credential = await sspi.Credential.acquire('Negotiate', sspi.CredentialUse.INBOUND,
      { principal: service || undefined });
    return new KerberosServer(sspi.server({ credential }), service !== '');
  }, callback);
}

/** The principal of a service in the default keytab. */
function principalDetails(service, hostname, callback) {
  return either(async () => {
    needText('service', service);
    needText('hostname', hostname);
    const found = (await principals()).find((name) => name.startsWith(`${service}/${hostname}@`));
    if (found === undefined) throw new Error(`the keytab has no keys of ${service}/${hostname}`);
    return found;
  }, callback);
}

/** Whether the KDC gives alice, with this password, a ticket for service. */
function checkPassword(username, password, service, defaultRealm, callback) {
  if (typeof defaultRealm === 'function') return checkPassword(username, password, service, undefined, defaultRealm);
  return either(async () => {
    needText('username', username);
    needText('password', password);
    needText('service', service);
    const context = sspi.client(service, { package: 'Kerberos',
      identity: { user: username, domain: defaultRealm, password } });
    await context.step();
    await context.delete();
  }, callback);
}

module.exports = {
  initializeClient,
  initializeServer,
  checkPassword,
  principalDetails,
  KerberosClient,
  KerberosServer,
  GSS_C_DELEG_FLAG,
  GSS_C_MUTUAL_FLAG,
  GSS_C_REPLAY_FLAG,
  GSS_C_SEQUENCE_FLAG,
  GSS_C_CONF_FLAG,
  GSS_C_INTEG_FLAG,
  GSS_C_ANON_FLAG,
  GSS_C_PROT_READY_FLAG,
  GSS_C_TRANS_FLAG,
  GSS_C_NO_OID,
  GSS_MECH_OID_KRB5,
  GSS_MECH_OID_SPNEGO,
  version,
};
// Drivers of MongoDB before 4.0 look here.
module.exports.Kerberos = module.exports;
