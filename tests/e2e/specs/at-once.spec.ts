// Files before all bytes are there, and without any: the tree grows while layers are read, and a
// browser that has read a layer lists it without a request and reads one file of it by one range.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Page, Request } from '@playwright/test';
import { LAYER, Maker, MANIFEST, sha256 } from '../support/made';
import { expect, test } from '../support/stack';

const row = (page: Page, name: string) => page.getByRole('treeitem').filter({ hasText: name });
const whole = (page: Page) => expect(page.getByRole('button', { name: 'Download listing' })).toBeEnabled({ timeout: 60_000 });
const content = (page: Page) => page.locator('.pane .document');

/** Opens a file; rows that are drawn anew at that moment take no click. */
async function choose(page: Page, name: string): Promise<void> {
  await expect(async () => {
    await row(page, name).click();
    await expect(page).toHaveURL(new RegExp(name), { timeout: 2_000 });
  }).toPass();
}

/** Holds a blob back until it is told to let it come. */
async function hold(page: Page, digest: string): Promise<() => void> {
  let go = () => {};
  const told = new Promise<void>((resolve) => (go = resolve));
  await page.context().route(`**/blobs/${digest}`, async (route) => {
    await told;
    await route.continue();
  });
  return go;
}

/** Text that no compression makes small. */
const noise = (length: number) => randomBytes(length).toString('base64').slice(0, length);

/** What is asked for of a blob from here on. */
function asked(page: Page, digest: string): Request[] {
  const requests: Request[] = [];
  page.context().on('request', (request) => {
    if (request.url().endsWith(`/blobs/${digest}`)) requests.push(request);
  });
  return requests;
}

test('the tree grows layer by layer, and a file opens once its layer and those above are verified', async ({ page, stack }) => {
  const maker = new Maker(stack.origin, 'at-once/layers');
  const base = await maker.layerOf([{ name: 'etc/' }, { name: 'etc/old.conf', text: 'old' }, { name: 'srv/' }, { name: 'srv/below.txt', text: 'below' }]);
  const upper = await maker.layerOf([{ name: 'etc/.wh.old.conf' }, { name: 'srv/new.txt', text: 'new' }]);
  await maker.image([base, upper], '1');
  const release = await hold(page, base.layer.digest);
  await page.goto(`/${stack.own}/at-once/layers:1/-/files/srv/new.txt`);
  // What the upper layer has is there, and nothing below can change it.
  await expect(row(page, 'new.txt')).toBeVisible();
  await expect(content(page)).toContainText('new');
  await expect(page.getByText('provisional', { exact: true })).toBeVisible();
  await expect(row(page, 'below.txt')).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Download listing' })).toBeDisabled();
  await expect(page.getByRole('button', { name: 'Edit text' })).toHaveCount(0);
  release();
  await whole(page);
  await expect(page.getByText('provisional', { exact: true })).toHaveCount(0);
  // The directory that was open stays open.
  await expect(row(page, 'below.txt')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Edit text' })).toBeVisible();
  await row(page, 'etc').click();
  await expect(row(page, 'old.conf')).toHaveCount(0);
});

test('a file of a layer waits for the layers above it', async ({ page, stack }) => {
  const maker = new Maker(stack.origin, 'at-once/above');
  const base = await maker.layer('etc/app.conf', 'of the base');
  const upper = await maker.layer('etc/app.conf', 'of the upper layer');
  await maker.image([base, upper], '1');
  const release = await hold(page, upper.layer.digest);
  await page.goto(`/${stack.own}/at-once/above:1/-/files/etc/app.conf`);
  await expect(page.getByText('opens as soon as layer 1, and those above it, are verified')).toBeVisible();
  await expect(row(page, 'app.conf')).toHaveClass(/provisional/);
  release();
  await expect(content(page)).toContainText('of the upper layer');
  await expect(row(page, 'app.conf')).not.toHaveClass(/provisional/);
});

test('entries of a layer appear while it still comes', async ({ page, stack }) => {
  const maker = new Maker(`http://${stack.faulty}`, 'at-once/half');
  const layer = await maker.layerOf([
    ...Array.from({ length: 40 }, (_, at) => ({ name: `first-${at}`, text: noise(20_000) })),
    ...Array.from({ length: 40 }, (_, at) => ({ name: `last-${at}`, text: noise(20_000) })),
  ]);
  await maker.image([layer], '1');
  await page.goto(`/${stack.faulty}/fault/half-layer/at-once/half:1/-/files`);
  await expect(row(page, 'first-1').first()).toBeVisible();
  await expect(row(page, 'last-39')).toHaveCount(0);
  await whole(page);
  await page.getByLabel('Filter the files by name').fill('last-39');
  await expect(row(page, 'last-39')).toBeVisible();
});

test('a layer that turns out wrong takes back what was shown of it', async ({ page, stack }) => {
  const maker = new Maker(`http://${stack.faulty}`, 'at-once/wrong');
  const files = Array.from({ length: 60 }, (_, at) => ({ name: `file-${at}`, text: noise(20_000) }));
  await maker.image([await maker.layerOf(files)], '1');
  await page.goto(`/${stack.faulty}/fault/wrong-half-layer/at-once/wrong:1/-/files`);
  await expect(row(page, 'file-1').first()).toBeVisible();
  await expect(page.getByText('A layer is not what the image says it is.').first()).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole('treeitem')).toHaveCount(0);
});

test.describe('a layer that was read before', () => {
  /** An image of one layer with a small file in the middle of much else; both opened once. */
  async function known(page: Page, origin: string, at: string, repository: string): Promise<string> {
    const maker = new Maker(origin, repository);
    const filling = (name: string) => Array.from({ length: 24 }, (_, n) => ({ name: `${name}-${n}`, text: noise(500_000) }));
    const layer = await maker.layerOf([...filling('a'), { name: 'middle.txt', text: 'in the middle' }, ...filling('z')]);
    await maker.image([layer], '1');
    await page.goto(`${at}/${repository}:1/-/files`);
    await whole(page);
    return layer.layer.digest;
  }

  test('is listed without a request, and one file is one range, also after a reload', async ({ page, stack }) => {
    const digest = await known(page, stack.origin, `/${stack.own}`, 'at-once/known');
    const requests = asked(page, digest);
    await page.reload();
    await whole(page);
    await expect(row(page, 'middle.txt')).toBeVisible();
    expect(requests).toHaveLength(0);
    await choose(page, 'middle.txt');
    await expect(content(page)).toContainText('in the middle');
    expect(requests).toHaveLength(1);
    const range = /^bytes=(\d+)-(\d+)$/.exec((await requests[0]?.allHeaders())?.['range'] ?? '');
    const bytes = Number(range?.[2]) - Number(range?.[1]) + 1;
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(6_000_000);
    await expect(page.locator('.filefacts')).toContainText('the same as when all of it was verified in this browser');
    await expect(page.locator('.filefacts .badge.verified')).toBeVisible();
  });

  test('is read as a whole where the registry gives no ranges', async ({ page, stack }) => {
    const own = `/${stack.faulty}/fault/no-range`;
    const digest = await known(page, `http://${stack.faulty}`, own, 'at-once/no-range');
    await page.reload();
    await choose(page, 'middle.txt');
    await expect(content(page)).toContainText('in the middle');
    await expect(page.locator('.filefacts .badge.verified')).toBeVisible();
    // That says nothing of what is remembered, which stays.
    await page.goto(`${own}/at-once/no-range:1/-/files`);
    await whole(page);
    const requests = asked(page, digest);
    await page.reload();
    await whole(page);
    expect(requests).toHaveLength(0);
  });

  test('is read again when what is remembered is damaged', async ({ page, stack }) => {
    const digest = await known(page, stack.origin, `/${stack.own}`, 'at-once/poisoned');
    const spoil = (part: string) =>
      page.evaluate(async (name) => {
        const root = await navigator.storage.getDirectory();
        const folder = await root.getDirectoryHandle('layers');
        const file = await folder.getFileHandle(name);
        const bytes = new Uint8Array(await (await file.getFile()).arrayBuffer());
        bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
        const out = await file.createWritable();
        await out.write(bytes);
        await out.close();
      }, `${digest.replace(':', '-')}.${part}`);
    await spoil('windows');
    await page.reload();
    await whole(page);
    await choose(page, 'middle.txt');
    await expect(content(page)).toContainText('in the middle');
    await page.goto(`/${stack.own}/at-once/poisoned:1/-/files`);
    await whole(page);
    await spoil('entries');
    const requests = asked(page, digest);
    await page.reload();
    await whole(page);
    expect(requests).toHaveLength(1);
    await choose(page, 'middle.txt');
    await expect(content(page)).toContainText('in the middle');
  });

  test('is forgotten when the user says so, and nothing is remembered where nothing may be', async ({ page, stack }) => {
    const digest = await known(page, stack.origin, `/${stack.own}`, 'at-once/forgotten');
    await page.goto('/-/drafts');
    const card = page.locator('#remembered');
    await expect(card).toContainText(/1 layer, [\d.]+ [kM]B/);
    await card.getByRole('button', { name: 'Forget all' }).click();
    await expect(card).toContainText('No layers yet');
    await card.getByLabel('Remember at most').selectOption({ label: 'nothing' });
    await expect(card).toContainText('Nothing is remembered');
    await page.goto(`/${stack.own}/at-once/forgotten:1/-/files`);
    await whole(page);
    const requests = asked(page, digest);
    await page.reload();
    await whole(page);
    expect(requests).toHaveLength(1);
    await page.goto('/-/drafts');
    await expect(card).toContainText('Nothing is remembered');
    await expect(card.getByLabel('Remember at most')).toHaveValue('0');
  });
});

test('a layer with a table of contents is listed by a few small requests, and is not called checked', async ({ page, stack }) => {
  type Found = { layers?: { digest: string; size: number }[]; manifests?: { digest: string }[] };
  const accept = ['manifest', 'index'].map((kind) => `application/vnd.oci.image.${kind}.v1+json`);
  accept.push('application/vnd.docker.distribution.manifest.v2+json');
  const document = async (name: string): Promise<Found> => {
    const url = `http://${stack.registry}/v2/lazy/manifests/${name}`;
    return (await (await fetch(url, { headers: { accept: accept.join(', ') } })).json()) as Found;
  };
  const root = await document('estargz');
  const manifest = root.manifests?.[0] ? await document(root.manifests[0].digest) : root;
  const layers = manifest.layers ?? [];
  const largest = layers.reduce((one, other) => (other.size > one.size ? other : one), { digest: '', size: 0 });
  const requests = asked(page, largest.digest);
  await page.goto(`/${stack.registry}/lazy:estargz/-/files/etc/debian_version`);
  await whole(page);
  const note = page.getByRole('note').filter({ hasText: 'listed by' });
  await expect(note).toContainText('eStargz');
  await expect(note).toContainText('not checked');
  await expect(content(page)).toContainText(/^1?\d/);
  const sizes = await Promise.all(
    requests.map(async (request) => {
      const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec((await request.allHeaders())['range'] ?? '') ?? [];
      return Number(last) - Number(first) + 1;
    }),
  );
  // Three for the list at most, and one for the file.
  expect(sizes.length).toBeLessThanOrEqual(4);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(largest.size * 0.03);
  await expect(page.locator('.filefacts')).toContainText('a list which nobody has compared with its layer');
  await expect(page.locator('.filefacts .badge.verified')).toHaveCount(0);
  await expect(row(page, 'debian_version')).toHaveClass(/listed/);
  // Nothing is made of what is only promised.
  await expect(page.getByRole('button', { name: 'Edit text' })).toHaveCount(0);
  await note.getByRole('button', { name: 'Read the layers' }).click();
  await whole(page);
  await expect(note).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Edit text' })).toBeVisible({ timeout: 60_000 });
  await expect(page.locator('.filefacts .badge.verified')).toBeVisible({ timeout: 60_000 });
});

/** A layer that the field's own tool made; `tests/data/lazy/README.md` says how. */
const real = (name: string) => readFileSync(new URL(`../../data/lazy/${name}`, import.meta.url));

/** Pushes an image of a layer with a table of contents; gives the layer's digest. */
const tables: Record<string, (maker: Maker) => Promise<{ digest: string; size: number }>> = {
  'zstd:chunked': async (maker) => {
    const manifest = JSON.parse(real('zstd-chunked.json').toString()) as { layers: { annotations: object }[] };
    const blob = await maker.blob(real('zstd-chunked.tar.zst'), LAYER.replace('gzip', 'zstd'));
    const layer = { ...blob, annotations: manifest.layers[0]?.annotations };
    // skopeo wrote the tar anew: it ends otherwise.
    const diffId = 'sha256:5768b6ecda265bc4f7576585f9d1f26e84bbf15bb57bf913e7b247c9c278b77a';
    await maker.image([{ layer, diffId }], '1');
    return blob;
  },
  SOCI: async (maker) => {
    await maker.blob('{}', 'application/json');
    await maker.blob(real('plain.ztoc'), 'application/octet-stream');
    const index = await maker.document(real('soci-index.json').toString(), MANIFEST);
    const layer = await maker.blob(real('plain.tar.gz'), LAYER);
    const manifest = { annotations: { 'com.amazon.soci.index-digest': index.digest } };
    await maker.image([{ layer, diffId: sha256(gunzipSync(real('plain.tar.gz'))) }], '1', { manifest });
    return layer;
  },
};

for (const [format, make] of Object.entries(tables)) {
  test(`a layer is listed by its table, and one file read by ranges: ${format}`, async ({ page, stack }) => {
    const maker = new Maker(stack.origin, `at-once/table-${format.replace(':', '-').toLowerCase()}`);
    const { digest } = await make(maker);
    const requests = asked(page, digest);
    await page.goto(`/${stack.own}/${maker.repository}:1/-/files/etc/conf-01`);
    await whole(page);
    const note = page.getByRole('note').filter({ hasText: 'listed by' });
    await expect(note).toContainText(format);
    await expect(content(page)).toBeVisible();
    await expect(page.locator('.filefacts')).toContainText('a list which nobody has compared with its layer');
    await expect(page.locator('.filefacts .badge.verified')).toHaveCount(0);
    // The table, where it is in the layer, and the file.
    expect(requests.length).toBeGreaterThan(0);
    expect(requests.length).toBeLessThanOrEqual(4);
    for (const request of requests) expect((await request.allHeaders())['range']).toMatch(/^bytes=\d+-\d+$/);
    await note.getByRole('button', { name: 'Read the layers' }).click();
    await whole(page);
    await expect(note).toHaveCount(0);
    await expect(page.locator('.filefacts .badge.verified')).toBeVisible({ timeout: 60_000 });
  });
}
