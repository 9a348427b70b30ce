/**
 * Jest's environment for Node, with the test kit in it. Jest would load all of Roost anew for each file, and not all of it
 * can run there: an environment is loaded by Node itself, once for each worker.
 */
const { TestEnvironment } = require('jest-environment-node');

const kit = require('../dist/testing/testing.js');

module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.global[Symbol.for('roost/testing')] = kit;
  }
};
