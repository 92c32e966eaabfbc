// SPDX-License-Identifier: MIT
// The eleven functions under their Windows names, for ports. An output is an object whose value is
// filled when the call completes; a handle is one too. Buffers are { type, data }.
'use strict';

const { AsyncResource } = require('node:async_hooks');
const native = require('./lib/native');
const { queue, expect, forget } = require('./lib/queue');
const { outcomeOf } = require('./lib/call');
const { pack } = require('./lib/credential');

const SEC_E_OK = 0;
const STATUS_DEVICE_BUSY = 0x80000011 | 0;
const SEC_I_ASYNC_CALL_PENDING = 0x00090368;
const SEC_E_INVALID_HANDLE = 0x80090301 | 0;
const SEC_E_INVALID_PARAMETER = 0x8009035d | 0;

const SECBUFFER_TOKEN = 2;
const SECBUFFER_MISSING = 4;
const SECBUFFER_EXTRA = 5;
const SECBUFFER_CHANNEL_BINDINGS = 14;
const SECBUFFER_APPLICATION_PROTOCOLS = 18;

const lost = new FinalizationRegistry((call) => native.call_free(call));

class AsyncContext {
  call = native.call_create();
  callback = null;
  data = undefined;
  id = 0; // of the submit whose completion is to come
  fill = null; // what writes the outputs of that submit, until it has
  freed = false;

  constructor() {
    lost.register(this, this.call, this);
  }

  isPending() {
    return native.call_status(this.call) === SEC_I_ASYNC_CALL_PENDING;
  }

  collect() {
    const { fill } = this;
    if (fill === null || this.isPending()) return;
    this.fill = null;
    fill(outcomeOf(this.call));
  }

  submit(begin, fill = () => {}) {
    const callback = this.callback && AsyncResource.bind(this.callback, 'SSPI');
    const { data } = this;
    const id = expect(() => {
      if (this.id === id) this.collect();
      callback?.(this, data);
    });
    const status = begin(this.call, queue, id);
    if (status < 0) {
      forget(id);
      return status;
    }
    this.id = id;
    this.fill = fill;
    return status;
  }
}

function SspiCreateAsyncContext() {
  const context = new AsyncContext();
  return context.call === 0 ? null : context;
}

/** While pending it is detached: it finishes by itself, and no callback starts. */
function SspiFreeAsyncContext(context) {
  if (context.freed) return;
  context.collect();
  context.freed = true;
  lost.unregister(context);
  native.call_free(context.call);
  forget(context.id);
}

function SspiReinitAsyncContext(context) {
  if (context.isPending()) return STATUS_DEVICE_BUSY;
  context.collect();
  return native.call_reinit(context.call);
}

/** callback(context, data) runs on the loop; null: none. */
function SspiSetAsyncNotifyCallback(context, callback, data) {
  if (context.freed) return SEC_E_INVALID_HANDLE;
  if (context.isPending()) return SEC_E_INVALID_PARAMETER;
  context.callback = callback;
  context.data = data;
  return SEC_E_OK;
}

function SspiAsyncContextRequiresNotify(context) {
  return !context.freed && context.callback !== null;
}

function SspiGetAsyncCallStatus(context) {
  const status = native.call_status(context.call);
  if (status !== SEC_I_ASYNC_CALL_PENDING) context.collect();
  return status;
}

function put(place, value) {
  if (place) place.value = value;
}

function SspiAcquireCredentialsHandleAsync(context, principal, packageName, use, logonId, authData,
  getKeyFn, getKeyArgument, credential, expiry) {
  const identity = pack(authData);
  return context.submit((call, place, id) => native.acquire(call, place, id, packageName, principal,
    use, identity), (outcome) => {
    if (outcome.status < 0) return;
    put(credential, outcome.credential);
    put(expiry, outcome.expiry);
  });
}

function dataOf(buffers, type) {
  return buffers?.find((buffer) => buffer.type === type)?.data ?? null;
}

function step(context, begin, securityContext, newContext, input, output, attributes, expiry) {
  if (!securityContext && !newContext) return SEC_E_INVALID_PARAMETER;
  const buffers = [SECBUFFER_TOKEN, SECBUFFER_CHANNEL_BINDINGS, SECBUFFER_APPLICATION_PROTOCOLS]
    .map((type) => dataOf(input, type));
  const handle = securityContext?.value ?? 0;
  return context.submit((call, place, id) => begin(call, place, id, handle, buffers), (outcome) => {
    const token = output?.find((buffer) => buffer.type === SECBUFFER_TOKEN);
    if (token) token.data = outcome.token;
    if (outcome.missing) output?.push({ type: SECBUFFER_MISSING, size: outcome.missing });
    if (outcome.status < 0) return;
    put(newContext, outcome.context || handle);
    put(attributes, outcome.attributes);
    put(expiry, outcome.expiry);
    if (outcome.extra) output?.push({ type: SECBUFFER_EXTRA, size: outcome.extra });
  });
}

function SspiInitializeSecurityContextAsync(context, credential, securityContext, target, request,
  reserved1, dataRep, input, reserved2, newContext, output, attributes, expiry) {
  return step(context, (call, place, id, handle, buffers) => native.initialize(call, place, id,
    credential?.value ?? 0, handle, target, request, ...buffers),
  securityContext, newContext, input, output, attributes, expiry);
}

function SspiAcceptSecurityContextAsync(context, credential, securityContext, input, request,
  dataRep, newContext, output, attributes, expiry) {
  return step(context, (call, place, id, handle, buffers) => native.accept(call, place, id,
    credential?.value ?? 0, handle, request, ...buffers),
  securityContext, newContext, input, output, attributes, expiry);
}

function SspiFreeCredentialsHandleAsync(context, credential) {
  return context.submit((call, place, id) => native.free_credential(call, place, id, credential.value));
}

function SspiDeleteSecurityContextAsync(context, securityContext) {
  return context.submit((call, place, id) => native.delete_context(call, place, id, securityContext.value));
}

module.exports = {
  SspiCreateAsyncContext,
  SspiFreeAsyncContext,
  SspiReinitAsyncContext,
  SspiSetAsyncNotifyCallback,
  SspiAsyncContextRequiresNotify,
  SspiGetAsyncCallStatus,
  SspiAcquireCredentialsHandleAsync,
  SspiInitializeSecurityContextAsync,
  SspiAcceptSecurityContextAsync,
  SspiFreeCredentialsHandleAsync,
  SspiDeleteSecurityContextAsync,
};
