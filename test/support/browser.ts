/** A real Chromium, where there is one. */
import { existsSync } from 'node:fs';

import { type Browser, chromium, type Page } from 'playwright-core';

const EXECUTABLE = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

/** A suite that needs a browser; its name says so where it is skipped for want of one. */
export function describeInBrowser(name: string, suite: () => void): void {
  if (EXECUTABLE === undefined) describe.skip(`${name} (skipped: there is no Chromium in /usr/bin)`, suite);
  else describe(name, suite);
}

export function openBrowser(): Promise<Browser> {
  // As root Chromium has no sandbox; it only opens pages of ours.
  return chromium.launch({ executablePath: EXECUTABLE ?? '', args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** What a page complained of: broken policies, scripts that failed, files that were not there. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return complaints;
}
