// What is loaded later: not before it is needed, once, and told when it can't be had.
import { Page } from '@playwright/test';
import { watch } from '../support/look';
import { expect, test } from '../support/stack';

/** The page's own files that were asked for, without the digests in their names. */
function asked(page: Page): string[] {
  const files: string[] = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith('/-/assets/')) files.push(pathname.slice('/-/assets/'.length).replace(/-[0-9a-f]{16}/, ''));
  });
  return files;
}

/** Only a page for users lies in parts; one for a look at home is in one piece. */
async function inParts(page: Page): Promise<boolean> {
  const html = await (await page.request.get('/')).text();
  return html.includes('name="drydock-image"');
}

test('the first page and an image load what they need, and editing comes with the editor', async ({ page, stack }) => {
  expect(await inParts(page), 'a page as `cargo xtask test` builds it, in parts').toBe(true);
  // The rest is fetched ahead after two seconds, which would hide who asked for it.
  await page.addInitScript(() => {
    const wait = window.setTimeout.bind(window);
    const unlessAhead = (work: () => void, time?: number) => (time === 2000 ? 0 : wait(work, time));
    window.setTimeout = unlessAhead as typeof window.setTimeout;
  });
  const files = asked(page);
  const problems = watch(page);
  await page.goto('/');
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.waitForLoadState('networkidle');
  const parts = () => files.filter((file) => /^app-(split|chunk)/.test(file));
  expect(parts().filter((file) => /split_(image|more|files|change)/.test(file))).toEqual([]);
  await page.goto(`/${stack.registry}/debian:demo`);
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready', { timeout: 60_000 });
  expect(parts()).toContain('app-split_image.wasm');
  expect(parts().filter((file) => /split_(more|files|change)/.test(file))).toEqual([]);
  await page.getByRole('link', { name: 'Edit', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Add edit' }).first()).toBeVisible({ timeout: 60_000 });
  expect(parts()).toContain('app-split_change.wasm');
  const twice = parts().filter((file, at, all) => file.startsWith('app-split_change') && all.indexOf(file) !== at);
  expect(twice).toEqual([]);
  expect(problems).toEqual([]);
});

test('a part that can not be had is told, and had once the server answers again', async ({ page, stack }) => {
  expect(await inParts(page), 'a page as `cargo xtask test` builds it, in parts').toBe(true);
  await page.route('**/app-split_files-*', (route) => route.abort());
  await page.goto(`/${stack.registry}/debian:demo`);
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready', { timeout: 60_000 });
  await page.getByRole('link', { name: 'Files', exact: true }).click();
  const panel = page.getByRole('alert').filter({ hasText: 'does not answer' });
  await expect(panel).toContainText('reload the page');
  await page.unroute('**/app-split_files-*');
  await panel.getByRole('button', { name: 'Retry' }).click();
  await expect(page.getByRole('tree')).toBeVisible({ timeout: 60_000 });
  await expect(panel).toBeHidden();
});

test('what lies over the page and can not be had is given up, and keys go on', async ({ page }) => {
  await page.route('**/app-split_more-*', (route) => route.abort());
  await page.goto('/');
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  await page.keyboard.press('Control+k');
  const panel = page.getByRole('alert').filter({ hasText: 'does not answer' });
  await panel.getByRole('button', { name: 'Discard' }).click();
  await expect(panel).toBeHidden();
  await page.unroute('**/app-split_more-*');
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('dialog')).toBeVisible({ timeout: 60_000 });
});
