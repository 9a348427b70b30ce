/** After all test files: nothing is left running. */
export default async function teardown() {
  await globalThis.stopTestServer?.();
}
