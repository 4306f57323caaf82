// What readers met in the views: content first, links and back, narrow windows, words.
import type { Page } from '@playwright/test';
import { INDEX, Maker, MANIFEST, sha256 } from '../support/made';
import { expect, test } from '../support/stack';

const lines = Array.from({ length: 400 }, (_, at) => `line ${at + 1}`).join('\n');

/** An image of three layers: files, a symlink, a file that is taken away, and one that is changed. */
async function app(origin: string, repository: string): Promise<Maker> {
  const maker = new Maker(origin, repository);
  const base = await maker.layerOf([
    { name: 'etc/' },
    { name: 'etc/long.conf', text: lines },
    { name: 'etc/old.conf', text: 'old' },
    { name: 'etc/app.json', text: '{}' },
    { name: 'etc/current.conf', link: 'long.conf' },
    { name: 'bin/' },
    { name: 'bin/tool', text: '\x7fELF\0\0' },
  ]);
  const second = await maker.layerOf([{ name: 'etc/app.json', text: '{"a":1}' }, { name: 'srv/' }, { name: 'srv/new.txt', text: 'new' }]);
  const third = await maker.layerOf([{ name: 'etc/.wh.old.conf' }]);
  const history = [
    { created_by: 'COPY etc /etc' },
    { created_by: 'EXPOSE map[443/tcp:{} 80/tcp:{}]', empty_layer: true },
    { created_by: 'HEALTHCHECK &{["CMD-SHELL" "curl -f localhost"] "30s" "3s" "0s" "0s" \'\\x03\'}', empty_layer: true },
    { created_by: 'COPY srv /srv' },
    { created_by: 'RUN rm /etc/old.conf' },
  ];
  await maker.image([base, second, third], '1', { config: { history } });
  return maker;
}

async function ready(page: Page): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready', { timeout: 60_000 });
}

test('files: the content has the room, the panes one scroll area each, and the line between them moves', async ({ page, stack }) => {
  await app(stack.origin, 'views/files');
  await page.setViewportSize({ width: 1366, height: 650 });
  await page.goto(`/${stack.own}/views/files:1/-/files/etc/long.conf`);
  const content = page.locator('.pane .document');
  await expect(content).toContainText('line 3');
  const box = await content.boundingBox();
  expect(Math.floor((box?.height ?? 0) / 20), 'lines in sight').toBeGreaterThanOrEqual(13);
  const segments = await page.getByRole('group', { name: 'Form' }).boundingBox();
  expect(segments?.height).toBeGreaterThanOrEqual(22);
  const scrolling = await page.evaluate(() =>
    [...document.querySelectorAll('main, main *')].filter((it) => {
      const style = getComputedStyle(it);
      return /auto|scroll/.test(style.overflowY) && it.scrollHeight > it.clientHeight + 1;
    }).map((it) => it.className),
  );
  expect(scrolling, scrolling.join(' | ')).toHaveLength(1);
  // The head makes room while the content is scrolled.
  const before = (await page.locator('.split').boundingBox())?.y ?? 0;
  await content.evaluate((it) => it.scrollTo(0, 2000));
  await expect.poll(async () => (await page.locator('.split').boundingBox())?.y ?? 0).toBeLessThan(before);
  // The line is dragged, and moved by keys.
  const divider = page.getByRole('separator');
  const start = await divider.boundingBox();
  await page.mouse.move((start?.x ?? 0) + 2, (start?.y ?? 0) + 100);
  await page.mouse.down();
  await page.mouse.move(400, (start?.y ?? 0) + 100, { steps: 4 });
  await page.mouse.up();
  expect(Math.abs(((await divider.boundingBox())?.x ?? 0) - 400)).toBeLessThan(8);
  await divider.press('ArrowRight');
  await expect.poll(async () => (await divider.boundingBox())?.x ?? 0).toBeGreaterThan(410);
  await page.reload();
  await expect.poll(async () => (await divider.boundingBox())?.x ?? 0).toBeGreaterThan(410);
});

test('files: heads stand over their columns, levels are told, and statuses have a sign', async ({ page, stack }) => {
  await app(stack.origin, 'views/heads');
  await page.goto(`/${stack.own}/views/heads:1/-/files/etc/app.json?status=added,changed,removed,same`);
  const row = page.getByRole('treeitem').filter({ hasText: 'app.json' });
  await expect(row).toHaveAttribute('aria-level', '2');
  await expect(row).toContainText('±');
  await expect(page.getByRole('treeitem').filter({ hasText: 'old.conf' })).toContainText('−');
  for (const [head, cell] of [['Size', '.number'], ['Mode', '.mode'], ['Owner', '.owner']] as const) {
    const over = await page.locator('.treehead').getByText(head, { exact: true }).boundingBox();
    const below = await row.locator(cell).boundingBox();
    const right = (box: typeof over) => (box ? box.x + (head === 'Size' ? box.width : 0) : NaN);
    expect(Math.abs(right(over) - right(below)), head).toBeLessThanOrEqual(1);
  }
});

test('files: the filter takes words, paths and patterns', async ({ page, stack }) => {
  await app(stack.origin, 'views/filter');
  await page.goto(`/${stack.own}/views/filter:1/-/files`);
  const filter = page.getByLabel('Filter the files by name');
  const names = () => page.locator('.treerow .text').allInnerTexts();
  for (const [typed, found] of [
    ['conf etc', ['etc', 'current.conf', 'long.conf']],
    ['/etc/app', ['etc', 'app.json']],
    ['*.json', ['etc', 'app.json']],
    ['/srv/*', ['srv', 'new.txt']],
    ['conf srv', []],
  ] as const) {
    await filter.fill(typed);
    await expect.poll(names, typed).toEqual([...found]);
  }
});

test('files: links lead to their targets, and what is no more to the layer that has it', async ({ page, stack }) => {
  await app(stack.origin, 'views/links');
  await page.goto(`/${stack.own}/views/links:1/-/files/etc/app.json?status=added,changed,removed,same`);
  await page.getByRole('treeitem').filter({ hasText: 'current.conf' }).getByText('long.conf').click();
  await expect(page).toHaveURL(/-\/files\/etc\/long\.conf/);
  await expect(page.locator('.pane .document')).toContainText('line 3');
  await page.getByRole('treeitem').filter({ hasText: 'old.conf' }).click();
  await page.getByRole('link', { name: 'Open it in layer 1, which has it' }).click();
  await expect(page.locator('.pane .document')).toContainText('old');
  await expect(page).toHaveURL(/layer=1/);
  // Only what is text can be edited as text.
  await page.goto(`/${stack.own}/views/links:1/-/files/bin/tool`);
  await expect(page.locator('.pane .document .hex').first()).toBeVisible();
  await expect(page.getByRole('button', { name: 'Edit text' })).toHaveCount(0);
  await page.goto(`/${stack.own}/views/links:1/-/files/etc/app.json`);
  await expect(page.getByRole('button', { name: 'Edit text' })).toBeVisible();
});

test('links: what is ticked stands in the address, and Back undoes it', async ({ page, stack }) => {
  await app(stack.origin, 'views/back');
  const files = `/${stack.own}/views/back:1/-/files`;
  await page.goto(files);
  await page.getByLabel('removed').check();
  await expect(page).toHaveURL(/status=added,changed,removed,same/);
  await page.reload();
  await expect(page.getByLabel('removed')).toBeChecked();
  await page.getByRole('treeitem').filter({ hasText: 'bin' }).click();
  await page.getByRole('treeitem').filter({ hasText: 'tool' }).click();
  await page.goto(files);
  await expect(page.getByLabel('removed')).not.toBeChecked();
  await page.goBack();
  await expect(page.getByLabel('removed')).toBeChecked();
});

test('links: y copies what Share copies and says so, and titles name file and verdict', async ({ page, stack, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await app(stack.origin, 'views/share');
  await page.goto(`/${stack.own}/views/share:1/-/files/etc/app.json`);
  await ready(page);
  await expect(page).toHaveTitle(/^\/etc\/app\.json · .*views\/share:1/);
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  const share = page.getByRole('button', { name: 'Share' });
  await share.click();
  await expect(page.getByRole('button', { name: 'Link copied' })).toBeVisible();
  const link = await copied();
  expect(link).toContain('@sha256:');
  await page.evaluate(() => navigator.clipboard.writeText(''));
  await expect(share).toBeVisible();
  await page.locator('#main').focus();
  await page.keyboard.press('y');
  await expect(page.getByRole('button', { name: 'Link copied' })).toBeVisible();
  expect(await copied()).toBe(link);
  await page.goto(`/${stack.own}/views/share:1/-/verify`);
  await expect(page).toHaveTitle(/^verified · /, { timeout: 60_000 });
});

test('narrow: folders unfold, tabs and documents are in sight, tables lose nothing', async ({ page, stack }) => {
  await app(stack.origin, 'views/narrow');
  await page.setViewportSize({ width: 390, height: 800 });
  const image = `/${stack.own}/views/narrow:1`;
  await page.goto(`${image}/-/files`);
  await page.getByRole('treeitem').filter({ hasText: 'etc' }).click();
  await expect(page.getByRole('treeitem').filter({ hasText: 'app.json' })).toBeVisible();
  await page.getByRole('treeitem').filter({ hasText: 'app.json' }).click();
  await expect(page.locator('.pane .document')).toContainText('"a":1');
  for (const view of ['copy', 'verify', 'tags']) {
    await page.goto(`${image}/-/${view}`);
    const tab = page.locator('.tabs [aria-current]');
    await expect.poll(async () => {
      const box = await tab.boundingBox();
      return box && box.x >= 0 && box.x + box.width <= 390;
    }, view).toBe(true);
  }
  await page.goto(`${image}/-/layers`);
  for (const name of ['Made by', 'Digest', 'Diff ID', 'Form', 'Size']) {
    await expect(page.locator(`[data-name="${name}"]`).first(), name).toBeVisible();
  }
  await page.goto(`${image}/-/verify`);
  for (const name of ['Downloaded', 'Checked', 'Size', 'Unpacked', 'Verdict']) {
    await expect(page.locator(`[data-name="${name}"]`).first(), name).toBeVisible();
  }
  await page.goto(`${image}/-/documents`);
  await page.getByRole('navigation', { name: 'Documents' }).getByRole('link').last().click();
  await expect(page.locator('#document')).toBeInViewport();
  await page.goto(`${image}/-/graph`);
  await expect(page.locator('.graph a').first()).toBeInViewport();
});

test('narrow: a file link says what it waits for, and can be cancelled', async ({ page, stack }) => {
  await app(stack.origin, 'views/wait');
  await page.setViewportSize({ width: 390, height: 800 });
  await page.context().route('**/blobs/sha256:*', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 4000));
    await route.continue();
  });
  await page.goto(`/${stack.own}/views/wait:1/-/files/etc/app.json`);
  const file = page.getByRole('region', { name: 'Chosen file' });
  await expect(file.locator('.progress')).toContainText(/ of [\d.]+ k?B/, { timeout: 30_000 });
  await file.getByRole('button', { name: 'Cancel' }).click();
  await expect(file.getByText('Reading was stopped.')).toBeVisible();
});

test('the palette has its own views before unknown words', async ({ page, stack }) => {
  await app(stack.origin, 'views/palette');
  await page.goto(`/${stack.own}/views/palette:1`);
  await ready(page);
  await page.keyboard.press('Control+k');
  const field = page.getByRole('combobox');
  const first = page.getByRole('option').first();
  await field.fill('layers');
  await expect(first).toContainText('Layers');
  await field.fill('alpine');
  await expect(first).toContainText('docker.io/library/alpine');
  await field.fill('ghcr.io/layers/app');
  await expect(first).toContainText('Open ghcr.io/layers/app');
  for (const [typed, name] of [
    ['ver', 'Verify'],
    ['share', 'Copy the link'],
    ['help', 'Keys'],
    ['layer 2', 'Layer 2'],
    ['/etc/app.json', 'File /etc/app.json'],
  ] as const) {
    await field.fill(typed);
    await expect(first, typed).toContainText(name);
  }
  await field.fill('nothing is called so');
  await expect(page.getByRole('dialog').getByRole('status')).toContainText('names no image');
  await field.fill('layer 2');
  await field.press('Enter');
  await expect(page).toHaveURL(/\/-\/layers\?layer=2$/);
  await page.setViewportSize({ width: 390, height: 800 });
  await page.getByRole('button', { name: 'All actions' }).click();
  await expect(page.getByRole('combobox')).toBeVisible();
});

test('words: what Docker wrote as Go is spelled out, and a layer that is not there is told', async ({ page, stack }) => {
  await app(stack.origin, 'views/words');
  await page.goto(`/${stack.own}/views/words:1`);
  await expect(page.locator('.step').filter({ hasText: 'EXPOSE' })).toContainText('EXPOSE 443/tcp 80/tcp');
  await expect(page.locator('.step').filter({ hasText: 'HEALTHCHECK' })).toContainText('--interval=30s --timeout=3s --retries=3 CMD curl -f localhost');
  await page.goto(`/${stack.own}/views/words:1/-/layers?layer=99`);
  await expect(page.locator('main')).toContainText('There is no layer 99: this image has 3 layers.');
});

test('graph: names stay inside their boxes', async ({ page, stack }) => {
  const maker = new Maker(stack.origin, `views/${'w'.repeat(60)}`);
  await maker.image([await maker.layer('a', 'a')], 'W'.repeat(100));
  await page.goto(`/${stack.own}/views/${'w'.repeat(60)}:${'W'.repeat(100)}/-/graph`);
  await expect(page.locator('.graph a').first()).toBeVisible();
  const beyond = await page.evaluate(() =>
    [...document.querySelectorAll('.graph a')].filter((it) => {
      const box = it.querySelector('.box')?.getBoundingClientRect();
      return [...it.querySelectorAll('.box-text, .box-text *, text')].some((text) => {
        const own = text.getBoundingClientRect();
        return box && (own.left < box.left || own.right > box.right + 0.5);
      });
    }).length,
  );
  expect(beyond).toBe(0);
});

test('a signature is bytes verified and signature not checked, and one, however it is found', async ({ page, stack }) => {
  const maker = await app(stack.origin, 'views/signed');
  const manifest = await (await fetch(`${stack.origin}/v2/views/signed/manifests/1`, { headers: { accept: MANIFEST } })).text();
  const subject = { mediaType: MANIFEST, digest: sha256(manifest), size: Buffer.byteLength(manifest) };
  const type = 'application/vnd.dev.cosign.simplesigning.v1+json';
  const signature = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json',
    config: await maker.blob('{}', 'application/vnd.oci.empty.v1+json'),
    layers: [await maker.blob('{"critical":{}}', type)],
    subject,
  };
  await maker.document(signature, MANIFEST, `${subject.digest.replace(':', '-')}.sig`);
  for (const slow of ['**/referrers/**', '**/manifests/sha256-*.sig']) {
    await page.unrouteAll();
    await page.route(slow, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await route.continue();
    });
    await page.goto(`/${stack.own}/views/signed:1/-/graph`);
    await expect(page.locator('header .note')).not.toContainText('on their way', { timeout: 30_000 });
    await expect(page.locator('header .note'), slow).toContainText('1 dashed');
  }
  await page.unrouteAll();
  await page.goto(`/${stack.own}/views/signed:1/-/verify`);
  await expect(page.locator('[data-verify]')).toHaveAttribute('data-verify', 'verified', { timeout: 60_000 });
  await expect(page.locator('tr').filter({ hasText: 'signature not checked' }).first()).toContainText('bytes verified');
  await expect(page.locator('.panel')).toContainText('its signature was not checked');
});

test('an attestation as BuildKit makes it is not warned of', async ({ page, stack }) => {
  const maker = await app(stack.origin, 'views/attested');
  const manifest = await (await fetch(`${stack.origin}/v2/views/attested/manifests/1`, { headers: { accept: MANIFEST } })).text();
  const image = { mediaType: MANIFEST, digest: sha256(manifest), size: Buffer.byteLength(manifest) };
  const statement = '{"_type":"https://in-toto.io/Statement/v0.1"}';
  const layer = await maker.blob(statement, 'application/vnd.in-toto+json');
  const statements = ['https://spdx.dev/Document', 'https://slsa.dev/provenance/v0.2'].map((type) => ({
    layer: { ...layer, annotations: { 'in-toto.io/predicate-type': type } },
    diffId: layer.digest,
  }));
  const attestation = await maker.image(statements, undefined, { config: { architecture: 'unknown', os: 'unknown', config: {} } });
  const manifests = [
    { ...image, platform: { architecture: 'amd64', os: 'linux' } },
    {
      ...attestation,
      annotations: { 'vnd.docker.reference.digest': image.digest, 'vnd.docker.reference.type': 'attestation-manifest' },
      platform: { architecture: 'unknown', os: 'unknown' },
    },
  ];
  await maker.document({ schemaVersion: 2, mediaType: INDEX, manifests }, INDEX, 'index');
  await page.goto(`/${stack.own}/views/attested:index/-/verify`);
  await expect(page.locator('[data-verify]')).toHaveAttribute('data-verify', 'verified', { timeout: 60_000 });
  await expect(page.locator('.finding').filter({ hasText: 'warning' })).toHaveCount(0);
});

test('a server that is gone is told in one way, everywhere', async ({ page, stack }) => {
  await app(stack.origin, 'views/gone');
  await page.goto('/');
  await ready(page);
  await page.context().route('**/*', (route) => route.abort());
  const gone = 'The Drydock server that this page came from does not answer';
  for (const view of ['', '/-/files', '/-/graph', '/-/verify']) {
    await page.evaluate((href) => {
      const link = document.createElement('a');
      link.href = href;
      document.body.append(link);
      link.click();
    }, `/${stack.own}/views/gone:1${view}`);
    await expect(page.locator('main'), view).toContainText(gone, { timeout: 60_000 });
    await expect(page.locator('main'), view).not.toContainText(/other tabs|no network/i);
  }
});

test('a password over plain http is warned of', async ({ page, stack }) => {
  const login = async () => {
    await page.goto('/');
    await ready(page);
    await page.getByRole('button', { name: 'Registries and logins' }).click();
    await page.getByRole('button', { name: 'Log in to another' }).click();
    return page.getByRole('dialog');
  };
  await expect((await login()).getByRole('alert')).toHaveCount(0);
  await page.addInitScript(() => Object.defineProperty(window, 'isSecureContext', { value: false }));
  await expect((await login()).getByRole('alert')).toContainText('plain http');
  expect(stack.own).toContain('127.0.0.1');
});
