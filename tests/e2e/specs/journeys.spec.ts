// The journeys of a reader, by mouse and by keyboard.
import { expectNoSidewaysScroll, watch, watchWidth } from '../support/look';
import { reportOf } from '../support/report';
import { expect, test } from '../support/stack';

const ready = (page: import('@playwright/test').Page) =>
  expect(page.locator('html')).toHaveAttribute('data-state', 'ready', { timeout: 60_000 });

test('from a pasted command to a file, and back', async ({ page, stack }) => {
  const problems = watch(page);
  await page.goto('/');
  await ready(page);
  const field = page.getByRole('textbox').last();
  await field.fill(`docker pull ${stack.registry}/debian:demo`);
  await field.press('Enter');
  await ready(page);
  await expect(page).toHaveURL(new RegExp(`/${stack.registry}/debian:demo$`));
  await page.getByRole('link', { name: /^Files/ }).click();
  const tree = page.getByRole('tree');
  await expect(tree).toBeVisible({ timeout: 60_000 });
  await page.getByLabel('Filter the files by name').fill('etc/os-release');
  await tree.getByText('os-release', { exact: true }).first().click();
  await expect(page).toHaveURL(/\/-\/files\/etc\/os-release/);
  await page.goBack();
  await expect(page).toHaveURL(/\/-\/files\?q=/);
  await page.goForward();
  await expect(page).toHaveURL(/\/-\/files\/etc\/os-release/);
  expect(problems).toEqual([]);
});

test('a link to a file shows its content, read and compared in this tab', async ({ page, stack }) => {
  await page.goto(`/${stack.registry}/debian:demo/-/files/usr/lib/os-release`);
  await expect(page.locator('.document')).toContainText('Debian GNU/Linux 12 (bookworm)', { timeout: 60_000 });
  // Only as much of this layer was read as the file needed, and compared with what was verified before.
  await expect(page.getByTitle(/the same as when all of it was verified/)).toContainText('verified');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download', exact: true }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('os-release');
});

test('a file of a small layer is shown with its layer verified', async ({ page, stack }) => {
  await page.goto(`/${stack.own}/sample/hello:latest/-/files/etc/os-release`);
  await expect(page.locator('.document')).toBeVisible();
  await expect(page.getByTitle('the whole layer was read and matches its digest')).toContainText('verified');
});

test('what is no text is shown as hex', async ({ page, stack }) => {
  await page.goto(`/${stack.registry}/debian:demo/-/files/usr/bin/true`);
  await expect(page.locator('.document')).toContainText('7f 45 4c 46', { timeout: 60_000 });
});

test('what a layer added, changed and removed', async ({ page, stack }) => {
  await page.goto(`/${stack.registry}/whiteouts:1/-/files?layer=2&show=changes`);
  const tree = page.getByRole('tree');
  await expect(tree.locator('.treerow.removed').first()).toBeVisible({ timeout: 60_000 });
  await expect(tree.locator('.treerow.removed')).toContainText(['deep', 'c']);
  await page.getByLabel('removed').uncheck();
  await expect(tree.locator('.treerow.removed')).toHaveCount(0);
});

test('every view of the sample image by its link', async ({ page, stack }) => {
  const problems = watch(page);
  await watchWidth(page);
  const base = `/${stack.own}/sample/hello:latest`;
  for (const view of ['', '/-/layers', '/-/space', '/-/files', '/-/packages', '/-/graph', '/-/graph?form=outline', '/-/documents', '/-/tags', '/-/verify', '/-/copy']) {
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(base + view);
      await ready(page);
      if (view === '/-/verify') await reportOf(page);
      await expectNoSidewaysScroll(page);
    }
  }
  // Slow enough for all that a transfer says of itself to be shown: bytes, rate, time left.
  await page.goto(`/${stack.faulty}/fault/slow-layer/sample/hello:latest/-/verify`);
  await reportOf(page);
  await expectNoSidewaysScroll(page);
  expect(problems).toEqual([]);
});

test('the platform of the address is the one that is shown', async ({ page, stack }) => {
  await page.goto(`/${stack.registry}/multi:1?platform=linux%2Farm64`);
  await ready(page);
  const picker = page.locator('.identity select');
  await expect(picker).toHaveValue(/linux\/arm64/);
  await expect(picker.locator('option')).not.toContainText(['unknown']);
  await picker.selectOption({ label: await picker.locator('option').first().innerText() });
  await expect(page).toHaveURL(/platform=linux/);
});

test('share copies a link with the digest', async ({ page, stack, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`/${stack.own}/sample/hello:latest`);
  await ready(page);
  await page.getByRole('button', { name: 'Share' }).click();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toMatch(/\/sample\/hello@sha256:[0-9a-f]{64}$/);
  await page.goto(link);
  await ready(page);
});

test('by keyboard alone', async ({ page, stack }) => {
  await page.goto(`/${stack.own}/sample/hello:latest`);
  await ready(page);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toContainText('Keys');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.keyboard.press('g');
  await page.keyboard.press('f');
  await expect(page).toHaveURL(/\/-\/files/);
  const tree = page.getByRole('tree');
  await expect(tree.getByRole('treeitem').first()).toBeVisible();
  await tree.focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  await expect(tree.locator('[aria-expanded=true]').first()).toBeVisible();
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('dialog')).toBeVisible();
});

test('short and encoded addresses become canonical', async ({ page, stack }) => {
  await page.goto(`/${stack.own.replace(':', '%3A')}/sample/hello%3Alatest/`);
  await ready(page);
  await expect(page).toHaveURL(`${stack.origin}/${stack.own}/sample/hello:latest`);
});

test('documents are shown byte for byte, digests lead on', async ({ page, stack }) => {
  await page.goto(`/${stack.own}/sample/hello:latest/-/documents`);
  await ready(page);
  const digest = page.locator('.document a').first();
  await expect(digest).toBeVisible();
  await digest.click();
  await expect(page).toHaveURL(/\/-\/documents\/sha256:/);
});

test('tags of the repository', async ({ page, stack }) => {
  await page.goto(`/${stack.own}/sample/hello:latest/-/tags`);
  await ready(page);
  await expect(page.locator('.taglist')).toContainText('1.0');
});
