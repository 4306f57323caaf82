// The browser tests: Chromium against the real server, Debian's docker-registry and real images.
// `cargo xtask test --only e2e` builds the server, makes the images and sets what is read here.
import { defineConfig } from '@playwright/test';
import { chromium } from './support/chromium';

// What is measured must have the machine for itself.
const ALONE = ['**/*memory.spec.ts', '**/many-files.spec.ts', '**/long-tasks.spec.ts'];

export default defineConfig({
  testDir: 'specs',
  outputDir: 'results',
  timeout: 180_000,
  expect: { timeout: 15_000 },
  fullyParallel: false,
  forbidOnly: Boolean(process.env.CI),
  // A shared machine may stall for longer than any sensible time limit; the report names what was flaky.
  retries: process.env.CI ? 1 : 0,
  reporter: process.env.E2E_REPORT
    ? [['list'], ['json', { outputFile: process.env.E2E_REPORT }]]
    : [['list']],
  use: {
    launchOptions: chromium,
    viewport: { width: 1280, height: 800 },
    // Recording every step of every test takes time; what fails is run once more where it counts.
    trace: 'on-first-retry',
    screenshot: 'only-on-failure',
  },
  projects: [
    { name: 'pages', testIgnore: ALONE },
    { name: 'alone', testMatch: ALONE, workers: 1 },
  ],
  workers: 2,
});
