// Which software is in an image: by link, by keyboard, saved, and attached.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { watch } from '../support/look';
import { Maker } from '../support/made';
import { expect, test } from '../support/stack';

const card = (page: Page, title: string) => page.locator('section.card').filter({ has: page.getByRole('heading', { name: title, exact: true }) });

/** A Debian with a package of npm, which a later layer joins; and a file of nobody. */
async function made(origin: string): Promise<void> {
  const maker = new Maker(origin, 'packages/app');
  const bash = 'Package: bash\nStatus: install ok installed\nArchitecture: amd64\nSource: bash-src\nVersion: 5.2.15-2\n\n';
  const gone = 'Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n';
  const base = await maker.layerOf([
    { name: 'etc/os-release', text: 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n' },
    { name: 'usr/bin/bash', text: 'b'.repeat(7000) },
    { name: 'usr/share/doc/bash/copyright', text: 'See /usr/share/common-licenses/GPL-3.\n' },
    { name: 'var/lib/dpkg/status', text: bash + gone },
    { name: 'var/lib/dpkg/info/bash.list', text: '/.\n/usr/bin/bash\n/usr/share/doc/bash/copyright\n' },
  ]);
  const upper = await maker.layerOf([
    { name: 'app/node_modules/left-pad/package.json', text: '{"name":"left-pad","version":"1.3.0","license":"WTFPL"}' },
    { name: 'app/node_modules/left-pad/index.js', text: 'n'.repeat(900) },
    { name: 'app/node_modules/<b>odd/package.json', text: '{"name":"<b>odd\\u202e","version":"0.1"}' },
    { name: 'opt/own.bin', text: 'o'.repeat(5000) },
  ]);
  await maker.image([base, upper], '1');
}

test('packages are listed, chosen and searched by link and by keyboard', async ({ page, stack }) => {
  const problems = watch(page);
  await made(stack.origin);
  await page.goto(`/${stack.own}/packages/app:1`);
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  await page.keyboard.press('g');
  await page.keyboard.press('p');
  await expect(page).toHaveURL(/\/-\/packages$/);
  const list = card(page, 'Packages');
  const rows = list.locator('.rows.packages > li');
  await expect(rows).toHaveCount(3);
  await expect(list.locator('header')).toContainText('3 packages · Debian GNU/Linux 12 (bookworm)');
  await expect(rows.nth(0)).toContainText('bash 5.2.15-2 amd64 · of bash-src · GPL-3');
  await expect(rows.nth(0)).toContainText('layer 1');
  await expect(rows.nth(2)).toContainText('left-pad 1.3.0 WTFPL');
  await expect(rows.nth(2)).toContainText('layer 2');
  // What an image calls itself is text.
  await expect(page.locator('main b:text-is("odd")')).toHaveCount(0);

  await list.getByLabel(/^deb/).check();
  await expect(page).toHaveURL(/\/-\/packages\?kind=deb$/);
  await expect(rows).toHaveCount(1);
  await list.getByLabel(/^deb/).uncheck();
  await list.getByLabel('Search the packages').fill('wtfpl 1.3');
  await expect(rows).toHaveCount(1);
  await expect(page).toHaveURL(/q=wtfpl/);
  await page.reload();
  await expect(rows).toHaveCount(1);
  await expect(list.getByLabel('Search the packages')).toHaveValue('wtfpl 1.3');
  await list.getByLabel('Search the packages').fill('nothing like it');
  await expect(list).toContainText('No package fits what is chosen.');
  await list.getByLabel('Search the packages').fill('left');
  await rows.getByRole('link', { name: 'left-pad' }).focus();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/-\/files\/app\/node_modules\/left-pad\/package\.json$/);
  await page.goBack();
  await expect(rows).toHaveCount(1);

  const unowned = card(page, 'Of no package');
  await expect(unowned.getByRole('listitem').first()).toContainText('/opt/own.bin');
  await expect(unowned).not.toContainText('/usr/bin/bash');
  expect(problems).toEqual([]);
});

test('a bill of materials is that of the shell, and is attached by the draft', async ({ page, stack }) => {
  await made(stack.origin);
  const name = `${stack.own}/packages/app:1`;
  const printed = (format: string) => execFileSync(process.env.DRYDOCK_BIN ?? '', ['packages', '--sbom', format, name], { encoding: 'utf8' });
  await page.goto(`/${name}/-/packages`);
  const bill = card(page, 'Bill of materials');
  const untimed = (text: string) => text.replaceAll(/\d{4}-\d\d-\d\dT[\d:]+Z/g, 'TIME');
  for (const [label, format, file] of [['CycloneDX', 'cyclonedx', 'app-1.cdx.json'], ['SPDX', 'spdx', 'app-1.spdx.json']] as const) {
    const saved = page.waitForEvent('download');
    await bill.getByRole('button', { name: `Save as ${label}` }).click();
    const download = await saved;
    expect(download.suggestedFilename()).toBe(file);
    expect(untimed(readFileSync(await download.path(), 'utf8'))).toBe(untimed(printed(format)));
  }
  await bill.getByRole('button', { name: 'Attach to the image as SPDX' }).click();
  await expect(bill.getByRole('status')).toContainText('It is in the draft');
  await bill.getByRole('link', { name: 'Open the draft' }).click();
  await expect(page).toHaveURL(/\/-\/edit$/);
  await expect(page.locator('main')).toContainText('application/spdx+json');
});

test('the shell says to which package a path belongs', async ({ stack }) => {
  await made(stack.origin);
  const run = (...more: string[]) => execFileSync(process.env.DRYDOCK_BIN ?? '', ['packages', ...more, `${stack.own}/packages/app:1`], { encoding: 'utf8' });
  expect(run('--of', '/usr/bin/bash')).toMatch(/^deb\s+bash 5\.2\.15-2 /);
  expect(() => run('--of', '/opt/own.bin')).toThrow();
  expect(run('--unowned')).toContain('/opt/own.bin');
});

test('which packages differ is said when asked, in the page and in the shell', async ({ page, stack }) => {
  const maker = new Maker(stack.origin, 'packages/two');
  const of = (version: string, more = '') => maker.layerOf([
    { name: 'var/lib/dpkg/status', text: `Package: bash\nStatus: install ok installed\nVersion: ${version}\n${more}` },
    { name: 'app/node_modules/a/package.json', text: `{"name":"a","version":"1.${version}"}` },
  ]);
  await maker.image([await of('5.1')], '1');
  await maker.image([await of('5.2', '\nPackage: jq\nStatus: install ok installed\nVersion: 1.6\n')], '2');
  const name = `${stack.own}/packages/two`;
  await page.goto(`/${name}:1/-/compare?with=:2`);
  const software = card(page, 'Packages');
  await expect(software).toContainText('Which software differs is not known');
  await software.getByRole('button', { name: 'Compare packages' }).click();
  const rows = software.locator('.rows > li');
  await expect(rows).toHaveCount(3);
  await expect(software.locator('header')).toContainText('3 packages differ');
  await expect(rows.nth(0)).toContainText('bash 5.1 → 5.2');
  await expect(rows.nth(0)).toContainText('a later version');
  await expect(rows.nth(1)).toContainText('jq 1.6');
  await expect(rows.nth(1)).toContainText('added');
  await expect(rows.nth(2)).toContainText('a 1.5.1 → 1.5.2');
  await page.getByRole('button', { name: 'Swap' }).click();
  await software.getByRole('button', { name: 'Compare packages' }).click();
  await expect(rows.nth(0)).toContainText('an earlier version');
  await expect(rows.nth(1)).toContainText('removed');

  const run = (...more: string[]) => execFileSync(process.env.DRYDOCK_BIN ?? '', ['compare', ...more, `${name}:1`, `${name}:2`], { encoding: 'utf8' });
  const lines = run('--packages').trimEnd().split('\n');
  expect(lines).toContain('~ deb bash 5.1 to 5.2  (up)');
  expect(lines).toContain('+ deb jq 1.6  (added)');
  expect(lines.at(-1)).toMatch(/^different .* packages=3 /);
  expect(() => run('--fail-on', 'packages')).toThrow();
});

test('an image without packages says what was looked for', async ({ page, stack }) => {
  await page.goto(`/${stack.own}/sample/hello:latest/-/packages`);
  await expect(card(page, 'Packages')).toContainText('No record of dpkg, apk, rpm');
  await expect(card(page, 'Bill of materials')).toHaveCount(0);
});

test('reading can be stopped, and begun again', async ({ page, stack }) => {
  const from = (fault: string) => page.goto(`/${stack.faulty}/fault/${fault}/sample/hello:latest/-/packages`);
  await from('stall-layer');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByText('Reading was stopped.')).toBeVisible();
  await from('flip-layer');
  await expect(page.getByText('A layer is not what the image says it is.')).toBeVisible({ timeout: 60_000 });
  await from('cut-layer-once');
  await expect(card(page, 'Of no package')).toBeVisible({ timeout: 60_000 });
});
