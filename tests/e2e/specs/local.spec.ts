// Images from disk: archives that the field's own tools wrote, opened without any registry.
import { Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { differences, parseListing } from '../support/listing';
import { expect, test } from '../support/stack';
import { reportOf } from '../support/report';
import { inFolder, run, save } from '../support/tools';
import { treeOnDisk } from '../support/tree';

/** Opens a file or folder by the button of the first page. */
async function open(page: Page, path: string, kind: 'file' | 'folder' = 'file'): Promise<void> {
  await page.goto('/');
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  await page.getByLabel(`Choose ${kind}…`).last().setInputFiles(path);
  await page.waitForURL(/\/-\/local\//);
}

/** Nothing is asked of a registry. */
function registryRequests(page: Page): string[] {
  const asked: string[] = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith('/v2/') || pathname.startsWith('/-/proxy/')) asked.push(pathname);
  });
  return asked;
}

const forms: { what: string; write: (from: string, folder: string) => string; kind?: 'folder' }[] = [
  {
    what: 'a docker-save tar',
    write: (from, folder) => {
      const path = join(folder, 'saved.tar');
      save(from, `docker-archive:${path}:example.com/demo:1`);
      return path;
    },
  },
  {
    what: 'an OCI layout tar',
    write: (from, folder) => {
      const path = join(folder, 'layout.tar');
      save(from, `oci-archive:${path}:1`);
      return path;
    },
  },
  {
    what: 'an OCI layout tar, compressed as a whole',
    write: (from, folder) => {
      const path = join(folder, 'layout.tar');
      save(from, `oci-archive:${path}:1`);
      run('gzip', ['-1', path]);
      return `${path}.gz`;
    },
  },
  {
    what: 'an OCI layout folder',
    kind: 'folder',
    write: (from, folder) => {
      const path = join(folder, 'layout');
      save(from, `oci:${path}:1`);
      return path;
    },
  },
];

for (const { what, write, kind } of forms) {
  test(`opened from disk: ${what}`, async ({ page, stack }) => {
    const image = stack.images.find((one) => one.name === 'app-gzip');
    if (!image) throw new Error('there is no image app-gzip');
    await inFolder(async (folder) => {
      const path = write(`${stack.registry}/${image.repository}`, folder);
      const asked = registryRequests(page);
      await open(page, path, kind);
      await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
      const base = new URL(page.url()).pathname;
      await page.getByRole('link', { name: /^Files/ }).click();
      await expect(page.getByRole('tree')).toBeVisible({ timeout: 60_000 });
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Download listing' }).click(),
      ]);
      const listed = parseListing(readFileSync(await download.path(), 'utf8'));
      expect(differences(listed, treeOnDisk(image.rootfs)).slice(0, 20)).toEqual([]);
      await page.getByRole('link', { name: 'Verify', exact: true }).first().click();
      expect((await reportOf(page)).verdict).toBe('verified');
      expect(new URL(page.url()).pathname).toContain(base.split('/-/files')[0]);
      expect(asked.filter((path) => path.startsWith('/-/proxy/'))).toEqual([]);
    });
  });
}

test('several images in one archive are listed, and each opens', async ({ page, stack }) => {
  await inFolder(async (folder) => {
    const path = join(folder, 'layout');
    save(`${stack.registry}/debian:demo`, `oci:${path}:debian`);
    save(`${stack.registry}/whiteouts:1`, `oci:${path}:whiteouts`);
    await open(page, path, 'folder');
    await expect(page.getByRole('link', { name: 'debian' })).toBeVisible();
    await page.getByRole('link', { name: 'whiteouts' }).click();
    await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
    await expect(page).toHaveURL(/\/-\/local\/layout:whiteouts/);
  });
});

test('what is no archive is told, and a link to a file of another tab too', async ({ page }) => {
  await page.goto('/');
  const field = page.getByLabel('Choose file…').last();
  await field.setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') });
  await expect(page.locator('.panel.failed')).toContainText('no tar');
  await page.goto('/-/local/layout:1');
  await expect(page.locator('main')).toContainText('choose or drop it again');
});
