// Work on a draft is never lost, and does nothing to a tree but what was asked for.
import { Page } from '@playwright/test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { carryOut, form, newDigest, openEditor, plan, submit } from '../support/editing';
import { expect, test } from '../support/stack';
import { crane, inFolder, run } from '../support/tools';

/** An image whose /bin is a link, with directories of their own modes and a file with a capability. */
async function usrmerged(reference: string): Promise<void> {
  await inFolder(async (folder) => {
    const script = `
import io, tarfile
out = tarfile.open('${join(folder, 'base.tar')}', 'w', format=tarfile.PAX_FORMAT)
def add(name, kind=tarfile.DIRTYPE, mode=0o755, uid=0, gid=0, link='', data=b'', pax={}):
    it = tarfile.TarInfo(name)
    it.type, it.mode, it.uid, it.gid, it.linkname, it.size, it.mtime, it.pax_headers = kind, mode, uid, gid, link, len(data), 1600000000, pax
    out.addfile(it, io.BytesIO(data))
add('usr'); add('usr/bin')
add('bin', tarfile.SYMTYPE, 0o777, link='usr/bin')
add('tmp', mode=0o1777)
add('srv', mode=0o700, uid=5, gid=6)
add('usr/bin/ping', tarfile.REGTYPE, 0o755, data=b'ping', pax={'SCHILY.xattr.security.capability': 'cap'})
add('etc'); add('etc/motd', tarfile.REGTYPE, 0o640, 7, 8, data=b'hello\\r\\nworld\\n')
add('etc/other', tarfile.REGTYPE, 0o644, data=b'other\\n')
out.close()
`;
    run('python3', ['-c', script]);
    crane('append', '--insecure', '--oci-empty-base', '-f', join(folder, 'base.tar'), '-t', reference);
    return Promise.resolve();
  });
}

/** The last layer of an image as tar lists it. */
function lastLayer(name: string): string[] {
  const layers = JSON.parse(crane('manifest', '--insecure', name)) as { layers: { digest: string }[] };
  const blob = `${name.replace(/:[^:/]+$/, '')}@${layers.layers.at(-1)?.digest ?? ''}`;
  const listing = run('sh', ['-c', `crane blob --insecure ${blob} | tar --numeric-owner -tvzf -`]);
  return listing.trim().split('\n').map((line) => line.replace(/ +\d+ \d{4}-\d\d-\d\d \d\d:\d\d /, ' '));
}

async function push(page: Page, target: string): Promise<string> {
  const digest = await newDigest(page);
  await plan(page, target);
  await carryOut(page);
  const name = target.replace('127.0.0.1', 'localhost');
  expect(crane('digest', '--insecure', name).trim()).toBe(digest);
  return name;
}

test('files are added to a tree that stays as it is', async ({ page, stack }) => {
  const source = `${stack.registry}/drafts/merged:1`;
  await usrmerged(source);
  await openEditor(page, source);
  await inFolder(async (folder) => {
    writeFileSync(join(folder, 'tool'), '#!/bin/sh\n');
    for (const place of ['/bin', '/tmp', '/srv', '/opt/new']) {
      const files = await form(page, 'Add files');
      await files.locator('input[type=file]').first().setInputFiles(join(folder, 'tool'));
      await files.getByLabel(/directory|destination/i).first().fill(place);
      await submit(page);
      await expect(page.locator('.edit-row').last()).toContainText(`${place}/tool`);
    }
    await newDigest(page);
    await expect(page.locator('.stack')).toContainText('/bin is a symlink in the image');
    await form(page, 'Flatten');
    await submit(page);
    await expect(page.locator('.edit-row')).toHaveCount(5);
    const name = await push(page, `${stack.own}/drafts/merged:flat`);
    const lines = lastLayer(name);
    for (const line of [
      'lrwxrwxrwx 0/0 bin -> usr/bin',
      'drwxrwxrwt 0/0 tmp/',
      'drwx------ 5/6 srv/',
      '-rwxr-xr-x 0/0 usr/bin/tool',
      '-rwxr-xr-x 0/0 tmp/tool',
      'drwxr-xr-x 0/0 opt/new/',
    ]) {
      expect(lines).toContain(line);
    }
    expect(lines.filter((line) => / bin\//.test(line))).toEqual([]);
  });
});

test('a mode and a text change nothing else', async ({ page, stack }) => {
  const source = `${stack.registry}/drafts/keep:1`;
  await usrmerged(source);
  await page.goto(`/${source}/-/files/usr/bin/ping`);
  await page.getByRole('button', { name: 'Mode' }).click();
  await page.getByLabel('Permission bits, in octal').fill('0711');
  await page.getByRole('button', { name: 'Set', exact: true }).click();
  await expect(page.getByText('draft · 1 edit', { exact: true })).toBeVisible();
  await page.goto(`/${source}/-/files/etc/motd`);
  await page.getByRole('button', { name: 'Edit text' }).click();
  await page.getByLabel('Text of the file').fill('hello\nthere\n');
  await page.getByRole('button', { name: 'Put it into the draft' }).click();
  await page.getByRole('link', { name: /See what becomes of it/ }).click();
  const name = await push(page, `${stack.own}/drafts/keep:2`);
  expect(lastLayer(name).filter((line) => line.startsWith('-')).sort()).toEqual([
    '-rw-r----- 7/8 etc/motd',
    '-rwx--x--x 0/0 usr/bin/ping',
  ]);
  const kept = run('sh', ['-c', `crane export --insecure ${name} - > /tmp/drydock-keep.tar; python3 -c "
import tarfile
tar = tarfile.open('/tmp/drydock-keep.tar')
ping, motd = tar.getmember('usr/bin/ping'), tar.getmember('etc/motd')
print(ping.pax_headers.get('SCHILY.xattr.security.capability'), ping.mtime, motd.mtime, tar.extractfile(motd).read())
"; rm /tmp/drydock-keep.tar`]);
  // The line that stayed keeps its line break, too.
  expect(kept.trim()).toBe("cap 1600000000 1600000000 b'hello\\r\\nthere\\n'");
});

test('a second change goes on from the first, and typed text stays', async ({ page, stack }) => {
  const source = `${stack.registry}/drafts/twice:1`;
  await usrmerged(source);
  const area = page.getByLabel('Text of the file');
  await page.goto(`/${source}/-/files/etc/motd`);
  await page.getByRole('button', { name: 'Edit text' }).click();
  await area.fill('first\n');
  await page.getByRole('button', { name: 'Put it into the draft' }).click();
  // What is shown is the draft's, and the image's on demand.
  await expect(page.locator('.drafted')).toContainText('As the draft has it');
  await page.getByRole('button', { name: "Show the image's" }).click();
  await expect(page.locator('.document')).toContainText('hello');
  await page.getByRole('button', { name: "Show the draft's" }).click();
  await page.getByRole('button', { name: 'Edit text' }).click();
  await expect(area).toHaveValue('first\n');
  // A click on another file loses nothing.
  await area.fill('first\nsecond\n');
  await page.evaluate(() => {
    history.pushState(null, '', location.pathname.replace('motd', 'other'));
    dispatchEvent(new PopStateEvent('popstate'));
  });
  await expect(page.locator('.document')).toContainText('other');
  await page.locator('.draftbar').getByRole('link', { name: '/etc/motd' }).click();
  await expect(area).toHaveValue('first\nsecond\n');
  // Nor does the page go without asking.
  let asked = 0;
  page.on('dialog', (dialog) => {
    asked += 1;
    void dialog.dismiss();
  });
  await page.evaluate(() => { location.href = '/-/config'; });
  await expect.poll(() => asked).toBe(1);
  await page.getByRole('button', { name: 'Put it into the draft' }).click();
  await expect(page.locator('.drafted')).toBeVisible();
  // The edit view shows what the text changes, and lets it be changed.
  await page.getByRole('link', { name: /See what becomes of it/ }).click();
  await page.getByRole('button', { name: /Show the text of/ }).click();
  const row = page.locator('.edit-row');
  await expect(row.locator('.diff .removed').first()).toContainText('hello');
  await expect(row.locator('.diff .added').last()).toContainText('second');
  await row.getByRole('button', { name: 'Change the text' }).click();
  await row.getByLabel('Text of the file').fill('third\n');
  await row.getByRole('button', { name: 'Put it into the edit' }).click();
  // What is typed is compared, too: it is in the edit when its field is gone.
  await expect(row.getByLabel('Text of the file')).toHaveCount(0);
  await expect(row.locator('.diff .added').last()).toContainText('third');
  await page.keyboard.press('Control+z');
  await expect(row.locator('.diff .added').last()).toContainText('second');
});

test('two tabs with one draft agree', async ({ page, stack }) => {
  const source = `${stack.registry}/drafts/tabs:1`;
  await usrmerged(source);
  await openEditor(page, source);
  const other = await page.context().newPage();
  await openEditor(other, source);
  const set = async (tab: Page, kind: string, value: string) => {
    const fields = await form(tab, kind);
    await fields.getByRole('textbox').first().fill(value);
    await submit(tab);
  };
  await set(page, 'User', 'first');
  await expect(other.locator('.edit-row')).toContainText(['first']);
  await set(other, 'Working directory', '/second');
  await expect(page.locator('.edit-row')).toContainText(['first', '/second']);
  await page.reload();
  await expect(page.locator('.edit-row')).toContainText(['first', '/second']);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(other.locator('.edit-row')).toHaveCount(1);
});

test('two tabs that type into one file choose which text stays', async ({ page, stack }) => {
  const source = `${stack.registry}/drafts/typing:1`;
  await usrmerged(source);
  const other = await page.context().newPage();
  for (const tab of [page, other]) {
    await tab.goto(`/${source}/-/files/etc/motd`);
    await tab.getByRole('button', { name: 'Edit text' }).click();
  }
  const area = (tab: Page) => tab.getByLabel('Text of the file');
  const put = (tab: Page) => tab.getByRole('button', { name: 'Put it into the draft' });
  await area(page).fill('hello\nAAA\n');
  await area(other).fill('hello\nBBB\n');
  await put(other).click();
  await expect(other.locator('.drafted')).toContainText('As the draft has it');
  // The first tab is told, and can't overwrite it before the reader has chosen.
  await expect(page.locator('.meanwhile')).toContainText('The draft has another text of this file by now');
  await expect(put(page)).toBeDisabled();
  await page.getByRole('button', { name: 'Keep mine' }).click();
  await expect(area(page)).toHaveValue('hello\nAAA\n');
  await expect(page.locator('.diff .removed')).toContainText(['BBB']);
  await put(page).click();
  await expect(area(page)).toHaveCount(0);
  await expect(page.locator('.document')).toContainText('AAA');
  // The other way round: what the other tab has is taken over, and gone on with.
  await other.getByRole('button', { name: 'Edit text' }).click();
  await page.getByRole('button', { name: 'Edit text' }).click();
  await area(other).fill('hello\nAAA\nother\n');
  await area(page).fill('hello\nAAA\nCCC\n');
  await put(page).click();
  await other.getByRole('button', { name: "Take the draft's" }).click();
  await expect(area(other)).toHaveValue('hello\nAAA\nCCC\n');
  await expect(put(other)).toBeDisabled();
});

test('a draft says what it is a draft of, has no tags, and its link is not for others', async ({ page, stack, context }) => {
  const source = `${stack.registry}/drafts/named:1`;
  await usrmerged(source);
  await openEditor(page, source);
  const fields = await form(page, 'User');
  await fields.getByRole('textbox').first().fill('somebody');
  await submit(page);
  // A page that is left by its address says nothing of what it has not kept yet.
  await newDigest(page);
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('draft.invalid')) asked.push(request.url());
  });
  await page.goto(`/${source}/-/files`);
  await page.getByRole('link', { name: /See all files with the draft's/ }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('draft of');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('named:1');
  await expect(page).toHaveTitle(/draft of .*drafts\/named:1/);
  await page.getByRole('link', { name: 'Tags', exact: true }).click();
  await expect(page.locator('main')).toContainText('A draft has no tags yet');
  await page.getByRole('link', { name: /^Graph/ }).click();
  await expect(page.locator('main')).toContainText('nothing refers to it');
  await expect(page.locator('main')).not.toContainText('nobody');
  expect(asked).toEqual([]);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.locator('.identity').getByRole('button', { name: 'Copy the link' }).click();
  await expect(page.locator('.identity')).toContainText('for this browser only');
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toContain('/-/draft/');
  expect(link).not.toContain('sha256:');
});
