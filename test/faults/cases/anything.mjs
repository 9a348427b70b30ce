import { underLoad } from '../support/under-load.mjs';
import * as breakAnswers from './break-answers.mjs';
import * as cutNetwork from './cut-network.mjs';
import * as freezeNetwork from './freeze-network.mjs';
import * as freezePostgres from './freeze-postgres.mjs';
import * as killPostgres from './kill-postgres.mjs';
import * as killRoost from './kill-roost.mjs';
import * as stopPostgres from './stop-postgres.mjs';
import * as strandConnections from './strand-connections.mjs';
import * as terminateBackends from './terminate-backends.mjs';

export const title = 'any of these, at random';

const FAULTS = [
  breakAnswers,
  cutNetwork,
  freezeNetwork,
  freezePostgres,
  killPostgres,
  killRoost,
  stopPostgres,
  strandConnections,
  terminateBackends,
];

export function run({ full, say }) {
  return underLoad(
    { full, say },
    {
      strokes: [5, 20],
      async inflict(world) {
        const fault = FAULTS[Math.floor(Math.random() * FAULTS.length)];
        say(fault.title);
        // Its short form: what is tried here is their order.
        await fault.inflict({ ...world, full: false });
      },
    },
  );
}
