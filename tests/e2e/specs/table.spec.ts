// A draft is an image like any other: it can be copied, saved and edited, whatever it is made on. What lies
// on the browser's disk is used only while it is what its name says.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { carryOut, form, newDigest, openEditor, plan, submit } from '../support/editing';
import { watch } from '../support/look';
import { digestOf, judged, saveAs, tagsOf, withoutPicker } from '../support/moving';
import { expect, test } from '../support/stack';
import { crane, inFolder, run, save, skopeo } from '../support/tools';

/** Begins a draft on an image, whose layers stay where they are or become one; the draft as an image. */
async function draftOn(page: Page, address: string, entrypoint = ''): Promise<{ digest: string; draft: string }> {
  await openEditor(page, address);
  const fact = page.locator('.becomes dd').first();
  const before = (await fact.textContent()) ?? '';
  if (!entrypoint) {
    await form(page, 'Flatten');
  } else {
    const entry = await form(page, 'Entrypoint');
    await entry.getByRole('textbox').first().fill(entrypoint);
  }
  await submit(page);
  // What became of the edits before stays until the new ones are applied.
  await expect(fact).not.toHaveText(before, { timeout: 60_000 });
  const digest = await newDigest(page);
  const link = page.getByRole('link', { name: /as an image/ }).first();
  const href = (await link.getAttribute('href')) ?? '';
  return { digest, draft: href.replace(/^\//, '').replace(/\/-\/[a-z]+$/, '') };
}

async function openTab(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name, exact: true }).click();
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready', { timeout: 60_000 });
}

/** Copies and saves the draft that is open as an image in every way, and judges what comes of it. */
async function everySink(page: Page, digest: string, target: string, folder: string): Promise<void> {
  await openTab(page, 'Copy');
  await plan(page, target, 'Copy');
  await carryOut(page, 'Copy');
  expect(digestOf(target)).toBe(digest);
  crane('validate', '--insecure', '--remote', judged(target));
  const oci = join(folder, 'draft.oci.tar');
  await saveAs(page, /^OCI image layout/, oci);
  expect(run('tar', ['-xOf', oci, 'index.json'])).toContain(digest);
  skopeo('inspect', '--raw', `oci-archive:${oci}`);
  const docker = join(folder, 'draft.docker.tar');
  await saveAs(page, /^docker save/, docker);
  skopeo('inspect', '--config', `docker-archive:${docker}`);
  const files = join(folder, 'draft.rootfs.tar');
  await saveAs(page, /^Root file system/, files);
  expect(run('tar', ['-tf', files]).length).toBeGreaterThan(0);
}

test('a draft on an image of a registry goes everywhere, and nothing is said to refer to it', async ({ page, stack }) => {
  const problems = watch(page);
  await withoutPicker(page);
  await inFolder(async (folder) => {
    const { digest, draft } = await draftOn(page, `${stack.registry}/whiteouts:1`, '/bin/one');
    await page.goto(`/${draft}/-/graph`);
    await expect(page.locator('html')).toHaveAttribute('data-state', 'ready', { timeout: 60_000 });
    await expect(page.locator('main')).not.toContainText(/[1-9]\d* referrer/);
    await everySink(page, digest, `${stack.own}/table/registry:1`, folder);

    // And again as the base of another draft.
    const again = await draftOn(page, draft, '/bin/two');
    await page.goto(`/${again.draft}`);
    await expect(page.locator('html')).toHaveAttribute('data-state', 'ready', { timeout: 60_000 });
    await everySink(page, again.digest, `${stack.own}/table/again:1`, folder);
  });
  expect(problems).toEqual([]);
});

test('a draft on an archive goes everywhere', async ({ page, stack }) => {
  await withoutPicker(page);
  await inFolder(async (folder) => {
    const tar = join(folder, 'app.tar');
    save(`${stack.registry}/whiteouts:1`, `docker-archive:${tar}:app:1`);
    expect(existsSync(tar)).toBe(true);
    await page.goto('/');
    await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
    await page.getByLabel('Choose file…').last().setInputFiles(tar);
    await page.waitForURL(/\/-\/local\//);
    const image = page.getByRole('link', { name: /app:1/ });
    if (await image.count()) await image.first().click();
    await expect(page.locator('html')).toHaveAttribute('data-state', 'ready', { timeout: 60_000 });
    await openTab(page, 'Edit');
    await form(page, 'Flatten');
    await submit(page);
    const digest = await newDigest(page);
    await page.getByRole('link', { name: /as an image/ }).first().click();
    await expect(page).toHaveURL(/\/-\/draft\//);
    await everySink(page, digest, `${stack.own}/table/archive:1`, folder);
  });
});

/** Writes other bytes under the names of all blobs that the page keeps. */
const poison = (page: Page) =>
  page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('blobs', { create: true });
    const names: string[] = [];
    for await (const name of (folder as unknown as { keys(): AsyncIterable<string> }).keys()) names.push(name);
    for (const name of names) {
      const file = await folder.getFileHandle(name);
      const { size } = await file.getFile();
      const stream = await file.createWritable();
      await stream.write(new Uint8Array(size).fill(120));
      await stream.close();
    }
    return names;
  });

test('what was written over on the browser’s disk goes nowhere', async ({ page, stack }) => {
  const { draft } = await draftOn(page, `${stack.registry}/whiteouts:1`);
  const target = `${stack.own}/table/poisoned:1`;
  expect((await poison(page)).length).toBeGreaterThan(0);
  await page.goto(`/${draft}/-/copy`);
  await plan(page, target, 'Copy');
  const card = page.getByRole('region', { name: 'Copy plan' });
  await card.getByRole('button', { name: /^Copy/ }).click();
  await expect(card.locator('.panel.failed')).toBeVisible({ timeout: 60_000 });
  await expect(card.locator('.panel.failed')).toContainText('disk');
  expect(tagsOf(`${stack.own}/table/poisoned`)).toEqual([]);
});

test('a copy takes a layer from the registry when other bytes lie under its name', async ({ page, stack }) => {
  const source = `${stack.registry}/whiteouts:1`;
  const manifest = JSON.parse(crane('manifest', '--insecure', source)) as { layers: { digest: string; size: number }[] };
  await page.goto(`/${source}/-/copy`);
  await page.evaluate(async (layers) => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('blobs', { create: true });
    for (const { digest, size } of layers) {
      const file = await folder.getFileHandle(digest.replace(':', '-'), { create: true });
      const stream = await file.createWritable();
      await stream.write(new Uint8Array(size).fill(120));
      await stream.close();
    }
  }, manifest.layers);
  const target = `${stack.own}/table/clean:1`;
  await plan(page, target, 'Copy');
  await carryOut(page, 'Copy');
  crane('validate', '--insecure', '--remote', judged(target));
});

test('an image becomes a folder where the browser can write one', async ({ page, stack }) => {
  const source = `${stack.registry}/multi:1`;
  // The window for choosing a folder can't be worked by a test; the browser's own disk stands in for it.
  await page.addInitScript(() => {
    Object.defineProperty(window, 'showDirectoryPicker', {
      value: async () => (await navigator.storage.getDirectory()).getDirectoryHandle('picked', { create: true }),
    });
  });
  await page.goto(`/${source}/-/copy`);
  await page.getByLabel(/^Folder with an OCI image layout/).check();
  await page.getByRole('button', { name: 'Work out the size' }).click();
  await page.getByRole('button', { name: /^Save \d/ }).click({ timeout: 60_000 });
  await expect(page.locator('.saving .panel.verified')).toBeVisible({ timeout: 60_000 });
  const files = await page.evaluate(async () => {
    type Folder = FileSystemDirectoryHandle & { entries(): AsyncIterable<[string, FileSystemHandle]> };
    const found: Record<string, string> = {};
    const walk = async (folder: FileSystemDirectoryHandle, path: string) => {
      for await (const [name, handle] of (folder as Folder).entries()) {
        if (handle.kind === 'directory') {
          await walk(handle as FileSystemDirectoryHandle, `${path}${name}/`);
          continue;
        }
        const bytes = await (await (handle as FileSystemFileHandle).getFile()).arrayBuffer();
        const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
        found[path + name] = [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      }
    };
    await walk(await (await navigator.storage.getDirectory()).getDirectoryHandle('picked'), '');
    return found;
  });
  const paths = Object.keys(files);
  expect(paths).toContain('multi-1.oci/oci-layout');
  expect(paths).toContain('multi-1.oci/index.json');
  const blobs = paths.filter((path) => path.includes('/blobs/sha256/'));
  expect(blobs.map((path) => path.slice(path.lastIndexOf('/') + 1)).sort()).toEqual(
    blobs.map((path) => files[path]).sort(),
  );
  expect(blobs.join()).toContain(digestOf(source).replace('sha256:', ''));
});

test('an image becomes what old Docker took', async ({ page, stack }) => {
  await withoutPicker(page);
  await inFolder(async (folder) => {
    const source = `${stack.registry}/app:zstd`;
    const tar = join(folder, 'old.tar');
    await page.goto(`/${source}/-/copy`);
    await saveAs(page, /^Old docker save/, tar);
    crane('validate', '--tarball', tar);
    const saved = JSON.parse(skopeo('inspect', '--config', `docker-archive:${tar}`)) as { rootfs: unknown };
    const config = JSON.parse(crane('config', '--insecure', source)) as { rootfs: unknown };
    expect(saved.rootfs).toEqual(config.rootfs);
    expect(run('tar', ['-xOf', tar, 'repositories'])).toContain('zstd');
  });
});
