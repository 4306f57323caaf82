// No room left, in the registry or in the browser: it is said, and nothing is lost.
import { Page } from '@playwright/test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { carryOut, form, newDigest, openEditor, plan, submit } from '../support/editing';
import { digestOf, judged } from '../support/moving';
import { freePort } from '../support/process';
import { dockerRegistry, drydock, expect, test } from '../support/stack';
import { inFolder, run, skopeo } from '../support/tools';

/** Chooses a file of random bytes for a new layer; the form stays open. */
async function choose(page: Page, folder: string, megabytes: number): Promise<void> {
  const file = join(folder, 'large.bin');
  run('sh', ['-c', `head -c ${megabytes}000000 /dev/urandom > ${file}`]);
  const files = await form(page, 'Add files');
  await files.locator('input[type=file]').first().setInputFiles(file);
}

test('a registry with a full disk says so, keeps its tag, and takes the push when it has room', async ({ page, stack }) => {
  await inFolder(async (folder) => {
    const [own, port] = [await freePort(), await freePort()];
    mkdirSync(join(folder, 'registry'));
    // A limit for files (in blocks of 512 bytes) fails a write as a full disk does.
    const cramped = join(folder, 'cramped-registry');
    writeFileSync(cramped, '#!/bin/sh\nulimit -f 20000\nexec docker-registry "$@"\n', { mode: 0o755 });
    let registry = await dockerRegistry(folder, port, folder, cramped);
    const server = await drydock(own, join(folder, 'scratch'), [port]);
    try {
      const image = `localhost:${port}/app:1`;
      skopeo(
        'copy', '--src-tls-verify=false', '--dest-tls-verify=false',
        `docker://${stack.registry}/whiteouts:1`, `docker://${judged(image)}`,
      );
      const before = digestOf(image);
      await openEditor(page, image, `http://127.0.0.1:${own}`);
      await choose(page, folder, 24);
      await submit(page);
      const digest = await newDigest(page);
      await plan(page, image);
      const card = page.getByRole('region', { name: 'Push plan' });
      await card.getByRole('button', { name: /^Push/ }).click();
      const problem = card.getByRole('alert');
      await expect(problem).toBeVisible({ timeout: 60_000 });
      // It answers and closes the connection while bytes still come; at times that takes the answer along.
      await expect(problem).toContainText(/(The server failed during|No answer for) the upload of sha256:/);
      expect(digestOf(image)).toBe(before);

      await registry.stop();
      registry = await dockerRegistry(folder, port, folder);
      await problem.getByRole('button', { name: 'Retry' }).click();
      await carryOut(page);
      expect(digestOf(image)).toBe(digest);
    } finally {
      await Promise.all([registry.stop(), server.stop()]);
    }
  });
});

test('a browser without room says so, and goes on when it has some', async ({ page, stack }) => {
  await inFolder(async (folder) => {
    await openEditor(page, `${stack.registry}/whiteouts:1`);
    const storage = await page.context().newCDPSession(page);
    const room = (quotaSize?: number) =>
      storage.send('Storage.overrideQuotaForOrigin', { origin: stack.origin, quotaSize });
    await room(4_000_000);
    await choose(page, folder, 24);
    await page.getByRole('dialog').getByRole('button', { name: 'Add edit' }).click();
    const problem = page.getByRole('alert');
    await expect(problem).toContainText('The browser has no more room for this page.');
    // What was asked for meanwhile waits for its turn.
    const entrypoint = await form(page, 'Entrypoint');
    await entrypoint.getByRole('textbox').first().fill('/large.bin');
    await submit(page);
    await expect(page.locator('.edits')).not.toContainText('large.bin');

    await room();
    await problem.getByRole('button', { name: 'Retry' }).click();
    await expect(problem).toHaveCount(0);
    await newDigest(page);
    const edits = page.locator('.edit-row');
    await expect(edits).toHaveCount(2);
    await expect(edits.first()).toContainText('large.bin');
    await expect(edits.last()).toContainText('Set entrypoint');
  });
});

test('a text that finds no room stays in its field, and what went wrong is in sight', async ({ page, stack }) => {
  await page.setViewportSize({ width: 1280, height: 640 });
  await page.goto(`/${stack.registry}/debian:demo/-/files/usr/lib/os-release`);
  await page.getByRole('button', { name: 'Edit text' }).click();
  const area = page.getByLabel('Text of the file');
  const changed = (await area.inputValue()).replace('bookworm', 'drydock');
  await area.fill(changed);
  await expect(page.locator('.editor .diff')).toBeVisible();
  const storage = await page.context().newCDPSession(page);
  await storage.send('Storage.overrideQuotaForOrigin', { origin: stack.origin, quotaSize: 100 });
  const put = page.getByRole('button', { name: 'Put it into the draft' });
  await put.click();
  const problem = page.getByRole('alert');
  await expect(problem).toContainText('The browser has no more room for this page.');
  await expect(problem).toBeInViewport();
  await expect(area).toHaveValue(changed);
  await storage.send('Storage.overrideQuotaForOrigin', { origin: stack.origin });
  await put.click();
  await expect(page.getByRole('link', { name: /See what becomes of it/ })).toBeVisible();
});
