// What weighs in an image, and what of it is for nothing.
import { execFileSync } from 'node:child_process';
import type { Page } from '@playwright/test';
import { watch } from '../support/look';
import { Maker } from '../support/made';
import { expect, test } from '../support/stack';

const card = (page: Page, title: string) => page.locator('section.card').filter({ has: page.getByRole('heading', { name: title, exact: true }) });

/** A base, and a layer that deletes, writes anew and writes the same once more. */
async function made(origin: string): Promise<void> {
  const maker = new Maker(origin, 'space/app');
  const text = (length: number, of = 'x') => of.repeat(length);
  const base = await maker.layerOf([
    { name: 'var/' },
    { name: 'var/cache/big.bin', text: text(60_000) },
    { name: 'var/cache/small.bin', text: text(10_000) },
    { name: 'etc/app.conf', text: text(4_000) },
    { name: 'usr/bin/app', text: text(30_000, 'y') },
    { name: 'usr/share/app', text: text(30_000, 'y') },
  ]);
  const upper = await maker.layerOf([
    { name: 'var/.wh.cache' },
    { name: 'etc/app.conf', text: text(5_000) },
    { name: 'usr/bin/app', text: text(30_000, 'y') },
  ]);
  const history = [{ created_by: 'COPY . /' }, { created_by: 'RUN rm -rf /var/cache' }];
  await maker.image([base, upper], '1', { config: { history } });
}

test('wasted bytes are named with the step that would save them', async ({ page, stack }) => {
  const problems = watch(page);
  await made(stack.origin);
  await page.goto(`/${stack.own}/space/app:1`);
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  // By keyboard.
  await page.keyboard.press('g');
  await page.keyboard.press('s');
  await expect(page).toHaveURL(/\/-\/space$/);
  const wasted = card(page, 'Bytes that no one can see');
  const rows = wasted.locator('.waste');
  await expect(rows).toHaveCount(2);
  await expect(rows.nth(0)).toContainText('Layer 2 deletes 70.0 kB (2 files) that layer 1 added: do both in one step.');
  await expect(rows.nth(0)).toContainText('RUN rm -rf /var/cache');
  await expect(rows.nth(1)).toContainText('Layer 2 writes 2 files anew that layer 1 holds with 34.0 kB');
  await expect(wasted).toContainText('As dive counts');
  // Where it was.
  await rows.nth(0).getByRole('link', { name: '/var/cache/big.bin' }).click();
  await expect(page).toHaveURL(/\/-\/files\/var\/cache\/big\.bin\?layer=1$/);
  await expect(page.locator('.pane .document')).toContainText('xxxx');
  await page.goBack();

  const map = page.getByRole('navigation', { name: 'Folders by size' });
  await expect(map.getByRole('link', { name: /^\/var\/cache\/big\.bin, 60\.0 kB · wasted, most of it in layer 1$/ })).toBeVisible();
  await expect(card(page, 'Largest files').getByRole('listitem').first()).toContainText('/usr/bin/app');
  // What was not looked for is not called absent.
  const twice = card(page, 'The same content twice');
  await expect(twice).toContainText('not known');
  await twice.getByRole('button', { name: 'Compare contents' }).click();
  await expect(twice.locator('header')).toContainText('30.0 kB more than one copy of each would take');
  await expect(twice.locator('.waste')).toContainText('2 files of 30.0 kB');
  await expect(twice.getByRole('link')).toHaveText(['/usr/bin/app', '/usr/share/app']);
  // Nor what was only looked at by name and size called another content.
  await expect(rows.nth(2)).toContainText('writes');
  await expect(rows).toHaveCount(3);
  await map.getByRole('link', { name: /^\/usr\/bin/ }).first().focus();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/-\/files\/usr\/bin/);
  expect(problems).toEqual([]);
});

test('the shell says the same', async ({ page, stack }) => {
  await made(stack.origin);
  const printed = execFileSync(process.env.DRYDOCK_BIN ?? '', ['waste', '--json', `${stack.own}/space/app:1`], { encoding: 'utf8' });
  const space = JSON.parse(printed) as { wastedBytes: number; bytes: number; waste: { advice: string; how: string }[]; duplicates: { files: number }[] };
  expect([space.bytes, space.wastedBytes]).toEqual([169_000, 104_000]);
  await page.goto(`/${stack.own}/space/app:1/-/space`);
  const wasted = card(page, 'Bytes that no one can see');
  await expect(wasted.locator('header')).toContainText('104 kB · 61.5 %');
  await expect(wasted.locator('.waste').first()).toContainText(space.waste[0]?.advice ?? 'nothing');
  // It compares contents, too.
  expect(space.waste.map((it) => it.how)).toEqual(['removed', 'rewritten', 'replaced']);
  expect(space.duplicates.map((it) => it.files)).toEqual([2]);
});

test('reading can be stopped, and begun again', async ({ page, stack }) => {
  const from = (fault: string) => page.goto(`/${stack.faulty}/fault/${fault}/sample/hello:latest/-/space`);
  await from('stall-layer');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByText('Reading was stopped.')).toBeVisible();
  await from('flip-layer');
  await expect(page.getByText('A layer is not what the image says it is.')).toBeVisible({ timeout: 60_000 });
  await from('cut-layer-once');
  await expect(card(page, 'Largest files')).toBeVisible({ timeout: 60_000 });
});

test('comparing contents can be stopped, and what was known stays', async ({ page, stack }) => {
  await made(stack.origin);
  await page.goto(`/${stack.own}/space/app:1/-/space`);
  const twice = card(page, 'The same content twice');
  await expect(twice).toContainText('not known');
  let letGo: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  await page.context().route(/\/blobs\//, async (route) => {
    await held;
    await route.continue();
  });
  await twice.getByRole('button', { name: 'Compare contents' }).click();
  await expect(page.getByText('Reading the layers, with a digest of each file')).toBeVisible();
  await page.getByRole('button', { name: 'Cancel' }).click();
  letGo();
  await expect(card(page, 'Bytes that no one can see').locator('.waste')).toHaveCount(2);
  await twice.getByRole('button', { name: 'Compare contents' }).click();
  await expect(twice.locator('.waste')).toHaveCount(1);
});
