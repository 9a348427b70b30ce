/** `npm start`: builds when needed, then runs in this very process, so that signals reach Roost itself. */
import { buildIfNeeded } from './build.mjs';
import { endWithNpm } from './npm-parent.mjs';

endWithNpm();
buildIfNeeded();
await import(new URL('../dist/main.js', import.meta.url).href);
