// How soon the page answers while it works.
import { Page } from '@playwright/test';

/** Milliseconds from a click on the theme button to the frame that shows the other theme. */
export function answerTime(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve, reject) => {
        const button = document.querySelector<HTMLButtonElement>('.topbar button[title*="theme"]');
        if (!button) {
          reject(new Error('no theme button'));
          return;
        }
        const before = document.documentElement.dataset.theme;
        const start = performance.now();
        // As an input event arrives: behind whatever the main thread is doing now.
        setTimeout(() => {
          button.click();
          requestAnimationFrame(() => {
            const changed = document.documentElement.dataset.theme !== before;
            if (changed) resolve(performance.now() - start);
            else reject(new Error('the click changed nothing'));
          });
        }, 0);
      }),
  );
}

/** Begins to note what keeps the page's main thread busy; the result gives the longest so far, in ms. */
export async function watchLongTasks(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const noted = window as unknown as { longestTask: number };
    noted.longestTask = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) noted.longestTask = Math.max(noted.longestTask, entry.duration);
    }).observe({ entryTypes: ['longtask'] });
  });
  return () => page.evaluate(() => (window as unknown as { longestTask: number }).longestTask);
}
