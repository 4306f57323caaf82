// A draft that was made in the tab is carried out in a shell: the same edits, the same digest.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { form, newDigest, openEditor, submit } from '../support/editing';
import { digestOf, judged } from '../support/moving';
import { expect, test } from '../support/stack';
import { inFolder } from '../support/tools';

/** What the command prints. */
function drydock(...args: string[]): string {
  const env = { ...process.env, DOCKER_CONFIG: '/nowhere' };
  const done = spawnSync(process.env['DRYDOCK_BIN'] ?? '', args, { encoding: 'utf8', env });
  expect(done.status, done.stderr).toBe(0);
  return done.stdout.trim();
}

test('a draft saved in the tab gives the same digest in a shell', async ({ page, stack }) => {
  test.setTimeout(180_000);
  await inFolder(async (folder) => {
    const added = join(folder, 'added');
    mkdirSync(added);
    writeFileSync(join(added, 'motd'), 'changed by hand\n');
    // Large enough for several workers there, and several threads here, to compress it.
    const lines = Array.from({ length: 1_200_000 }, (_, at) => `line ${at} of a log, ${(at * 2_654_435_761) % 65_521}\n`);
    writeFileSync(join(added, 'log'), lines.join(''));
    await openEditor(page, `${stack.own}/sample/hello:latest`);
    const files = await form(page, 'Add files');
    await files.locator('input[type=file]').first().setInputFiles([join(added, 'motd'), join(added, 'log')]);
    await files.getByLabel(/directory|destination/i).first().fill('/etc/new');
    await submit(page);
    const flatten = await form(page, 'Flatten');
    await expect(flatten).toBeVisible();
    await submit(page);
    const digest = await newDigest(page);

    await page.getByRole('button', { name: 'Share this draft' }).click();
    await page.getByText('drydock apply drydock-draft.json').waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save as a file' }).click();
    const draft = join(folder, (await download).suggestedFilename());
    await (await download).saveAs(draft);
    expect(draft).toMatch(/drydock-draft\.json$/);
    const text = readFileSync(draft, 'utf8').replaceAll(stack.own, judged(stack.own));
    writeFileSync(draft, text);

    expect(drydock('apply', draft, '--files', added)).toBe(digest);
    const target = `${judged(stack.own)}/applied/hello:1`;
    expect(drydock('apply', draft, '--files', added, '--push', target)).toBe(`${target}@${digest}`);
    expect(digestOf(`${stack.own}/applied/hello:1`)).toBe(digest);
  });
});

test('a draft from a file is opened, and what is none is told', async ({ page, stack }) => {
  await page.goto('/-/drafts');
  await inFolder(async (folder) => {
    const choose = async (name: string, text: string): Promise<void> => {
      const path = join(folder, name);
      writeFileSync(path, text);
      const chooser = page.waitForEvent('filechooser');
      await page.getByRole('button', { name: 'Choose a draft…' }).click();
      await (await chooser).setFiles(path);
    };
    await choose('none.json', '{"no": "draft"}');
    await expect(page.getByText('This is no draft that can be read')).toBeVisible();
    const digest = digestOf(`${stack.own}/sample/hello:latest`);
    const base = { image: `${stack.own}/sample/hello@${digest}` };
    const edits = [{ action: { config: { label: { name: 'made', value: 'by hand' } } } }];
    await choose('draft.json', JSON.stringify({ version: 1, base, edits }));
    await expect(page.getByRole('heading', { name: 'A draft from a file', exact: true })).toBeVisible();
    await page.getByRole('button', { name: 'Open this draft' }).click();
    await expect(page).toHaveURL(/-\/edit$/);
    await expect(page.locator('.becomes')).toContainText('New digest', { timeout: 60_000 });
    await expect(page.getByText('made', { exact: false }).first()).toBeVisible();
  });
});
