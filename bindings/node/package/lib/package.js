// SPDX-License-Identifier: MIT
'use strict';

const native = require('./native');
const { check } = require('./error');

/** The names of the packages that can be loaded here. */
function packages() {
  return check(native.packages())[0].toString().split('\0').slice(0, -1);
}

/** Adds a package: a module file (with "/"), or the module of that name. */
function addPackage(name) {
  check(native.package_add(name));
}

/** Has this process do without a package; to be called before the first credential. */
function turnOff(name) {
  check(native.package_turn_off(name));
}

/** So many milliseconds for each acquire and leg that says nothing else; Infinity: no limit. */
function setDefaultTimeout(milliseconds) {
  if (milliseconds !== Infinity && !(milliseconds > 0))
    throw new RangeError('milliseconds is more than 0, or Infinity');
  native.set_default_deadline(milliseconds === Infinity ? 0 : Math.min(Math.ceil(milliseconds), 0xfffffffe));
}

module.exports = { packages, addPackage, turnOff, setDefaultTimeout };
