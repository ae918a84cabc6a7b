import { test as base, expect } from '@playwright/test';
import { Shop } from './shop.ts';

type Fixtures = {
  /** Does this project run scripts? The same journeys must work either way. */
  js: boolean;
  /** The shop as a visitor sees it: where things are on its pages. */
  shop: Shop;
  /** Statuses of 400 and above that a test provokes on purpose, for pages only. */
  expectedStatuses: number[];
};

/** `test` that fails on whatever a visitor's browser would complain about, in any tab. */
export const test = base.extend<Fixtures>({
  expectedStatuses: [[], { option: true }],

  js: async ({ javaScriptEnabled }, use) => {
    await use(javaScriptEnabled !== false);
  },

  context: async ({ context, expectedStatuses, js }, use) => {
    const complaints: string[] = [];

    // Errors of the console include violations of the content security policy.
    context.on('console', (message) => {
      // Said once more, with its address, by `response` below.
      if (message.text().startsWith('Failed to load resource')) return;
      if (message.type() === 'error') complaints.push(`console: ${message.text()} (${message.location().url})`);
    });
    context.on('weberror', (error) => complaints.push(`script: ${error.error()}`));
    context.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? 'failed';
      // A browser without scripts calls the preload of one a violation.
      if (!js && why === 'csp' && new URL(request.url()).pathname.endsWith('.js')) return;
      // What a visitor leaves behind by moving on, and prefetches the browser gave up.
      if (why !== 'net::ERR_ABORTED') complaints.push(`request: ${request.url()}: ${why}`);
    });
    context.on('response', (response) => {
      if (response.status() < 400) return;
      if (response.request().isNavigationRequest() && expectedStatuses.includes(response.status())) return;
      complaints.push(`response: ${response.status()} ${response.request().method()} ${response.url()}`);
    });

    await use(context);
    expect(complaints, 'what the browser complained about').toEqual([]);
  },

  shop: async ({ page, js }, use) => {
    await use(new Shop(page, js));
  },
});

export { expect };
