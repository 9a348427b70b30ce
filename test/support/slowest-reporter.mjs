/** Prints at the end of a run which spec files took longest: what to look at when the tests have become slow. */
const SHOWN = 10;

export default class SlowestReporter {
  /** @param {Set<unknown>} contexts @param {import('@jest/reporters').AggregatedResult} results */
  onRunComplete(contexts, { testResults }) {
    if (testResults.length <= SHOWN) return;
    const lines = testResults
      .map(({ testFilePath, perfStats }) => ({ file: testFilePath, ms: perfStats.end - perfStats.start }))
      .sort((a, b) => b.ms - a.ms)
      .slice(0, SHOWN)
      .map(({ file, ms }) => `${(ms / 1_000).toFixed(1).padStart(7)} s  ${file.slice(process.cwd().length + 1)}`);
    process.stderr.write(`\nThe slowest files:\n${lines.join('\n')}\n`);
  }
}
