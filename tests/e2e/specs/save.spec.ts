// Images become files, which the field's own tools read, and this page again.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { carryOut, plan } from '../support/editing';
import { differences } from '../support/listing';
import { watch } from '../support/look';
import { digestOf, openCopy, saveAs, withoutPicker } from '../support/moving';
import { expect, test } from '../support/stack';
import { entriesOf } from '../support/tar';
import { crane, inFolder, run, skopeo } from '../support/tools';
import { treeOnDisk } from '../support/tree';

interface Config {
  rootfs: { diff_ids: string[] };
}

/** Files that the page has left on the browser's disk. */
const leftovers = (page: import('@playwright/test').Page) =>
  page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('blobs', { create: true });
    const names: string[] = [];
    // The type of the iterator is in no library of types yet.
    for await (const name of (folder as unknown as { keys(): AsyncIterable<string> }).keys()) names.push(name);
    return names;
  });

test('an OCI layout, read by skopeo, dropped back and pushed: the digest stays', async ({ page, stack }) => {
  const problems = watch(page);
  await withoutPicker(page);
  await inFolder(async (folder) => {
    const source = `${stack.registry}/multi:1`;
    const tar = join(folder, 'multi.oci.tar');
    await openCopy(page, source);
    await page.getByLabel('Also put in').fill(`${stack.registry}/whiteouts:1`);
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await saveAs(page, /^OCI image layout/, tar);
    const said = JSON.parse(skopeo('inspect', '--raw', `oci-archive:${tar}:${source}`)) as { manifests: unknown[] };
    const raw = JSON.parse(crane('manifest', '--insecure', source)) as { manifests: unknown[] };
    expect(said.manifests).toEqual(raw.manifests);

    await page.goto('/');
    await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
    await page.getByLabel('Choose file…').last().setInputFiles(tar);
    await page.waitForURL(/\/-\/local\//);
    await page.getByRole('link', { name: /multi:1/ }).click();
    await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
    await page.getByRole('link', { name: 'Copy', exact: true }).click();
    const target = `${stack.own}/back/multi:1`;
    await plan(page, target, 'Copy');
    await carryOut(page, 'Copy');
    expect(digestOf(target)).toBe(digestOf(source));
  });
  expect(problems).toEqual([]);
});

test('a layout of one image is found by its tag, and by umoci', async ({ page, stack }) => {
  await withoutPicker(page);
  await inFolder(async (folder) => {
    const source = `${stack.registry}/app:gzip`;
    const tar = join(folder, 'app.tar');
    const layout = join(folder, 'app');
    await openCopy(page, source);
    await page.getByLabel(/^With signatures/).uncheck();
    await saveAs(page, /^OCI image layout/, tar);
    const raw = skopeo('inspect', '--raw', `oci-archive:${tar}:gzip`);
    expect(JSON.parse(raw)).toEqual(JSON.parse(crane('manifest', '--insecure', source)));
    run('mkdir', [layout]);
    run('tar', ['-xf', tar, '-C', layout]);
    expect(run('umoci', ['ls', '--layout', layout]).trim()).toBe('gzip');
  });
});

test('docker save, as skopeo reads it', async ({ page, stack }) => {
  await withoutPicker(page);
  await inFolder(async (folder) => {
    const source = `${stack.registry}/multi:1`;
    const tar = join(folder, 'multi.docker.tar');
    await openCopy(page, source, '?platform=linux%2Farm64');
    await saveAs(page, /^docker save/, tar);
    const saved = JSON.parse(skopeo('inspect', '--config', `docker-archive:${tar}:${source}`)) as Config;
    const config = crane('config', '--insecure', '--platform', 'linux/arm64', source);
    expect(saved.rootfs.diff_ids).toEqual((JSON.parse(config) as Config).rootfs.diff_ids);
    const manifest = JSON.parse(run('tar', ['-xOf', tar, 'manifest.json'])) as { RepoTags: string[] }[];
    expect(manifest[0]?.RepoTags).toEqual([source]);
  });
});

for (const name of ['app-zstd', 'whiteouts']) {
  test(`the root file system is the tree that umoci unpacks: ${name}`, async ({ page, stack }) => {
    const image = stack.images.find((one) => one.name === name);
    if (!image) throw new Error(`there is no image ${name}`);
    await withoutPicker(page);
    await inFolder(async (folder) => {
      const tar = join(folder, 'rootfs.tar');
      await openCopy(page, `${stack.registry}/${image.repository}`);
      await saveAs(page, /^Root file system/, tar);
      const entries = entriesOf(tar);
      expect(differences(entries, treeOnDisk(image.rootfs)).slice(0, 20)).toEqual([]);
      // Parents come before what is in them, and files before the links to them.
      const seen = new Set<string>();
      for (const entry of entries) {
        const parent = entry.path.includes('/') ? entry.path.slice(0, entry.path.lastIndexOf('/')) : undefined;
        if (parent !== undefined) expect(seen, `${entry.path} before its parent`).toContain(parent);
        if (entry.type === 'hardlink') expect(seen).toContain(entry.link);
        seen.add(entry.path);
      }
    });
  });
}

test('into a file that was chosen, and nothing is left in the browser', async ({ page, stack }) => {
  await page.addInitScript(() => {
    // A file of the browser's own disk stands for the one that somebody would choose.
    const choose = async ({ suggestedName }: { suggestedName: string }) => {
      const root = await navigator.storage.getDirectory();
      return root.getFileHandle(suggestedName, { create: true });
    };
    Object.defineProperty(window, 'showSaveFilePicker', { value: choose });
  });
  await inFolder(async (folder) => {
    for (const [form, name] of [
      [/^OCI image layout/, 'hello-latest.oci.tar'],
      [/^Root file system/, 'hello-latest-linux-amd64.rootfs.tar'],
    ] as const) {
      await openCopy(page, `${stack.own}/sample/hello:latest`, '?platform=linux%2Famd64');
      await page.getByLabel(form).check();
      await page.getByRole('button', { name: 'Work out the size' }).click();
      await page.getByRole('button', { name: /^Save \d/ }).click();
      await expect(page.locator('.saving .panel.verified')).toContainText(name, { timeout: 60_000 });
      await expect.poll(() => leftovers(page)).toEqual([]);
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.evaluate(async (name) => {
          const root = await navigator.storage.getDirectory();
          const file = await (await root.getFileHandle(name)).getFile();
          const link = document.createElement('a');
          link.href = URL.createObjectURL(file);
          link.download = name;
          link.click();
        }, name),
      ]);
      await download.saveAs(join(folder, name));
    }
    const raw = skopeo('inspect', '--raw', `oci-archive:${join(folder, 'hello-latest.oci.tar')}:latest`);
    expect(JSON.parse(raw)).toEqual(JSON.parse(crane('manifest', '--insecure', `localhost:${stack.own.split(':')[1]}/sample/hello:latest`)));
    const tree = entriesOf(join(folder, 'hello-latest-linux-amd64.rootfs.tar')).map((entry) => entry.path);
    expect(tree).toContain('etc/os-release');
    expect(readFileSync(join(folder, 'hello-latest.oci.tar')).length % 512).toBe(0);
  });
});

test('who thinks better of it saves nothing', async ({ page, stack }) => {
  await page.addInitScript(() => {
    const refuse = () => Promise.reject(new DOMException('The user aborted a request.', 'AbortError'));
    Object.defineProperty(window, 'showSaveFilePicker', { value: refuse });
  });
  await openCopy(page, `${stack.own}/sample/hello:latest`);
  await page.getByRole('button', { name: 'Work out the size' }).click();
  await page.getByRole('button', { name: /^Save \d/ }).click();
  await page.waitForTimeout(500);
  await expect(page.getByRole('button', { name: /^Save \d/ })).toBeVisible();
  await expect(page.locator('.saving .panel')).toHaveCount(0);
});
