// What one browser has found out about a layer serves the next one, of whoever, by way of the server:
// as a list, for which nobody vouches.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Browser, Page, Request } from '@playwright/test';
import { Maker } from '../support/made';
import { freePort, Running } from '../support/process';
import { drydock, expect, test } from '../support/stack';
import { inFolder } from '../support/tools';

const row = (page: Page, name: string) => page.getByRole('treeitem').filter({ hasText: name });
const whole = (page: Page) => expect(page.getByRole('button', { name: 'Download listing' })).toBeEnabled({ timeout: 60_000 });
const content = (page: Page) => page.locator('.pane .document');
const note = (page: Page) => page.getByRole('note').filter({ hasText: 'listed by' });
const noise = (length: number) => randomBytes(length).toString('base64').slice(0, length);

/** Does something with a server that keeps what tabs find out, and an address for its images. */
async function withCache(todo: (origin: string, own: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const port = await freePort();
    const server: Running = await drydock(port, join(folder, 'scratch'), [], ['--index-cache', join(folder, 'cache')]);
    try {
      await todo(`http://127.0.0.1:${port}`, `127.0.0.1:${port}`);
    } finally {
      await server.stop();
    }
  });
}

/** A browser that has seen nothing yet, and what it asks for of a blob. */
async function fresh(browser: Browser, digest: string): Promise<{ page: Page; asked: Request[] }> {
  const page = await (await browser.newContext()).newPage();
  const asked: Request[] = [];
  page.context().on('request', (request) => {
    if (request.url().endsWith(`/blobs/${digest}`)) asked.push(request);
  });
  return { page, asked };
}

const kept = (origin: string, digest: string, part: string) =>
  fetch(`${origin}/-/layers/${digest}/${part}`, { headers: { 'X-Drydock': '1' } });

async function layerWith(maker: Maker, text: string) {
  const filling = (name: string) => Array.from({ length: 24 }, (_, n) => ({ name: `${name}-${n}`, text: noise(500_000) }));
  return maker.layerOf([...filling('a'), { name: 'middle.txt', text }, ...filling('z')]);
}

test('a layer that another browser has read is listed without a request, and called unchecked', async ({ browser }) => {
  await withCache(async (origin, own) => {
    const maker = new Maker(origin, 'shared/one');
    const layer = await layerWith(maker, 'in the middle');
    const { digest } = layer.layer;
    await maker.image([layer], '1');
    const files = `${origin}/${own}/shared/one:1/-/files`;

    const first = await fresh(browser, digest);
    await first.page.goto(files);
    await whole(first.page);
    await expect(note(first.page)).toHaveCount(0);
    await expect.poll(async () => (await kept(origin, digest, 'entries')).status).toBe(200);
    await first.page.context().close();

    const { page, asked } = await fresh(browser, digest);
    await page.goto(files);
    await whole(page);
    await expect(note(page)).toContainText('another tab told this server');
    await expect(note(page)).toContainText('not checked');
    await expect(row(page, 'middle.txt')).toHaveClass(/listed/);
    expect(asked).toHaveLength(0);
    await row(page, 'middle.txt').click();
    await expect(content(page)).toContainText('in the middle');
    expect(asked).toHaveLength(1);
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec((await asked[0]?.allHeaders())?.['range'] ?? '') ?? [];
    expect(Number(to) - Number(from) + 1).toBeLessThanOrEqual(6_000_000);
    await expect(page.locator('.filefacts')).toContainText('a list which nobody has compared with its layer');
    await expect(page.locator('.filefacts .badge.verified')).toHaveCount(0);
    await expect(page.getByRole('button', { name: 'Edit text' })).toHaveCount(0);
    // The whole layer is a click away, and what was found out then is this browser's own.
    await note(page).getByRole('button', { name: 'Read the layers' }).click();
    await whole(page);
    await expect(note(page)).toHaveCount(0);
    await expect(page.locator('.filefacts .badge.verified')).toBeVisible({ timeout: 60_000 });
    await page.reload();
    await whole(page);
    await expect(note(page)).toHaveCount(0);
    await page.context().close();
  });
});

test('a list above a layer that was read leaves nothing of that verified', async ({ browser }) => {
  await withCache(async (origin, own) => {
    const maker = new Maker(origin, 'shared/above');
    const [base, upper] = [await maker.layer('etc/base.conf', 'of the base'), await layerWith(maker, 'above')];
    await maker.image([base], 'base');
    await maker.image([base, upper], 'both');
    const first = await fresh(browser, upper.layer.digest);
    await first.page.goto(`${origin}/${own}/shared/above:both/-/files`);
    await whole(first.page);
    await expect.poll(async () => (await kept(origin, upper.layer.digest, 'entries')).status).toBe(200);
    await first.page.context().close();
    const { page } = await fresh(browser, upper.layer.digest);
    // The base alone is verified, and remembered.
    await page.goto(`${origin}/${own}/shared/above:base/-/files/etc/base.conf`);
    await expect(page.locator('.filefacts .badge.verified')).toBeVisible({ timeout: 60_000 });
    // With a list above it nobody knows whether it is still the file.
    await page.goto(`${origin}/${own}/shared/above:both/-/files/etc/base.conf`);
    await whole(page);
    await expect(note(page)).toContainText('Layer 2');
    await expect(content(page)).toContainText('of the base');
    await expect(row(page, 'base.conf')).toHaveClass(/listed/);
    await expect(page.locator('.filefacts')).toContainText('a list which nobody has compared with its layer');
    await expect(page.locator('.filefacts .badge.verified')).toHaveCount(0);
    for (const name of ['Edit text', 'Replace…', 'Download']) {
      await expect(page.getByRole('button', { name, exact: true })).toHaveCount(0);
    }
    await note(page).getByRole('button', { name: 'Read the layers' }).click();
    await expect(page.locator('.filefacts .badge.verified')).toBeVisible({ timeout: 60_000 });
    await expect(page.getByRole('button', { name: 'Edit text' })).toBeVisible();
    await page.context().close();
  });
});

test('what the server keeps of another layer, or what is no record, is not taken', async ({ browser }) => {
  await withCache(async (origin, own) => {
    const maker = new Maker(origin, 'shared/two');
    const [one, other, third] = [await layerWith(maker, 'one'), await layerWith(maker, 'other'), await layerWith(maker, 'third')];
    await maker.image([one], 'one');
    await maker.image([other], 'other');
    await maker.image([third], 'third');
    const first = await fresh(browser, one.layer.digest);
    await first.page.goto(`${origin}/${own}/shared/two:one/-/files`);
    await whole(first.page);
    await expect.poll(async () => (await kept(origin, one.layer.digest, 'entries')).status).toBe(200);
    await first.page.context().close();
    const record = Buffer.from(await (await kept(origin, one.layer.digest, 'entries')).arrayBuffer());
    const put = async (digest: string, body: Buffer) => {
      const headers = { 'X-Drydock': '1', Origin: origin };
      const answer = await fetch(`${origin}/-/layers/${digest}/entries`, { method: 'PUT', body: new Uint8Array(body), headers });
      expect(answer.status).toBe(201);
    };
    await put(other.layer.digest, record);
    await put(third.layer.digest, randomBytes(100_000));
    for (const [tag, layer, text] of [['other', other, 'other'], ['third', third, 'third']] as const) {
      const { page, asked } = await fresh(browser, layer.layer.digest);
      await page.goto(`${origin}/${own}/shared/two:${tag}/-/files/middle.txt`);
      await whole(page);
      await expect(note(page)).toHaveCount(0);
      expect(asked.length).toBeGreaterThan(0);
      await expect(content(page)).toContainText(text);
      await expect(page.locator('.filefacts .badge.verified')).toBeVisible({ timeout: 60_000 });
      await page.context().close();
    }
  });
});
