import { REVOCATION_POLL } from '../../src/auth/revocations/revocation-poll.js';
import { Clock } from '../../src/common/clock.js';
import { ClockWatch } from '../../src/database/clock-watch.js';
import { LISTENER_HEARTBEAT } from '../../src/database/listener.js';
import { TestApp } from '../support/app.js';
import { Relay } from '../support/relay.js';

it('what is known of the clock stays when a slow answer does not contradict it', async () => {
  // They would take the connection that is there.
  jest.replaceProperty(REVOCATION_POLL, 'everyMs', 600_000);
  jest.replaceProperty(LISTENER_HEARTBEAT, 'everyMs', 600_000);
  const here = await TestApp.start();
  const wire = await Relay.to(here.databaseUrl);
  const app = await TestApp.start({ sharing: here, through: wire });
  try {
    const clock = app.nestApp.get(Clock);
    const watch = app.nestApp.get<unknown, { measure: () => Promise<void> }>(ClockWatch);
    await watch.measure();
    clock.skewMs = 1_000;
    wire.delayMs = 600;
    await watch.measure();
    expect(clock.skewMs).toBe(1_000);
    wire.delayMs = 0;
    clock.skewMs = 600_000;
    await watch.measure();
    expect(clock.skewMs).toBeLessThan(600_000);
  } finally {
    await app.stop();
    await wire.end();
    await here.stop();
    jest.restoreAllMocks();
  }
});
