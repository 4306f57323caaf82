// No view and no dialog has a fault that axe finds, in both themes, wide and narrow; and what is
// shown in normal use writes no error into the console.
import type { Page } from '@playwright/test';
import { faults } from '../support/axe';
import { INDEX, Maker, MANIFEST } from '../support/made';
import { expect, test } from '../support/stack';

const views = [
  '',
  '/-/layers',
  '/-/layers?layer=2',
  '/-/layers?layer=99',
  '/-/space',
  '/-/packages',
  '/-/search?q=a',
  '/-/files',
  '/-/files/etc',
  '/-/files/etc/app.conf',
  '/-/files?layer=2&show=changes',
  '/-/graph',
  '/-/graph?form=outline',
  '/-/documents',
  '/-/documents?form=raw',
  '/-/tags',
  '/-/verify',
  '/-/compare',
  '/-/compare?with=:1.0',
  '/-/edit',
  '/-/copy',
];

/** An index with two platforms, a signature and an artifact, in which everything that a view shows occurs. */
async function make(origin: string): Promise<void> {
  const maker = new Maker(origin, 'axe/app');
  const layers = [await maker.layer('etc/app.conf', 'listen = 1\n'), await maker.layer('srv/data.json', '{}')];
  const config = {
    created: '2026-01-02T03:04:05Z',
    config: {
      Env: ['PATH=/bin'],
      Cmd: ['/bin/app'],
      Labels: { 'org.opencontainers.image.source': 'https://example.com/app', note: 'x'.repeat(3000) },
    },
    history: [{ created_by: 'COPY etc /etc' }, { created_by: 'EXPOSE map[80/tcp:{}]', empty_layer: true }, { created_by: 'COPY srv /srv' }],
  };
  const amd64 = await maker.image(layers, undefined, { config });
  const arm64 = await maker.image(layers, undefined, { config: { ...config, architecture: 'arm64' } });
  const index = {
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: [
      { ...amd64, platform: { architecture: 'amd64', os: 'linux' } },
      { ...arm64, platform: { architecture: 'arm64', os: 'linux' } },
    ],
  };
  const subject = await maker.document(index, INDEX, '1.0');
  await maker.document(index, INDEX, '1.0.10');
  const empty = await maker.blob('{}', 'application/vnd.oci.empty.v1+json');
  const bundle = await maker.blob('{"a":1}', 'application/vnd.dev.sigstore.bundle.v0.3+json');
  const artifactType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  await maker.document(
    { schemaVersion: 2, mediaType: MANIFEST, artifactType, config: empty, layers: [bundle], subject },
    MANIFEST,
  );
}

/** Waits until nothing changes any more. */
async function settled(page: Page): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('data-state', /ready|error/, { timeout: 60_000 });
  await expect(page.locator('[data-verify="running"]')).toHaveCount(0, { timeout: 60_000 });
  await expect(page.locator('.opening, [aria-busy="true"]')).toHaveCount(0, { timeout: 60_000 });
  // Nothing is animated for longer than this.
  await page.waitForTimeout(150);
}

const widths = [390, 1280];

/**
 * Looks at the page as it is now, and keeps what axe and the console find for the end of the test. In the second theme
 * nothing but colours can be another.
 */
async function watcher(page: Page, width: number) {
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.setViewportSize({ width, height: 844 });
  const found = new Set<string>();
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    found.add(`${new URL(page.url()).pathname}: ${message.text()} ${message.location().url}`);
  });
  const judge = async (name: string, part?: string): Promise<void> => {
    for (const fault of await faults(page, part)) found.add(`${name}: ${fault}`);
    await page.emulateMedia({ colorScheme: 'dark' });
    for (const fault of await faults(page, part, ['color-contrast'])) found.add(`${name}, dark: ${fault}`);
    await page.emulateMedia({ colorScheme: 'light' });
  };
  const look = async (name: string): Promise<void> => {
    await settled(page);
    await judge(name);
  };
  return { found, judge, look };
}

for (const width of widths) {
  test(`axe finds nothing in any view or dialog: ${width}`, async ({ page, stack }) => {
    await make(stack.origin);
    const { found, look } = await watcher(page, width);
    for (const [name, address] of [['home', '/'], ['drafts', '/-/drafts'], ['no reference', '/ghcr.io/Owner/app']] as const) {
      await page.goto(address);
      await look(name);
    }
    const image = `/${stack.own}/axe/app:1.0`;
    for (const view of views) {
      await page.goto(image + view);
      await look(view || 'overview');
    }
    await page.goto(image);
    await settled(page);
    for (const [name, open] of Object.entries(dialogs)) {
      await open(page);
      await expect(page.getByRole('dialog')).toBeVisible();
      await look(`dialog ${name}`);
      await page.keyboard.press('Escape');
      await expect(page.getByRole('dialog')).toHaveCount(0);
    }
    expect([...found]).toEqual([]);
  });
}

// Only the form is looked at: what lies below it was, and is the same for each.
for (const width of widths) {
  test(`axe finds nothing in any form of an edit: ${width}`, async ({ page, stack }) => {
    await make(stack.origin);
    const { found, judge } = await watcher(page, width);
    await page.goto(`/${stack.own}/axe/app:1.0/-/edit`);
    await settled(page);
    const add = page.getByRole('button', { name: 'Add edit' }).first();
    await add.click();
    await judge('menu of edits', 'dialog');
    const menu = page.getByRole('dialog');
    // Those of the page's own choices, such as that of the platform, are options too.
    const options = menu.getByRole('option', { disabled: false });
    const kinds = await options.evaluateAll((all) => all.map((it) => it.firstElementChild?.textContent ?? ''));
    await page.keyboard.press('Escape');
    expect(kinds.length).toBeGreaterThan(25);
    for (const kind of kinds) {
      await add.click();
      await menu.getByLabel('Kind of edit').fill(kind);
      await options.filter({ has: page.getByText(kind, { exact: true }) }).first().click();
      const dialog = page.getByRole('dialog', { name: kind, exact: true });
      await expect(dialog).toBeVisible();
      await judge(kind, 'dialog');
      // It never reaches below the window, where its buttons would be.
      expect.soft(await dialog.evaluate((it) => it.getBoundingClientRect().bottom <= innerHeight), kind).toBe(true);
      await dialog.getByRole('button', { name: 'Cancel' }).click();
      await expect(page.getByRole('dialog')).toHaveCount(0);
      // Who goes by keys is where the form was asked for.
      await expect(add).toBeFocused();
    }
    expect([...found]).toEqual([]);
  });
}

const dialogs: Record<string, (page: Page) => Promise<void>> = {
  palette: (page) => page.keyboard.press('Control+k'),
  keys: (page) => page.keyboard.press('?'),
  registries: (page) => page.getByRole('button', { name: 'Registries and logins' }).click(),
  login: async (page) => {
    await page.getByRole('button', { name: 'Registries and logins' }).click();
    await page.getByRole('button', { name: 'Log in to another' }).click();
  },
  'whole text': (page) => page.getByRole('button', { name: /Show all/ }).first().click(),
};

for (const view of ['', '/-/layers', '/-/space', '/-/packages', '/-/search', '/-/documents', '/-/tags', '/-/graph', '/-/verify', '/-/edit', '/-/copy']) {
  test(`what has the focus is not hidden behind the bars: ${view || 'overview'}`, async ({ page, stack }) => {
    await page.setViewportSize({ width: 1280, height: 560 });
    await page.goto(`/${stack.registry}/app:gzip${view}`);
    await expect(page.locator('html')).toHaveAttribute('data-state', 'ready', { timeout: 60_000 });
    await page.locator('main').focus();
    const hidden: string[] = [];
    for (let step = 0; step < 80; step += 1) {
      await page.keyboard.press('Tab');
      const found = await page.evaluate(() => {
        const focused = document.activeElement;
        if (!focused || focused === document.body || !focused.closest('main')) return null;
        const own = focused.getBoundingClientRect();
        const bars = [...document.querySelectorAll('body *')].filter((it) => {
          const { position } = getComputedStyle(it);
          return (position === 'fixed' || position === 'sticky') && !it.contains(focused) && !focused.contains(it);
        });
        const covers = bars.map((it) => it.getBoundingClientRect()).filter((bar) => bar.width > 600 && bar.height > 20);
        const covered = covers.some((bar) => own.top >= bar.top && own.bottom <= bar.bottom && own.height > 0);
        const outside = own.bottom <= 0 || own.top >= innerHeight;
        return covered || outside ? `${focused.tagName} ${focused.textContent?.trim().slice(0, 40)}` : '';
      });
      if (found === null) break;
      if (found) hidden.push(found);
    }
    expect(hidden).toEqual([]);
  });
}
