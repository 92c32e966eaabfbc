// SPDX-License-Identifier: MIT
'use strict';

const native = require('./native');
const { Credential } = require('./credential');
const { run, runEnd } = require('./call');
const { check, errorOf, lastError } = require('./error');
const { CredentialUse, ClientFlags, ServerFlags, flags } = require('./constants');

const SEC_E_OK = 0;
const SEC_E_INCOMPLETE_MESSAGE = 0x80090318 | 0;
const SEC_E_INVALID_HANDLE = 0x80090301 | 0;
const SEC_E_CONTEXT_EXPIRED = 0x80090317 | 0;
const SEC_E_DECRYPT_FAILURE = 0x80090330 | 0;
const SEC_I_CONTEXT_EXPIRED = 0x00090317;
const WRAP_NO_ENCRYPT = 0x80000001;
const UNVERIFIED = WRAP_NO_ENCRYPT;

const ATTRIBUTES = {
  sizes: 0, names: 1, streamSizes: 4, sessionKey: 9, packageInfo: 10, flags: 14,
  uniqueBindings: 25, endpointBindings: 26, target: 27, applicationProtocol: 35,
  remoteCertificate: 0x53, exporterBindings: 0x53500001,
};

const DEFAULTS = [
  flags(ClientFlags.MUTUAL_AUTH, ClientFlags.REPLAY_DETECT, ClientFlags.SEQUENCE_DETECT,
    ClientFlags.CONFIDENTIALITY, ClientFlags.INTEGRITY),
  flags(ServerFlags.REPLAY_DETECT, ServerFlags.SEQUENCE_DETECT, ServerFlags.CONFIDENTIALITY,
    ServerFlags.INTEGRITY),
];

// Nobody waits for these, and nothing blocks.
const lost = new FinalizationRegistry((handle) => native.delete_context(0, 0, 0, handle));

// ALPN: each name behind its length.
function packProtocols(names) {
  if (names === undefined) return null;
  return Buffer.concat(names.flatMap((name) => [Buffer.of(Buffer.byteLength(name)), Buffer.from(name)]));
}

/** A handshake, and then what it protects. One call at a time; see docs/bindings-node.md. */
class SecurityContext {
  #acceptor;
  #options;
  #credential;
  #ownsCredential = false;
  #handle = 0;
  #dead = false;
  #complete = false;
  #rest = Buffer.alloc(0);

  /** Use client or server. */
  constructor(acceptor, options = {}) {
    this.#acceptor = acceptor;
    this.#options = { package: options.credential?.package ?? 'Negotiate', ...options };
    this.#credential = options.credential;
    /** What was agreed on, so far: ISC_RET_* or ASC_RET_*. */
    this.attributes = 0;
    /** Until when it is good; null: for ever, or not known. */
    this.expiry = null;
    /** Bytes behind the last token that belong to what follows. */
    this.extra = Buffer.alloc(0);
  }

  /** Is the handshake done? */
  get complete() {
    return this.#complete;
  }

  /** Its number in the library; 0 before the first leg and after the end. */
  get handle() {
    return this.#handle;
  }

  #limits(options) {
    return { timeout: options.timeout ?? this.#options.timeout,
      signal: options.signal ?? this.#options.signal };
  }

  async #acquire(limits) {
    if (this.#credential !== undefined) return;
    const use = this.#acceptor ? CredentialUse.INBOUND : CredentialUse.OUTBOUND;
    const { package: name, identity, principal } = this.#options;
    this.#credential = await Credential.acquire(name, use, { identity, principal, ...limits });
    this.#ownsCredential = true;
  }

  #begin(call, queue, id, token) {
    const { target, channelBindings, applicationProtocols } = this.#options;
    const first = this.#handle === 0;
    const wanted = this.#options.flags ?? DEFAULTS[Number(this.#acceptor)];
    const bindings = first && channelBindings ? Buffer.from(channelBindings) : null;
    const protocols = first ? packProtocols(applicationProtocols) : null;
    if (this.#acceptor)
      return native.accept(call, queue, id, this.#credential.handle, this.#handle, wanted, token,
        bindings, protocols);
    return native.initialize(call, queue, id, this.#credential.handle, this.#handle, target,
      wanted, token, bindings, protocols);
  }

  #note(outcome, token) {
    if (outcome.context !== 0) {
      this.#handle = outcome.context;
      lost.register(this, outcome.context, this);
    }
    this.attributes = outcome.attributes;
    this.expiry = outcome.expiry < 0 ? null : new Date(outcome.expiry * 1000);
    this.extra = token && outcome.extra > 0 ? Buffer.from(token.subarray(token.length - outcome.extra)) : Buffer.alloc(0);
    this.#complete = outcome.status === SEC_E_OK;
  }

  /**
   * One leg: token is what the peer sent, none at first; the promise has what to send, an empty
   * Buffer for nothing. The first leg acquires a credential if there is none.
   *
   * Rejects with a SspiError (its token, if any, is for the peer), a SspiTimeoutError after
   * options.timeout milliseconds, or the reason of options.signal.
   */
  async step(token = null, options = {}) {
    if (this.#dead) throw errorOf(SEC_E_INVALID_HANDLE, 'the context was deleted');
    const limits = this.#limits(options);
    await this.#acquire(limits);
    const outcome = await run((call, queue, id) => this.#begin(call, queue, id, token), limits);
    this.#note(outcome, token);
    if (this.#dead) this.#forget(); // meanwhile
    return outcome.token ?? Buffer.alloc(0);
  }

  /** Seals a message; like all below it waits, and the loop with it, while a leg runs. */
  encrypt(data, { signOnly = false } = {}) {
    return check(native.encrypt(this.#handle, signOnly ? WRAP_NO_ENCRYPT : 0, data))[0];
  }

  /**
   * Opens what encrypt made on the other side. TLS: data is what the connection brought; what is
   * no whole record is kept for the next time.
   */
  decrypt(data, { acceptSigned = false } = {}) {
    return this.#open(data, acceptSigned).data;
  }

  /** Opens it also if it was signed only: { data, encrypted }. */
  unwrap(data) {
    return this.#open(data, true);
  }

  #open(data, acceptSigned) {
    const whole = this.#rest.length > 0 ? Buffer.concat([this.#rest, data]) : data;
    const [status, plain, qop, used] = native.decrypt(this.#handle, whole);
    if (status === SEC_E_INCOMPLETE_MESSAGE && this.isStream) {
      this.#rest = Buffer.from(whole);
      return { data: Buffer.alloc(0), encrypted: true };
    }
    if (status < 0) throw lastError(status);
    if (status === SEC_I_CONTEXT_EXPIRED && !plain?.length)
      throw errorOf(SEC_E_CONTEXT_EXPIRED, 'the peer has closed the connection');
    this.#rest = Buffer.from(whole.subarray(used));
    const encrypted = qop !== UNVERIFIED;
    if (!encrypted && !acceptSigned)
      throw errorOf(SEC_E_DECRYPT_FAILURE, 'the message is signed only, not encrypted');
    return { data: plain ?? Buffer.alloc(0), encrypted };
  }

  /** Is it TLS, which has records and no messages? */
  get isStream() {
    return native.query_number(this.#handle, ATTRIBUTES.streamSizes, 0)[0] === SEC_E_OK;
  }

  sign(data) {
    return check(native.sign(this.#handle, data))[0];
  }

  /** Throws if signature is not of data. */
  verify(data, signature) {
    check(native.verify(this.#handle, data, signature));
  }

  #text(attribute, member = 0) {
    return check(native.query_text(this.#handle, attribute, member))[0];
  }

  #bytes(attribute) {
    return check(native.query_bytes(this.#handle, attribute))[0];
  }

  /** Who was authenticated: the client, "alice@EXAMPLE.ORG" or "DOMAIN\\alice". */
  get userName() {
    return this.#text(ATTRIBUTES.names);
  }

  /** The target that the client asked for (acceptor). */
  get target() {
    return this.#text(ATTRIBUTES.target);
  }

  /** The package that is at work; with Negotiate, the one that was chosen. */
  get packageName() {
    return this.#text(ATTRIBUTES.packageInfo);
  }

  /** The session key. It is a secret. */
  get sessionKey() {
    return this.#bytes(ATTRIBUTES.sessionKey);
  }

  get applicationProtocol() {
    return this.#bytes(ATTRIBUTES.applicationProtocol).toString();
  }

  /** Channel bindings for a context inside this TLS connection: "unique", "endpoint", "exporter". */
  channelBindings(kind = 'endpoint') {
    return this.#bytes(ATTRIBUTES[`${kind}Bindings`]);
  }

  /** The certificate of the peer (TLS), DER. */
  get remoteCertificate() {
    return this.#bytes(ATTRIBUTES.remoteCertificate);
  }

  /** How many bytes go into a sealed message of size bytes. */
  messageLimit(size) {
    return check(native.message_limit(this.#handle, 0, size))[0];
  }

  /** A new credential of what the client delegated. */
  delegatedCredential() {
    const [handle, expiry] = check(native.delegated_credential(this.#handle));
    return new Credential(handle, this.#options.package, expiry);
  }

  /** The context as bytes, for SecurityContext.import in another process. */
  export() {
    return check(native.export_context(this.#handle, 0))[0];
  }

  static import(packageName, packed) {
    const context = new SecurityContext(false, { package: packageName });
    const [handle] = check(native.import_context(packageName, packed));
    context.#note({ context: handle, attributes: 0, expiry: -1, extra: 0, status: SEC_E_OK });
    return context;
  }

  #end() {
    const handle = this.#handle;
    lost.unregister(this);
    this.#handle = 0;
    this.#dead = true;
    if (this.#ownsCredential) this.#credential.freeNowait();
    this.#ownsCredential = false;
    return handle;
  }

  #forget() {
    const handle = this.#end();
    if (handle !== 0) native.delete_context(0, 0, 0, handle);
  }

  /** Deletes the context; calls on it that were made before finish first. */
  async delete(options) {
    const begun = this.#handle !== 0 || this.#dead;
    const handle = this.#end();
    if (begun)
      await runEnd((call, queue, id) => native.delete_context(call, queue, id, handle), options);
  }

  /** The same with nobody to hear of it. */
  deleteNowait() {
    this.#forget();
  }

  /** Deletes many by one call. */
  static async deleteMany(contexts, options) {
    const handles = BigUint64Array.from(contexts, (context) => BigInt(context.#end()))
      .filter((handle) => handle !== 0n);
    await runEnd((call, queue, id) => native.delete_contexts(call, queue, id, handles), options);
  }
}
if (Symbol.asyncDispose) {
  SecurityContext.prototype[Symbol.asyncDispose] = function () { return this.delete(); };
  SecurityContext.prototype[Symbol.dispose] = function () { this.deleteNowait(); };
}

module.exports = { SecurityContext };
