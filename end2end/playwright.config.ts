import { defineConfig, type Project } from '@playwright/test';

// scripts/e2e starts the shop and says where it listens.
const baseURL = process.env.BASE_URL ?? 'http://127.0.0.1:3000';
const database = process.env.E2E_DATABASE ?? 'local';

// Every journey runs twice; those marked @mobile on a telephone too, which also shows the
// transitions between pages: waiting for them takes a third of a journey's time. What a browser
// makes of the pages does not depend on the database either: on PostgreSQL the first is enough.
const projects: Project[] = [
  { name: 'js', use: { contextOptions: { reducedMotion: 'reduce' } } },
  { name: 'no-js', use: { javaScriptEnabled: false, contextOptions: { reducedMotion: 'reduce' } } },
  { name: 'mobile', grep: /@mobile/, use: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } },
];

export default defineConfig({
  testDir: './journeys',
  // What pages look like and where they come from does not depend on the database: once is enough.
  testIgnore: database === 'postgres' ? /(accessibility|headers|not-found|other-sites|oidc)\.spec\.ts/ : [],
  outputDir: `./test-results/${database}`,
  fullyParallel: true,
  forbidOnly: !!process.env.CI,
  retries: 0,
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: {
    baseURL,
    locale: 'en-GB',
    viewport: { width: 1280, height: 800 },
    // Recording every journey costs a third of the time: scripts/e2e sqlite FILE --trace on shows one that failed.
    trace: 'off',
    screenshot: 'only-on-failure',
    actionTimeout: 10_000,
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--disable-quic',
        '--no-first-run',
        '--disable-gpu',
      ],
    },
  },
  projects: database === 'postgres' ? projects.slice(0, 1) : projects,
});
