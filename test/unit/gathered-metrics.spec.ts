import { Counter, Registry } from 'prom-client';

import { GatheredMetrics, sumOf } from '../../src/workers/gathered-metrics.js';
import { Line, type Message } from '../../src/workers/line.js';

it('counts once a worker whose last answer comes after its end', async () => {
  const registry = new Registry();
  new Counter({ name: 'requests', help: 'Of the worker.', registers: [registry] }).inc(5);
  const body = await registry.getMetricsAsJSON();
  const questions: Message[] = [];
  const line = new Line((message) => questions.push(message), {});
  const answer = (): Promise<void> => line.receive({ kind: 'answer', body, question: questions.shift()?.question });
  const workers = new Map([[1, { line }]]);
  const metrics = new GatheredMetrics();
  const first = metrics.gather(workers);
  await answer();
  await first;
  const last = metrics.gather(workers);
  workers.delete(1);
  metrics.keepTotalsOf(1);
  await answer();
  expect(await sumOf(await last).metrics()).toContain('requests 5');
});
