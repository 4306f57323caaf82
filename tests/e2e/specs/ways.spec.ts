// Ways through the page: from a verdict to what it is about, from a link to the same choices, out of
// dialogs and back; and that nothing is cut off or hidden on the way.
import type { Page } from '@playwright/test';
import { Maker, MANIFEST, sha256 } from '../support/made';
import { expect, test } from '../support/stack';

/** An image whose second layer is not what its config says. */
async function failing(origin: string, repository: string): Promise<void> {
  const maker = new Maker(origin, repository);
  const good = await maker.layer('a', 'a');
  const bad = await maker.layer('b', 'b');
  await maker.image([good, { ...bad, diffId: sha256('another') }], '1');
}

test('a verdict leads to the layers, which carry it', async ({ page, stack }) => {
  await failing(stack.origin, 'ways/failing');
  await page.goto(`/${stack.own}/ways/failing:1/-/verify`);
  await expect(page.locator('[data-verify]')).toHaveAttribute('data-verify', 'failed', { timeout: 60_000 });
  await page.locator('.board').getByRole('link', { name: 'layer 2' }).click();
  await expect(page).toHaveURL(/-\/layers\?layer=2/);
  await expect(page.locator('tr[aria-current]')).toContainText('failed');
  await expect(page.locator('.table.layers tbody tr:not(.space)').first()).toContainText('verified');
  await expect(page.getByText('does not match the diff ID')).toBeVisible();
  await page.getByRole('link', { name: 'what the verification found' }).click();
  await page.locator('.findings').getByRole('link', { name: 'layer 2' }).click();
  await expect(page).toHaveURL(/layer=2/);
});

test('the choices of the copy view are in its link', async ({ page, stack }) => {
  await failing(stack.origin, 'ways/copy');
  await page.goto(`/${stack.own}/ways/copy:1/-/copy`);
  await page.getByRole('checkbox', { name: /With signatures/ }).uncheck();
  await page.getByRole('radio', { name: /All tags of the repository/ }).check();
  await page.getByRole('radio', { name: /^Root file system/ }).check();
  await expect(page).toHaveURL(/what=tags/);
  await expect(page).toHaveURL(/referrers=no/);
  await expect(page).toHaveURL(/as=rootfs/);
  await page.goto(page.url());
  await expect(page.getByRole('checkbox', { name: /With signatures/ })).not.toBeChecked();
  await expect(page.getByRole('radio', { name: /All tags of the repository/ })).toBeChecked();
  await expect(page.getByRole('radio', { name: /^Root file system/ })).toBeChecked();
});

test('Back closes a dialog, and the focus is where one types', async ({ page, stack }) => {
  await failing(stack.origin, 'ways/dialogs');
  await page.goto(`/${stack.own}/ways/dialogs:1`);
  await page.getByRole('link', { name: /^Layers/ }).click();
  const layers = page.url();
  await page.getByRole('button', { name: 'Registries and logins' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.goBack();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  expect(page.url()).toBe(layers);
  // By the palette, and back to what had the focus.
  const button = page.getByRole('button', { name: 'All actions' });
  await button.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByRole('combobox').fill('Log in to a registry');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'Log in to a registry' }).getByLabel('Registry')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(button).toBeFocused();
});

async function tabThrough(page: Page, times: number): Promise<string[]> {
  const hidden: string[] = [];
  for (let at = 0; at < times; at += 1) {
    await page.keyboard.press('Tab');
    const under = await page.evaluate(() => {
      const it = document.activeElement;
      if (!it?.closest('main')) return '';
      const box = it.getBoundingClientRect();
      if (box.height > innerHeight / 2) return '';
      const bar = document.querySelector('.commandbar')?.getBoundingClientRect();
      const head = document.querySelector('.tabs')?.getBoundingClientRect();
      const low = bar && bar.height > 0 && box.bottom > bar.top + 1;
      const high = head && getComputedStyle(document.querySelector('.tabs')!).position === 'sticky' && box.top < head.bottom - 1;
      return low || high ? `${it.tagName} ${it.className} ${it.textContent?.slice(0, 30) ?? ''}` : '';
    });
    if (under) hidden.push(under);
  }
  return hidden;
}

test('the focus is never under a bar, and no digest is a stop that does nothing', async ({ page, stack }) => {
  const maker = new Maker(stack.origin, 'ways/focus');
  const layers = [];
  for (let at = 0; at < 24; at += 1) layers.push(await maker.layer(`file-${at}`, `text ${at}`));
  await maker.image(layers, '1');
  await page.setViewportSize({ width: 1280, height: 700 });
  for (const view of ['layers', 'verify']) {
    await page.goto(`/${stack.own}/ways/focus:1/-/${view}`);
    await expect(page.locator('html')).toHaveAttribute('data-state', 'ready', { timeout: 60_000 });
    await page.waitForTimeout(500);
    expect(await tabThrough(page, 60), view).toEqual([]);
    await expect(page.locator('.digest .value[tabindex]')).toHaveCount(0);
  }
});

test('at 768 tags are told apart and verdicts are whole', async ({ page, stack }) => {
  const maker = new Maker(stack.origin, 'ways/wide');
  const layer = await maker.layer('a', 'a');
  const tags = ['1.0.2-rc1-alpine3.20-amd64', '1.0.10-rc1-alpine3.20-amd64'];
  for (const tag of tags) await maker.image([layer], tag);
  await page.setViewportSize({ width: 768, height: 900 });
  await page.goto(`/${stack.own}/ways/wide:${tags[0]}/-/tags`);
  for (const tag of tags) {
    const name = page.locator('.taglist').getByRole('link', { name: tag, exact: true });
    await expect(name).toBeVisible();
    expect(await name.evaluate((it) => it.scrollWidth - it.clientWidth), tag).toBeLessThanOrEqual(0);
  }
  await page.goto(`/${stack.own}/ways/wide:${tags[0]}/-/verify`);
  await expect(page.locator('[data-verify]')).toHaveAttribute('data-verify', 'verified', { timeout: 60_000 });
  const badge = page.locator('.board .table .badge').first();
  const box = await badge.boundingBox();
  const card = await page.locator('.board').boundingBox();
  expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual((card?.x ?? 0) + (card?.width ?? 0));
});

test("a file of an artifact keeps its name, and a deleted directory leads to its layer", async ({ page, stack }) => {
  const maker = new Maker(stack.origin, 'ways/model');
  const title = 'org.opencontainers.image.title';
  const readme = { ...(await maker.blob('hello', 'text/plain')), annotations: { [title]: 'README.txt' } };
  const config = await maker.blob('{}', 'application/vnd.oci.empty.v1+json');
  const manifest = { schemaVersion: 2, mediaType: MANIFEST, artifactType: 'application/vnd.example.model', config, layers: [readme] };
  await maker.document(manifest, MANIFEST, '1');
  await page.goto(`/${stack.own}/ways/model:1`);
  await page.getByRole('link', { name: 'Open README.txt' }).click();
  await expect(page.getByRole('heading', { name: 'README.txt' })).toBeVisible();
  await expect(page.getByRole('navigation', { name: 'Blobs' })).toContainText('README.txt');
  await expect(page).toHaveTitle(/README\.txt/);
  await page.getByRole('link', { name: 'Verify' }).first().click();
  await expect(page.locator('.board')).toContainText('README.txt');
  await page.goto(`/${stack.own}/ways/model:1/-/layers`);
  await expect(page.locator('main').getByRole('link', { name: 'Overview' })).toBeVisible();

  const tree = new Maker(stack.origin, 'ways/gone');
  const base = await tree.layerOf([{ name: 'doc/' }, { name: 'doc/a', text: 'a' }, { name: 'etc/' }, { name: 'etc/b', text: 'b' }]);
  await tree.image([base, await tree.layerOf([{ name: '.wh.doc' }])], '1');
  await page.goto(`/${stack.own}/ways/gone:1/-/files/doc?status=added,changed,removed,same`);
  await page.getByRole('link', { name: 'Open it in layer 1, which has it' }).click();
  await expect(page).toHaveURL(/files\/doc\?layer=1/);
});
