/** The entry of roost/testing: the kit as Node loads it, also within Jest. */
const kit = globalThis[Symbol.for('roost/testing')] ?? require('../dist/testing/testing.js');

exports.startCluster = kit.startCluster;
exports.startRoost = kit.startRoost;
