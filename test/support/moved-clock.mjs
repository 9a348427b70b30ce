/** Preloaded into a process: its wall clock moves forward by the milliseconds that its parent sends. */
const RealDate = Date;
let offsetMs = 0;

globalThis.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + offsetMs);
    else super(...parts);
  }

  static now() {
    return RealDate.now() + offsetMs;
  }
};

process.on('message', (ms) => {
  offsetMs += ms;
  process.send('moved');
});
