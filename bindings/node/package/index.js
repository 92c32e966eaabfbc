// SPDX-License-Identifier: MIT
// Security contexts whose calls are promises. docs/bindings-node.md has the tour.
'use strict';

const native = require('./lib/native');
const { Credential } = require('./lib/credential');
const { SecurityContext } = require('./lib/context');
const { SspiError, SspiTimeoutError } = require('./lib/error');
const { packages, setDefaultTimeout, turnOff, addPackage } = require('./lib/package');
const constants = require('./lib/constants');

/** The initiator of a handshake with target, "HTTP@www.example.org". */
function client(target, options) {
  return new SecurityContext(false, { ...options, target });
}

/** The acceptor of a handshake. */
function server(options) {
  return new SecurityContext(true, options);
}

module.exports = {
  client,
  server,
  Credential,
  SecurityContext,
  SspiError,
  SspiTimeoutError,
  packages,
  addPackage,
  turnOff,
  setDefaultTimeout,
  ...constants,
  version: native.version(),
};
