// What axe finds wrong with the page as it is.
import type { Page } from '@playwright/test';
import axe from 'axe-core';

declare global {
  interface Window {
    axe?: typeof axe;
  }
}

/** The faults of the page, or of a part of it, by all rules or by these. */
export async function faults(page: Page, part?: string, rules?: string[]): Promise<string[]> {
  // Its program is large: it is given to a page once.
  if (!(await page.evaluate(() => Boolean(window.axe)))) await page.evaluate(axe.source);
  return page.evaluate(
    async ([part, rules]) => {
      if (!window.axe) throw new Error('axe is not there');
      // What passes is not asked for, and not told.
      const options: axe.RunOptions = { resultTypes: ['violations'], iframes: false };
      if (rules) options.runOnly = { type: 'rule', values: rules };
      const { violations } = await window.axe.run(part ? { include: [part] } : document, options);
      const said = violations.flatMap((it) => it.nodes.map((node) => `${it.id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`));
      return said.map((text) => text.replace(/\s+/g, ' ').slice(0, 400));
    },
    [part, rules] as const,
  );
}
