// A text in all files of an image: by link, by keyboard, with a link to its line.
import { execFileSync } from 'node:child_process';
import type { Page } from '@playwright/test';
import { watch } from '../support/look';
import { Maker } from '../support/made';
import { expect, test } from '../support/stack';

const card = (page: Page, title: string) => page.locator('section.card').filter({ has: page.getByRole('heading', { name: title, exact: true }) });

async function made(origin: string): Promise<void> {
  const maker = new Maker(origin, 'search/app');
  const many = Array.from({ length: 700 }, (_, at) => `line ${at + 1}${at === 499 ? ' with the Needle in it' : ''}`).join('\n');
  const base = await maker.layerOf([
    { name: 'etc/app.conf', text: 'listen 80\nneedle = 1\nafter it\n' },
    { name: 'etc/gone.conf', text: 'needle of a file that is gone\n' },
    { name: 'usr/share/long.txt', text: `${many}\n` },
    { name: 'usr/bin/tool', text: '\u0000\u0001binary needle\u0000' },
  ]);
  const upper = await maker.layerOf([
    { name: 'etc/.wh.gone.conf' },
    { name: 'srv/<b>.html', text: '<b>needle</b> \u202e<script>alert(1)</script>\n' },
  ]);
  await maker.image([base, upper], '1');
}

test('a text is found, and its line is linked', async ({ page, stack }) => {
  const problems = watch(page);
  await made(stack.origin);
  await page.goto(`/${stack.own}/search/app:1`);
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  await page.keyboard.press('g');
  await page.keyboard.press('r');
  await expect(page).toHaveURL(/\/-\/search$/);
  const field = page.getByLabel('Text to look for');
  await field.focus();
  await page.keyboard.type('needle');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/-\/search\?q=needle$/);
  const hits = card(page, 'Hits');
  const rows = hits.getByRole('list', { name: 'Hits' }).locator(':scope > li');
  await expect(rows).toHaveCount(4);
  await expect(hits.locator('header')).toContainText('4 hits in 4 files');
  await expect(rows.nth(0)).toContainText('/etc/app.conf line 2 layer 1');
  await expect(rows.nth(0).locator('pre')).toHaveText('listen 80\nneedle = 1\nafter it\n');
  await expect(rows.nth(0).locator('mark')).toHaveText('needle');
  await expect(hits.getByText('gone.conf')).toHaveCount(0);
  await expect(rows.filter({ hasText: '/usr/bin/tool' })).toContainText('in a file that is no text');
  // What is in a file is text.
  await expect(page.locator('main script')).toHaveCount(0);
  await expect(rows.filter({ hasText: '.html' })).toContainText('<script>alert(1)</script>');

  await page.getByLabel('Match capitals').check();
  await expect(page).toHaveURL(/case=1/);
  await expect(rows).toHaveCount(3);
  await page.goBack();
  await expect(rows).toHaveCount(4);
  await rows.filter({ hasText: 'long.txt' }).getByRole('link').click();
  await expect(page).toHaveURL(/\/-\/files\/usr\/share\/long\.txt#L500$/);
  const line = page.locator('.document .line.meant');
  await expect(line).toContainText('line 500 with the Needle in it');
  await expect(line).toBeInViewport();
  // A range, by the shift key; and by its link.
  await page.locator('.document .line[data-line="503"] .lineno').click({ modifiers: ['Shift'] });
  await expect(page).toHaveURL(/#L500-L503$/);
  await expect(line).toHaveCount(4);
  await page.reload();
  await expect(line).toHaveCount(4);
  expect(problems).toEqual([]);
});

test('paths and expressions narrow it, and the shell says the same', async ({ page, stack }) => {
  await made(stack.origin);
  const name = `${stack.own}/search/app:1`;
  await page.goto(`/${name}/-/search?q=${encodeURIComponent('^(need|list)\\w+')}&regex=1&in=*.conf`);
  const rows = card(page, 'Hits').getByRole('list', { name: 'Hits' }).locator(':scope > li');
  await expect(rows).toHaveCount(2);
  await expect(page.getByLabel('Regular expression')).toBeChecked();
  const printed = execFileSync(process.env.DRYDOCK_BIN ?? '', ['search', '--regex', '--paths', '*.conf', name, '^(need|list)\\w+'], { encoding: 'utf8' });
  expect(printed).toBe('/etc/app.conf:1:listen 80\n/etc/app.conf:2:needle = 1\n');
  await page.goto(`/${name}/-/search?q=(&regex=1`);
  await expect(page.getByRole('alert')).toContainText('This is no regular expression: unclosed group.');
  await page.goto(`/${name}/-/search?q=nowhere%20to%20be%20seen`);
  await expect(card(page, 'Hits')).toContainText('No file has it.');
});

test('hits of a layer that is not what it should be are not kept', async ({ page, stack }) => {
  const from = (fault: string) => page.goto(`/${stack.faulty}/fault/${fault}/sample/hello:latest/-/search?q=e`);
  await from('stall-layer');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(card(page, 'Hits')).toContainText('stopped before all files were looked at');
  await from('flip-layer');
  await expect(page.getByText('A layer is not what the image says it is.')).toBeVisible({ timeout: 60_000 });
  await expect(card(page, 'Hits')).toHaveCount(0);
});
