// Two images: how alike they are, and what the second one has otherwise.
import { execFileSync } from 'node:child_process';
import type { Page } from '@playwright/test';
import { watch } from '../support/look';
import { Maker } from '../support/made';
import { expect, test } from '../support/stack';

const card = (page: Page, title: string) => page.locator('section.card').filter({ has: page.getByRole('heading', { name: title, exact: true }) });
const paths = (page: Page) => card(page, 'Files').locator('.compared .path');

/** Three images: the second one has other files, the third one other times. */
async function made(origin: string): Promise<void> {
  const maker = new Maker(origin, 'compare/app');
  const base = await maker.layerOf([{ name: 'etc/' }, { name: 'etc/app.conf', text: 'one\ntwo\nthree\n' }, { name: 'usr/bin/app', text: 'x'.repeat(5_000) }]);
  const first = await maker.layerOf([{ name: 'srv/old', text: 'old' }, { name: 'srv/mode', text: '', mode: 0o644 }]);
  const second = await maker.layerOf([
    { name: 'etc/app.conf', text: 'one\n2\nthree\n' },
    { name: 'srv/<b>new', text: 'new' },
    { name: 'srv/mode', text: '', mode: 0o755 },
    { name: 'usr/bin/app', text: `\0${'y'.repeat(6_000)}` },
  ]);
  const late = await maker.layerOf([{ name: 'srv/old', text: 'old', mtime: 99 }, { name: 'srv/mode', text: '', mode: 0o644, mtime: 99 }]);
  const config = (Env: string[]) => ({ config: { config: { Env } } });
  await maker.image([base, first], '1', config(['A=1']));
  await maker.image([base, second], '2', config(['A=2']));
  await maker.image([base, late], '3', config(['A=1']));
}

test('what another image has otherwise is a link, and all of it can be followed', async ({ page, stack }) => {
  const problems = watch(page);
  await made(stack.origin);
  const app = `${stack.own}/compare/app`;
  await page.goto(`/-/compare?a=${app}:1&b=${app}:2`);
  await expect(page).toHaveURL(new RegExp(`/${app}:1/-/compare\\?with=`));
  const verdict = card(page, 'Different');
  await expect(verdict.locator('.reasons li')).toHaveText([
    '1 path is added.',
    '1 path is removed.',
    '2 paths are changed.',
    '1 path with other metadata (mode, owner, attributes).',
    'The configs differ in Env.A.',
    'The second image has 1 of its 2 layers from the first one.',
  ]);
  await expect(card(page, 'Layers').getByRole('listitem')).toHaveCount(3);
  await expect(card(page, 'Config').getByRole('listitem')).toContainText(['Env.A']);
  await expect(paths(page)).toHaveText(['/etc/app.conf', '/srv/<b>new', '/srv/mode', '/srv/old', '/usr/bin/app']);
  await expect(card(page, 'Files').locator('.compared li').nth(2)).toContainText('mode 0644 → 0755');
  await expect(card(page, 'Files').locator('.compared li').nth(4)).toContainText('5.0 kB → 6.0 kB');

  // Only some of them.
  await card(page, 'Files').getByRole('checkbox', { name: /^changed/ }).uncheck();
  await expect(paths(page)).toHaveText(['/srv/<b>new', '/srv/mode', '/srv/old']);
  await card(page, 'Files').getByLabel('Filter the paths').fill('OLD');
  await expect(paths(page)).toHaveText(['/srv/old']);
  await card(page, 'Files').getByLabel('Filter the paths').fill('nothing');
  await expect(card(page, 'Files')).toContainText('No path fits what is chosen.');
  await card(page, 'Files').getByLabel('Filter the paths').fill('');
  await card(page, 'Files').getByRole('checkbox', { name: /^changed/ }).check();

  // The text of one, as a link too.
  await page.getByRole('link', { name: 'Compare the texts of /etc/app.conf' }).click();
  await expect(page).toHaveURL(/[?&]path=etc/);
  const text = card(page, '/etc/app.conf');
  await expect(text.locator('.line.removed')).toContainText('two');
  await expect(text.locator('.line.added')).toContainText('2');
  await page.reload();
  await expect(text.locator('.line.added')).toContainText('2');
  await text.getByRole('link', { name: 'Close' }).click();
  await expect(text).toHaveCount(0);
  await page.getByRole('link', { name: 'Compare the texts of /usr/bin/app' }).click();
  await expect(card(page, '/usr/bin/app')).toContainText('The file is no text (UTF-8).');
  await page.goBack();

  // What was removed is shown where it was.
  await paths(page).nth(3).click();
  await expect(page).toHaveURL(new RegExp(`/${app}:1/-/files/srv/old$`));
  await page.goBack();
  await page.getByRole('button', { name: 'Swap' }).click();
  await expect(page).toHaveURL(new RegExp(`/${app}:2/-/compare\\?with=`));
  await expect(verdict.locator('.reasons li').first()).toHaveText('1 path is added.');
  await expect(card(page, 'Files').locator('.compared li.removed .path')).toHaveText('/srv/<b>new');
  expect(problems).toEqual([]);
});

test('a rebuild is judged, by keyboard and by a tag alone', async ({ page, stack }) => {
  await made(stack.origin);
  await page.goto(`/${stack.own}/compare/app:1`);
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  await page.keyboard.press('g');
  await page.keyboard.press('m');
  const field = page.getByLabel('The other image');
  await field.fill('No Name');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText('expected');
  await field.fill(':3');
  await page.keyboard.press('Enter');
  const late = card(page, 'Same but for times');
  await expect(late).toContainText('2 paths with other times.');
  await expect(paths(page)).toHaveText(['/srv/mode', '/srv/old']);
  await field.fill(':1');
  await page.keyboard.press('Enter');
  await expect(card(page, 'Identical')).toContainText('Both have one manifest, byte for byte.');
  await expect(card(page, 'Files')).toContainText('A container gets the same files from both.');
  await page.goBack();
  await expect(late).toBeVisible();
  await expect(field).toHaveValue(':3');
});

test('platforms are compared, and Swap keeps both', async ({ page, stack }) => {
  const hello = `${stack.own}/sample/hello`;
  await page.goto(`/${hello}:latest/-/compare?with=:latest`);
  await expect(card(page, 'Identical')).toBeVisible();
  await page.getByLabel('Platform of the second image').selectOption('linux/arm64/v8');
  const verdict = card(page, 'Different');
  const images = verdict.locator('dd');
  await expect(page).toHaveURL(/[?&]on=linux/);
  await expect(images.nth(0)).toContainText('linux/amd64');
  await expect(images.nth(1)).toContainText('linux/arm64/v8');
  await expect(verdict.locator('.reasons')).toContainText('The configs differ in platform.');
  await page.getByRole('button', { name: 'Swap' }).click();
  await expect(page).toHaveURL(/[?&]platform=linux\/arm64/);
  await expect(images.nth(0)).toContainText('linux/arm64/v8');
  await expect(images.nth(1)).toContainText('linux/amd64');
  await page.goto(`/${hello}:latest/-/compare?with=:latest&on=plan9/x`);
  await expect(page.getByRole('alert')).toContainText('has no platform plan9/x; it has linux/amd64, linux/arm64/v8.');
  await page.goto(`/${stack.faulty}/broken/no-layers:latest/-/compare?with=:latest`);
  await expect(card(page, 'Layers')).toContainText('Neither image has layers.');
});

test('the shell counts the same', async ({ page, stack }) => {
  await made(stack.origin);
  const app = `${stack.own}/compare/app`;
  const printed = execFileSync(process.env.DRYDOCK_BIN ?? '', ['compare', '--json', `${app}:1`, `${app}:2`], { encoding: 'utf8' });
  const comparison = JSON.parse(printed) as { likeness: string; reasons: string[]; files: { path: string }[] };
  await page.goto(`/${app}:1/-/compare?with=:2`);
  await expect(page.locator('[data-likeness]')).toHaveAttribute('data-likeness', comparison.likeness);
  await expect(page.locator('.reasons li')).toHaveText(comparison.reasons);
  await expect(paths(page)).toHaveText(comparison.files.map((file) => `/${file.path}`));
});

test('what can not be read is not judged', async ({ page, stack }) => {
  const from = (fault: string, reference = 'sample/hello:latest') =>
    page.goto(`/${stack.faulty}/fault/${fault}/${reference}/-/compare?with=${stack.faulty}/${reference}`);
  await from('stall-layer');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByText('Comparing was stopped.')).toBeVisible();
  await from('flip-layer');
  await expect(page.getByText(/Layer \d+ failed/)).toBeVisible({ timeout: 60_000 });
  await expect(page.locator('[data-likeness]')).toHaveCount(0);
  await page.goto(`/${stack.own}/sample/hello:latest/-/compare?with=:absent`);
  await expect(page.getByRole('alert').first()).toBeVisible();
  await expect(page.locator('[data-likeness]')).toHaveCount(0);
});
