// SPDX-License-Identifier: MIT
// The module that SWIG made, for this machine. The library and its own modules lie beside it.
'use strict';

const path = require('node:path');

const folder = path.join(__dirname, '..', 'prebuilds', `${process.platform}-${process.arch}`);

function load() {
  const file = path.join(folder, 'sspi_async.node');
  try {
    return require(file);
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    throw new Error(`sspi-async has no build for ${process.platform}-${process.arch}: ${file} ` +
      'is missing; make one with cmake -DSSPI_ASYNC_NODE=ON (docs/bindings-node.md)');
  }
}

module.exports = load();
