// Checks that every view must pass, whatever it shows.
import { expect, Page } from '@playwright/test';

/** Collects what must never happen in a page: uncaught errors and violations of the policy. */
export function watch(page: Page): string[] {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(`uncaught: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    if (/Content Security Policy|panicked at/i.test(text)) problems.push(text);
  });
  return problems;
}

/** The page never scrolls sideways. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow, 'pixels by which the page is wider than its window').toBeLessThanOrEqual(0);
}
