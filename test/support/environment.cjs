/** Where a test file runs: with the classes that the application has, which Node loaded (see runtime.cjs). */
const { AsyncLocalStorage } = require('node:async_hooks');

const { ModernFakeTimers } = require('@jest/fake-timers');
const { TestEnvironment } = require('jest-environment-node');

/** What tests replace, compare by identity or throw into the application. */
const SHARED = ['Reflect', 'Intl', 'Date', 'Error', 'TypeError', 'RangeError', 'SyntaxError', 'AggregateError'];

/**
 * Before version 24 Node keeps each storage that was ever entered, and visits them all for each promise. Jest and
 * one-connection.ts enter one in each file: after twenty files promises would take fifty times as long.
 */
const entered = new Set();
const { run } = AsyncLocalStorage.prototype;
AsyncLocalStorage.prototype.run = function (...args) {
  entered.add(this);
  return run.apply(this, args);
};

module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    for (const name of SHARED) this.global[name] = globalThis[name];
    this.fakeTimersModern = new ModernFakeTimers({ config: config.projectConfig, global: globalThis });
  }

  async teardown() {
    for (const storage of entered) storage.disable();
    entered.clear();
    await super.teardown();
  }
};
