// No document within the limits keeps the page busy for longer than a tenth of a second at once.
import type { Page } from '@playwright/test';
import { INDEX, Maker } from '../support/made';
import { watch } from '../support/look';
import { expect, test } from '../support/stack';

/** Milliseconds that one task may take. */
const LIMIT = 100;
/** Rows beyond which a list is not drawn as a whole. */
const DRAWN = 400;

interface Made {
  name: string;
  /** Milliseconds where the limit is not reached yet: what is worse than today fails. */
  today?: number;
  /** Views that are looked at, beside those that every image has. */
  more?: string[];
  make: (maker: Maker) => Promise<unknown>;
}

const long = 'x'.repeat(100_000);
const numbered = <T>(count: number, one: (at: number) => T) => Array.from({ length: count }, (_, at) => one(at));
const texts = (count: number) => Object.fromEntries(numbered(count, (at) => [`com.example.key.${at}`, `value ${at}`]));

const images: Made[] = [
  {
    name: 'layers',
    today: 700,
    more: ['/-/layers?layer=7000', '/-/files?layer=7000'],
    make: async (maker) => {
      const one = await maker.layer('a', 'a');
      const history = numbered(20_000, (at) => ({ created_by: `RUN step ${at}` }));
      return maker.image(numbered(20_000, () => one), 'layers', { config: { history } });
    },
  },
  {
    name: 'distinct',
    make: async (maker) => {
      const layers = [];
      for (const at of numbered(400, (at) => at)) layers.push(await maker.layer(`f${at}`, `${at}`));
      return maker.image(layers, 'distinct');
    },
  },
  {
    name: 'labels',
    today: 300,
    make: async (maker) => {
      const config = { config: { Labels: { ...texts(20_000), long }, Env: numbered(20_000, (at) => `VARIABLE_${at}=${at}`) } };
      return maker.image([await maker.layer('a', 'a')], 'labels', { config });
    },
  },
  {
    name: 'annotations',
    today: 350,
    make: async (maker) =>
      maker.image([await maker.layer('a', 'a')], 'annotations', { manifest: { annotations: { ...texts(50_000), long } } }),
  },
  {
    name: 'history',
    today: 350,
    make: async (maker) => {
      const history = numbered(40_000, (at) => ({ created_by: `ENV A=${at}`, empty_layer: true }));
      const last = { created_by: `RUN ${long}` };
      return maker.image([await maker.layer('a', 'a')], 'history', { config: { history: [...history, last] } });
    },
  },
  {
    name: 'platforms',
    today: 1500,
    make: async (maker) => {
      const child = await maker.image([await maker.layer('a', 'a')], undefined);
      const manifests = numbered(9_000, (at) => ({
        ...child,
        platform: { architecture: 'amd64', os: 'linux', 'os.version': `${at}` },
      }));
      return maker.document({ schemaVersion: 2, mediaType: INDEX, manifests }, INDEX, 'platforms');
    },
  },
  {
    name: 'deep',
    today: 900,
    make: async (maker) => {
      const child = await maker.image([await maker.layer('a', 'a')], undefined);
      let below = [child];
      for (const level of [1, 2, 3, 4]) {
        const entries = below.flatMap((it) =>
          numbered(level === 1 ? 600 : 2, (at) => ({ ...it, platform: { architecture: 'amd64', os: 'linux', variant: `v${level}${at}` } })),
        );
        const tag = level === 4 ? 'deep' : undefined;
        below = [await maker.document({ schemaVersion: 2, mediaType: INDEX, manifests: entries }, INDEX, tag)];
      }
      return below;
    },
  },
];

const views = ['', '/-/layers', '/-/files', '/-/graph', '/-/graph?form=outline', '/-/documents', '/-/documents?form=raw', '/-/verify', '/-/edit', '/-/copy'];

for (const { name, more, make, today } of images) {
  test(`no long task: ${name}`, async ({ page, stack }) => {
    test.setTimeout(600_000);
    const problems = watch(page);
    await make(new Maker(stack.origin, 'long/made'));
    await measure(page);
    await page.goto('/');
    await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
    const image = `/${stack.own}/long/made:${name}`;
    const seen: string[] = [];
    for (const view of [...views, ...(more ?? [])]) {
      await page.evaluate(() => tasks().splice(0));
      await open(page, image + view);
      await settled(page);
      await scrollThrough(page);
      const rows = await page.evaluate(() =>
        Math.max(0, ...[...document.querySelectorAll('main *')].map((it) => it.childElementCount)),
      );
      expect(rows, `children of one element in ${name}${view}`).toBeLessThan(DRAWN);
      const worst = await page.evaluate(() => Math.max(0, ...tasks()));
      seen.push(`${view || '/'} ${worst.toFixed(0)} ms`);
      expect.soft(worst, `longest task in ${name}${view}`).toBeLessThanOrEqual(today ?? LIMIT);
    }
    test.info().annotations.push({ type: 'longest tasks', description: seen.join(', ') });
    console.log(`${name}: ${seen.join(', ')}`);
    expect(problems).toEqual([]);
  });
}

test('a label of 100 000 characters is cut, and shown whole when asked', async ({ page, stack }) => {
  const maker = new Maker(stack.origin, 'long/text');
  const layer = await maker.layer('a', 'a');
  await maker.image([layer], 'one', {
    config: { config: { Labels: { note: `begin ${long} end` }, Env: [`E=${long}`] }, history: [{ created_by: `RUN ${long}` }] },
    manifest: { annotations: { other: `${long}!` } },
  });
  for (const view of ['', '/-/layers?layer=1', '/-/graph', '/-/documents', '/-/verify']) {
    await page.goto(`/${stack.own}/long/text:one${view}`);
    await settled(page);
    expect((await page.locator('body').innerText()).length, view).toBeLessThan(30_000);
  }
  await page.goto(`/${stack.own}/long/text:one`);
  await page.getByRole('button', { name: /Show all 100.010 characters/ }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.locator('.document')).toContainText('begin xxx');
  await dialog.locator('.document').evaluate((it) => it.scrollTo(0, 1e9));
  await expect(dialog.locator('.document')).toContainText(' end');
});

declare global {
  function tasks(): number[];
}

/** Notes how long each task took that took long. */
async function measure(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const all: number[] = [];
    Object.assign(window, { tasks: () => all });
    new PerformanceObserver((list) => all.push(...list.getEntries().map((it) => it.duration))).observe({ entryTypes: ['longtask'] });
  });
}

/** Follows a link as a click on it does: the page stays. */
async function open(page: Page, href: string): Promise<void> {
  await page.evaluate((href) => {
    const link = document.createElement('a');
    link.href = href;
    document.body.append(link);
    link.click();
    link.remove();
  }, href);
}

/** Waits until nothing is on its way. */
async function settled(page: Page): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready', { timeout: 120_000 });
  await expect(page.locator('[data-verify="running"]')).toHaveCount(0, { timeout: 240_000 });
  await expect(page.locator('.opening')).toHaveCount(0, { timeout: 120_000 });
  await page.waitForTimeout(1500);
}

/** Every list is gone through to its end. */
async function scrollThrough(page: Page): Promise<void> {
  for (const share of [0.3, 0.7, 1, 0]) {
    await page.evaluate((share) => {
      for (const it of document.querySelectorAll('main *')) {
        if (it.scrollHeight > it.clientHeight + 50) it.scrollTop = (it.scrollHeight - it.clientHeight) * share;
      }
      scrollTo(0, document.body.scrollHeight * share);
    }, share);
    await page.waitForTimeout(150);
  }
}
