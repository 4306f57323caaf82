// No view and no dialog has a fault that axe finds, in both themes, wide and narrow; and what is
// shown in normal use writes no error into the console.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { INDEX, Maker, MANIFEST } from '../support/made';
import { expect, test } from '../support/stack';

const views = [
  '',
  '/-/layers',
  '/-/layers?layer=2',
  '/-/layers?layer=99',
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
  await expect(page.locator('.opening')).toHaveCount(0, { timeout: 60_000 });
  await page.waitForTimeout(400);
}

async function faults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.flatMap((it) => it.nodes.map((node) => `${it.id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`.replace(/\s+/g, ' ').slice(0, 400)));
}

for (const scheme of ['light', 'dark'] as const) {
  for (const width of [390, 1280]) {
    test(`axe finds nothing: ${scheme}, ${width}`, async ({ page, stack }) => {
      test.setTimeout(300_000);
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: 844 });
      await make(stack.origin);
      const errors: string[] = [];
      page.on('console', (message) => {
        // The browser itself writes down each answer 404; to a look-up that is a plain no.
        const lookUp = /status of 404/.test(message.text()) && /\/(referrers|manifests)\/sha256/.test(message.location().url);
        if (message.type() === 'error' && !lookUp) errors.push(`${new URL(page.url()).pathname}: ${message.text()} ${message.location().url}`);
      });
      const found: string[] = [];
      const look = async (name: string) => {
        await settled(page);
        found.push(...(await faults(page)).map((it) => `${name}: ${it}`));
      };
      for (const [name, address] of [['home', '/'], ['drafts', '/-/drafts'], ['unknown', '/ghcr.io/Owner/app']] as const) {
        await page.goto(address);
        await look(name);
      }
      const image = `/${stack.own}/axe/app:1.0`;
      for (const view of views) {
        await page.goto(image + view);
        await look(view || 'overview');
      }
      // What lies over the page.
      await page.goto(image);
      await settled(page);
      for (const [name, open] of Object.entries(dialogs)) {
        await open(page);
        await expect(page.getByRole('dialog')).toBeVisible();
        await look(`dialog ${name}`);
        await page.keyboard.press('Escape');
        await expect(page.getByRole('dialog')).toHaveCount(0);
      }
      await page.goto(`${image}/-/edit`);
      await settled(page);
      await page.getByRole('button', { name: 'Add edit' }).first().click();
      await look('edit menu');
      const kinds = await page.getByRole('option').allInnerTexts();
      await page.keyboard.press('Escape');
      for (const kind of kinds.map((it) => it.split('\n')[0] ?? '').slice(0, 40)) {
        await page.getByRole('button', { name: 'Add edit' }).first().click();
        const option = page.getByRole('option').filter({ hasText: kind }).first();
        if ((await option.getAttribute('aria-disabled')) === 'true') {
          await page.keyboard.press('Escape');
          continue;
        }
        await option.click();
        await look(`edit form ${kind}`);
        await page.keyboard.press('Escape');
        await expect(page.getByRole('dialog')).toHaveCount(0);
      }
      expect([...new Set(found)]).toEqual([]);
      expect(errors.filter((it) => !it.includes('Owner'))).toEqual([]);
    });
  }
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
