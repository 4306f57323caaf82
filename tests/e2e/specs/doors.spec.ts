// Ways in: what people paste, registries and their repositories, tags, artifacts, files from disk.
import { Page } from '@playwright/test';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectNoSidewaysScroll, watch, watchWidth } from '../support/look';
import { digestOf } from '../support/moving';
import { odd } from '../support/odd';
import { freePort } from '../support/process';
import { drydock, expect, test } from '../support/stack';
import { crane, inFolder, run, save } from '../support/tools';

const DIGEST = `sha256:${'c'.repeat(64)}`;

/** Types something into the field of the first page. */
async function paste(page: Page, text: string): Promise<void> {
  await page.goto('/');
  const field = page.locator('#open');
  await field.fill(text);
  await field.press('Enter');
}

const path = (page: Page) => decodeURIComponent(new URL(page.url()).pathname + new URL(page.url()).search);

test('what people paste opens what they mean', async ({ page, stack }) => {
  const problems = watch(page);
  for (const [text, address] of [
    [`docker pull --platform linux/amd64 ${stack.registry}/whiteouts:1`, `/${stack.registry}/whiteouts:1?platform=linux/amd64`],
    [`crane ls ${stack.registry}/whiteouts`, `/${stack.registry}/whiteouts/-/tags`],
    [`${stack.registry}/whiteouts:1/-/layers?layer=1`, `/${stack.registry}/whiteouts:1/-/layers?layer=1`],
    [`docker login ${stack.registry}`, `/${stack.registry}/`],
    [`image: "${stack.registry}/whiteouts:1"  # web`, `/${stack.registry}/whiteouts:1`],
    [`${stack.registry}/whiteouts 1`, `/${stack.registry}/whiteouts:1`],
    [`helm pull oci://${stack.registry}/whiteouts --version 1`, `/${stack.registry}/whiteouts:1`],
    [`${stack.origin}/${stack.registry}/whiteouts:1/-/layers?layer=1`, `/${stack.registry}/whiteouts:1/-/layers?layer=1`],
    [stack.registry, `/${stack.registry}/`],
  ]) {
    await paste(page, text ?? '');
    await expect.poll(() => path(page), { message: text }).toBe(address);
  }
  await paste(page, DIGEST);
  await expect(page.locator('#open-problem')).toContainText("write the image's name before it");
  await paste(page, '9ce9dc9c9a1c');
  await expect(page.locator('#open-problem')).toContainText('is the start of a digest');
  await paste(page, 'FROM scratch');
  await expect(page.locator('#open-problem')).toContainText('empty base');
  expect(problems).toEqual([]);
});

test('a digest alone is looked for in what is open', async ({ page, stack }) => {
  const image = `${stack.registry}/whiteouts:1`;
  const digest = digestOf(image);
  await page.goto(`/${image}`);
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  const field = page.locator('#reference');
  await field.fill(DIGEST);
  await field.press('Enter');
  await expect(page.locator('.refused')).toContainText('has this digest');
  await field.fill(digest);
  await field.press('Enter');
  await expect.poll(() => path(page)).toContain(digest);
  // As pages show it, cut.
  await page.goto(`/${image}`);
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  await field.fill('sha256:9ce9dc9c9a1c');
  await field.press('Enter');
  await expect(page.locator('.refused')).toContainText('begins with sha256:9ce9dc9c9a1c');
  await field.fill(digest.slice('sha256:'.length).slice(0, 12));
  await field.press('Enter');
  await expect.poll(() => path(page)).toContain(digest);
});

test('a registry is a page with its repositories', async ({ page, stack }) => {
  await watchWidth(page);
  const problems = watch(page);
  await page.goto(`/${stack.registry}`);
  await expect.poll(() => path(page)).toBe(`/${stack.registry}/`);
  const list = page.getByRole('region', { name: 'Repositories' });
  await expect(list.getByRole('link', { name: 'whiteouts', exact: true })).toBeVisible();
  await page.getByLabel('Filter the repositories').fill('whiteo');
  await expect(page.locator('.card .note').first()).toContainText(/^1 of \d+ repositories$/);
  await page.reload();
  await expect(page.getByLabel('Filter the repositories')).toHaveValue('whiteo');
  await list.getByRole('link', { name: 'whiteouts', exact: true }).click();
  await expect(page.getByLabel('Choose 1', { exact: true })).toBeVisible();
  await page.getByRole('link', { name: stack.registry, exact: true }).click();
  await expect.poll(() => path(page)).toBe(`/${stack.registry}/`);
  expect(problems).toEqual([]);
  await expectNoSidewaysScroll(page);
});

test('a registry without a list says so, and one with pages gives them', async ({ page }) => {
  await inFolder(async (folder) => {
    const none = await odd((url) => (url === '/v2/' ? { status: 200, body: '{}' } : { status: 404, body: '{}' }));
    const pages = await odd((url) => {
      const last = new URL(url, 'http://x').searchParams.get('last');
      const names = last ? ['b/two', 'NOT/valid'] : ['a/one'];
      const headers: Record<string, string> = last ? {} : { link: '</v2/_catalog?n=1&last=a>; rel="next"' };
      return { status: 200, body: JSON.stringify({ repositories: names }), headers };
    });
    const port = await freePort();
    const server = await drydock(port, join(folder, 'scratch'), [none.port, pages.port]);
    try {
      await page.goto(`http://127.0.0.1:${port}/localhost:${none.port}/`);
      await expect(page.locator('.panel')).toContainText('does not list its repositories');
      await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
      await page.goto(`http://127.0.0.1:${port}/localhost:${pages.port}/`);
      await expect(page.getByRole('link', { name: 'b/two', exact: true })).toBeVisible();
      await expect(page.locator('.card .note').first()).toHaveText('2 repositories');
      await expect(page.getByText('lists 1 name that no repository can have')).toBeVisible();
    } finally {
      await Promise.all([server.stop(), none.stop(), pages.stop()]);
    }
  });
});

test('tags are in version order, with date, size and platforms', async ({ page, stack }) => {
  const repository = `${stack.registry}/versions/app`;
  const tags = ['1.0.10', 'latest', '1.0.10-rc1', '1.0.2', '1.0.10-slim'];
  for (const tag of tags) crane('copy', '--insecure', `${stack.registry}/whiteouts:1`, `${repository}:${tag}`);
  await page.goto(`/${repository}:latest/-/tags`);
  const rows = page.locator('.taglist .tag');
  const names = () => rows.locator('a').allTextContents();
  const sorted = ['latest', '1.0.2', '1.0.10-rc1', '1.0.10', '1.0.10-slim'];
  await expect.poll(names).toEqual(sorted);
  await page.getByRole('button', { name: 'Highest version first' }).click();
  await expect.poll(names).toEqual([...sorted].reverse());
  await expect(page).toHaveURL(/sort=newest/);
  await expect(rows.first().locator('.tagsize')).toHaveText(/B$/);
  await expect(rows.first().locator('.tagplatforms')).toHaveText(/^linux\//);
  await expect(rows.first().locator('.digest [title]').first()).toHaveAttribute('title', digestOf(`${repository}:latest`));
  await page.getByLabel('Filter the tags').fill('1.0.10');
  await expect(page.locator('.card .note').first()).toHaveText('3 of 5 tags');
});

test('a repository of the catalog leads to its tags, and to none that is not there', async ({ page, stack }) => {
  const problems = watch(page);
  const repository = `${stack.registry}/untold/app`;
  for (const tag of ['1.0', 'v1.2.0']) crane('copy', '--insecure', `${stack.registry}/whiteouts:1`, `${repository}:${tag}`);
  await page.goto(`/${stack.registry}/`);
  await page.getByLabel('Filter the repositories').fill('untold');
  await expect(page.getByRole('link', { name: /latest/ })).toHaveCount(0);
  await page.getByRole('link', { name: 'untold/app', exact: true }).click();
  await expect(page).toHaveTitle(`tags · ${repository} · Drydock`);
  await expect(page.locator('.taglist .tag a')).toHaveText(['1.0', 'v1.2.0']);
  await expect(page.locator('main')).not.toContainText('There is no tag');
  await page.getByRole('link', { name: 'v1.2.0', exact: true }).click();
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  expect(path(page)).toBe(`/${repository}:v1.2.0`);
  expect(problems).toEqual([]);
});

test('a list of tags that fails says what is known, and offers nothing that can not be done', async ({ page }) => {
  await inFolder(async (folder) => {
    const config = '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}';
    const digest = `sha256:${createHash('sha256').update(config).digest('hex')}`;
    const type = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: type,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: config.length },
      layers: [],
    });
    const registry = await odd((url) => {
      if (/\/(none|null|loop|gone)\/manifests\/1$/.test(url) && !url.includes('gone')) {
        return { status: 200, body: manifest, headers: { 'content-type': type } };
      }
      if (url.endsWith(`/blobs/${digest}`)) return { status: 200, body: config };
      if (url.includes('/null/tags/list')) return { status: 200, body: '{"name":"null","tags":null}' };
      if (url.includes('/gone/tags/list')) return { status: 200, body: '{"name":"gone","tags":["1","1.1"]}' };
      if (url.includes('/loop/tags/list')) {
        const headers = { link: `<${url}>; rel="next"` };
        return { status: 200, body: '{"name":"loop","tags":["1"]}', headers };
      }
      return { status: 404, body: '{"errors":[{"code":"NAME_UNKNOWN","message":"no"}]}' };
    });
    const port = await freePort();
    const server = await drydock(port, join(folder, 'scratch'), [registry.port]);
    const at = (name: string) => `http://127.0.0.1:${port}/localhost:${registry.port}/${name}:1`;
    const main = page.locator('main');
    try {
      await page.goto(`${at('none')}/-/tags`);
      await expect(main).toContainText('does not list the tags of none');
      await expect(main).not.toContainText('There is no repository');
      await expect(main).not.toContainText('0 tags');
      await expect(main).not.toContainText('Choose tags');
      await page.goto(`${at('null')}/-/tags`);
      await expect(main).toContainText('lists no tags here, though the image above was read from it');
      await expect(main).not.toContainText('Choose tags');
      await page.goto(`${at('loop')}/-/tags`);
      await expect(main).toContainText('names itself');
      await expect(main).not.toContainText('too many pages');
      await expect(page.locator('.taglist .tag a')).toHaveText(['1']);
      await page.goto(at('gone'));
      await expect(main).toContainText('lists the tag 1, but has no manifest for it');
      await expect(page.locator('.meant').getByRole('link')).toHaveText(['1.1']);
    } finally {
      await Promise.all([server.stop(), registry.stop()]);
    }
  });
});

test('25 000 tags come fast, and are filtered fast', async ({ page }) => {
  await inFolder(async (folder) => {
    const all = Array.from({ length: 25_000 }, (_, at) => `1.${at % 50}.${at}`);
    const many = await odd((url) => {
      const { pathname, searchParams } = new URL(url, 'http://x');
      if (!pathname.endsWith('/tags/list')) return { status: 404, body: '{}' };
      const from = Number(searchParams.get('last') ?? 0);
      const next = from + 1000;
      const link = { link: `</v2/app/tags/list?n=1000&last=${next}>; rel="next"` };
      const body = JSON.stringify({ name: 'app', tags: all.slice(from, next) });
      return { status: 200, body, headers: next < all.length ? link : {} };
    });
    const port = await freePort();
    const server = await drydock(port, join(folder, 'scratch'), [many.port]);
    try {
      await page.goto(`http://127.0.0.1:${port}/localhost:${many.port}/app:1/-/tags`);
      await expect(page.locator('.card .note').first()).toHaveText(/^25\D000 tags$/, { timeout: 20_000 });
      await expect(page.locator('.taglist .tag a').nth(1)).toHaveText('1.0.50');
      const began = Date.now();
      await page.getByLabel('Filter the tags').fill('1.49.24999');
      await expect(page.locator('.card .note').first()).toHaveText(/^1 of 25\D000 tags$/);
      expect(Date.now() - began).toBeLessThan(2_000);
    } finally {
      await Promise.all([server.stop(), many.stop()]);
    }
  });
});

test('a wrong tag, platform or layer offers the right ones', async ({ page, stack }) => {
  const repository = `${stack.registry}/near/app`;
  for (const tag of ['3.19', '3.20', 'edge']) crane('copy', '--insecure', `${stack.registry}/whiteouts:1`, `${repository}:${tag}`);
  await page.goto(`/${repository}:v3.20`);
  await page.locator('.meant').getByRole('link', { name: '3.20', exact: true }).click();
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  expect(path(page)).toBe(`/${repository}:3.20`);
  await page.goto(`/${repository}:3.20?platform=plan9/mips`);
  await expect(page.locator('.panel')).toContainText('no platform plan9/mips');
  await page.locator('.meant').getByRole('link').first().click();
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  for (const view of ['layers', 'files']) {
    await page.goto(`/${repository}:3.20/-/${view}?layer=99`);
    await expect(page.getByText('There is no layer 99.')).toBeVisible();
  }
});

test('an artifact has a face, and its files open', async ({ page, stack }) => {
  await watchWidth(page);
  const problems = watch(page);
  await inFolder(async (folder) => {
    writeFileSync(join(folder, 'Chart.yaml'), 'name: demo\nversion: 0.1.0\n');
    writeFileSync(join(folder, 'config.json'), '{"name":"demo","version":"0.1.0"}');
    run('tar', ['czf', 'demo.tgz', 'Chart.yaml'], { cwd: folder });
    const chart = `${stack.registry}/charts/demo:0.1.0`;
    run(
      'oras',
      [
        'push', '--plain-http',
        '--config', 'config.json:application/vnd.cncf.helm.config.v1+json',
        '--annotation', 'org.opencontainers.image.title=demo',
        '--annotation', 'org.opencontainers.image.version=0.1.0',
        chart,
        'demo.tgz:application/vnd.cncf.helm.chart.content.v1.tar+gzip',
      ],
      { cwd: folder },
    );
    await page.goto(`/${chart}`);
    await expect(page.getByRole('heading', { name: 'demo 0.1.0' })).toBeVisible();
    await expect(page.locator('.artifact')).toContainText('chart (Helm)');
    await page.getByRole('link', { name: 'Open demo.tgz' }).click();
    await page.getByRole('button', { name: /^Chart\.yaml/ }).click();
    await expect(page.getByText('version: 0.1.0')).toBeVisible();

    writeFileSync(join(folder, 'notes.txt'), 'a note for readers\n');
    const files = `${stack.registry}/notes:1`;
    run('oras', ['push', '--plain-http', files, 'notes.txt:text/plain'], { cwd: folder });
    await page.goto(`/${files}`);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download notes.txt' }).click();
    const saved = await download;
    expect(saved.suggestedFilename()).toBe('notes.txt');
    expect(readFileSync((await saved.path()) ?? '', 'utf8')).toBe('a note for readers\n');
    await page.getByRole('link', { name: 'Open notes.txt' }).click();
    await expect(page.getByText('a note for readers')).toBeVisible();
  });
  expect(problems).toEqual([]);
  await expectNoSidewaysScroll(page);
});

test('a token for the shell is asked for by a click only', async ({ page, stack }) => {
  await page.goto(`/${stack.registry}/whiteouts:1`);
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  await page.getByRole('button', { name: 'Registries and logins' }).click();
  await page.getByRole('dialog').getByRole('listitem').filter({ hasText: stack.registry }).getByRole('button', { name: 'Token' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('Repository')).toHaveValue('whiteouts');
  await expect(dialog).toContainText(`crane auth token --insecure -- ${stack.registry}/whiteouts`);
  await dialog.getByLabel('push', { exact: true }).check();
  await expect(dialog).toContainText(`crane auth token --insecure --push -- ${stack.registry}/whiteouts`);
  await dialog.getByRole('button', { name: 'Show a token' }).click();
  await expect(dialog).toContainText('asks nobody for anything');
});

test('files from disk open with the server gone', async ({ page, stack }) => {
  await inFolder(async (folder) => {
    const archive = join(folder, 'image.tar');
    save(`${stack.registry}/whiteouts:1`, `oci-archive:${archive}:1`);
    const port = await freePort();
    const server = await drydock(port, join(folder, 'scratch'), []);
    const loaded: string[] = [];
    page.on('requestfinished', (request) => {
      if (/\/worker(_bg)?\.(js|wasm)$/.test(request.url())) loaded.push(request.url());
    });
    await page.goto(`http://127.0.0.1:${port}/`);
    // One for trees, one for edits, and those that read; and the program of all of them.
    const all = 1 + 2 + Math.min(await page.evaluate(() => navigator.hardwareConcurrency), 4);
    await expect.poll(() => loaded.length, { timeout: 60_000 }).toBe(all);
    await server.stop();
    await page.getByLabel('Choose file…').last().setInputFiles(archive);
    await page.waitForURL(/\/-\/local\//);
    await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
    await page.getByRole('link', { name: /^Files/ }).click();
    await expect(page.getByRole('treeitem').first()).toBeVisible({ timeout: 30_000 });
  });
});
