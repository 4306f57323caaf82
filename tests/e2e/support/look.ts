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

/**
 * Notes, in every frame from the next navigation on, by how much the page is wider than its window:
 * what is shown only while bytes arrive must fit too.
 */
export async function watchWidth(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const seen = { most: 0 };
    Object.assign(window, { widthSeen: seen });
    const look = () => {
      const root = document.documentElement;
      if (root) seen.most = Math.max(seen.most, root.scrollWidth - root.clientWidth);
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}

/** The page never scrolled sideways since it was opened; needs {@link watchWidth}. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const overflow = await page.evaluate(
    () => (window as unknown as { widthSeen: { most: number } }).widthSeen.most,
  );
  expect(overflow, 'pixels by which the page was wider than its window').toBe(0);
}
