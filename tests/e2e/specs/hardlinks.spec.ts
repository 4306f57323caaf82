// Hardlinks whose file lies in a layer below: told where it is missing, and before it is taken away.
import { form, newDigest, openEditor, submit } from '../support/editing';
import { Maker } from '../support/made';
import { verify } from '../support/report';
import { expect, test } from '../support/stack';

test('a hardlink to nothing is told beside the verdict', async ({ page, stack }) => {
  const maker = new Maker(stack.origin, 'links/app');
  const below = await maker.layer('data/file', 'shared');
  const above = await maker.layerOf([{ name: 'data/twin', same: 'data/file' }]);
  const broken = await maker.layerOf([{ name: 'data/twin', same: 'data/gone' }]);
  await maker.image([below, above], 'right');
  await maker.image([below, broken], 'wrong');
  const right = await verify(page, `${stack.own}/links/app:right`);
  expect([right.verdict, right.findings]).toEqual(['verified', []]);
  const wrong = await verify(page, `${stack.own}/links/app:wrong`);
  const said = wrong.findings.filter((finding) => finding.rule === 'layer.hardlink-target');
  expect(said.map((finding) => finding.severity)).toEqual(['warning']);
  expect(said[0]?.message).toContain('data/twin of layer 2 leads to data/gone');
  // The bytes are the promised ones; what comes of them is said beside that.
  expect(wrong.verdict).toBe('verified');
  await expect(page.locator('main')).toContainText("runtimes can't unpack the layer");
});

test('d1: a stripped path that lies behind a link is named where it still is', async ({ page, stack }) => {
  const maker = new Maker(stack.origin, 'links/stripped');
  const base = await maker.layerOf([
    { name: 'usr/' },
    { name: 'usr/bin/' },
    { name: 'usr/bin/sh', text: 'shell' },
    { name: 'usr/bin/gone', text: 'gone' },
    { name: 'bin', link: 'usr/bin' },
  ]);
  await maker.image([base], '1');
  await openEditor(page, `${stack.own}/links/stripped:1`);
  const strip = async (path: string) => {
    const dialog = await form(page, 'Strip files');
    await dialog.getByRole('textbox').first().fill(path);
    await submit(page);
  };
  const told = page.getByRole('alert').filter({ hasText: 'still there after these edits' });
  // Alone it changes nothing, and with another one not all that it says.
  await strip('/bin/sh');
  await expect(told).toContainText('bin/sh → usr/bin/sh', { timeout: 60_000 });
  await strip('/usr/bin/gone');
  await newDigest(page);
  await expect(told).toContainText('1 path is still there', { timeout: 60_000 });
  await expect(told).toContainText('bin/sh → usr/bin/sh');
});

test('d1: a stripped path that no layer has is named', async ({ page, stack }) => {
  const maker = new Maker(stack.origin, 'links/absent');
  await maker.image([await maker.layer('etc/app', 'app'), await maker.layer('etc/other', 'other')], '1');
  await openEditor(page, `${stack.own}/links/absent:1`);
  const dialog = await form(page, 'Strip files');
  await dialog.getByRole('textbox').first().fill('/etc/app\n/etc/aap');
  await submit(page);
  await newDigest(page);
  const told = page.getByRole('alert').filter({ hasText: 'in none of the chosen layers' });
  await expect(told).toContainText('1 path is in none', { timeout: 60_000 });
  await expect(told).toContainText('etc/aap');
  await expect(told).not.toContainText('etc/app');
  // Also when nothing is taken away at all, and every layer stays.
  await page.getByRole('button', { name: 'Undo' }).click();
  const other = await form(page, 'Strip files');
  await other.getByRole('textbox').first().fill('/etc/aap');
  await submit(page);
  await expect(page.locator('main')).toContainText('nothing is changed', { timeout: 60_000 });
  await expect(told).toContainText('1 path is in none', { timeout: 60_000 });
});

test('a layer that hardlinks above need is not taken away without a word', async ({ page, stack }) => {
  const maker = new Maker(stack.origin, 'links/edited');
  const base = await maker.layer('etc/base', 'base');
  const below = await maker.layer('data/file', 'shared');
  const above = await maker.layerOf([{ name: 'data/twin', same: 'data/file' }]);
  await maker.image([base, below, above], '1');
  await openEditor(page, `${stack.own}/links/edited:1`);
  const told = page.getByRole('alert').filter({ hasText: 'to nothing after these edits' });
  const remove = async (number: number) => {
    const dialog = await form(page, 'Remove a layer');
    await dialog.getByRole('list', { name: 'Layers' }).getByRole('checkbox').nth(number - 1).check();
    await submit(page);
    await newDigest(page);
  };
  await remove(1);
  await expect(told).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await remove(2);
  await expect(told).toContainText('1 hardlink leads to nothing');
  await expect(told).toContainText('data/twin');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(told).toHaveCount(0);
});
