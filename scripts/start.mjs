/** `npm start`: builds when needed, then runs in this very process, so that signals reach Roost itself. */
import './build-if-needed.mjs';

await import(new URL('../dist/main.js', import.meta.url).href);
