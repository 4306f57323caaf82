// Browsers that can less than Chromium: what the page does without it.
import { join } from 'node:path';
import { form, newDigest, openEditor, submit } from '../support/editing';
import { verify } from '../support/report';
import { expect, test } from '../support/stack';
import { inFolder, run } from '../support/tools';

test('streams that cannot be read into memory of ours are read nevertheless', async ({ page, stack }) => {
  const without = 'delete globalThis.ReadableStreamBYOBReader;';
  await page.addInitScript(without);
  let workers = 0;
  await page.route('**/worker_start.js', async (route) => {
    const response = await route.fetch();
    workers += 1;
    await route.fulfill({ response, body: `${without}
${await response.text()}` });
  });
  const report = await verify(page, `${stack.registry}/debian:demo`);
  expect(report.verdict).toBe('verified');
  expect(await page.evaluate(() => 'ReadableStreamBYOBReader' in globalThis)).toBe(false);
  expect(workers).toBeGreaterThan(0);
  await inFolder(async (folder) => {
    const file = join(folder, 'large.bin');
    run('sh', ['-c', `head -c 3000000 /dev/urandom > ${file}`]);
    await openEditor(page, `${stack.registry}/whiteouts:1`);
    const files = await form(page, 'Add files');
    await files.locator('input[type=file]').first().setInputFiles(file);
    await submit(page);
    expect(await newDigest(page)).toMatch(/^sha256:/);
  });
});

test('a large layer is read where a worker can have no worker of its own', async ({ page, stack }) => {
  let asked = 0;
  await page.route('**/worker_start.js', async (route) => {
    const response = await route.fetch();
    asked += 1;
    await route.fulfill({ response, body: `delete globalThis.Worker;\n${await response.text()}` });
  });
  const report = await verify(page, `${stack.registry}/debian:demo`);
  expect(report.verdict).toBe('verified');
  expect(Math.max(...report.blobs.map((blob) => blob.size))).toBeGreaterThan(16 << 20);
  expect(asked).toBeGreaterThan(0);
});
