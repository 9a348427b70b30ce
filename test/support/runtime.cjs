/**
 * Jest compiles and runs the tests. The application and its packages are loaded by Node itself, from the build, once for
 * all files that a worker runs: so the code that is tested is what is shipped, and it is warm.
 */
const { createRequire } = require('node:module');
const { dirname, join, relative, resolve } = require('node:path');

const { default: JestRuntime } = require('jest-runtime');

const TESTS = join(__dirname, '..');
const SOURCES = join(TESTS, '..', 'src');
const BUILD = join(TESTS, '..', 'dist');

class Runtime extends JestRuntime {
  requireModuleOrMock(from, name) {
    if (relative(TESTS, from).startsWith('..') || name === '@jest/globals')
      return super.requireModuleOrMock(from, name);
    const nodes = createRequire(from);
    if (!name.startsWith('.')) return nodes(name);
    const source = relative(SOURCES, resolve(dirname(from), name));
    return source.startsWith('..') ? super.requireModuleOrMock(from, name) : nodes(join(BUILD, source));
  }
}

// Jest takes the default export of a compiled module.
module.exports = { __esModule: true, default: Runtime };
