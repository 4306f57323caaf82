// Images are changed in the tab and pushed, and the field's own tools judge what came of it.
import { Page } from '@playwright/test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { carryOut, form, newDigest, openEditor, plan, submit } from '../support/editing';
import { watch } from '../support/look';
import { digestOf } from '../support/moving';
import { reportOf } from '../support/report';
import { expect, test } from '../support/stack';
import { crane, inFolder, run, skopeo } from '../support/tools';

interface ImageConfig {
  config: { Entrypoint?: string[]; Cmd?: string[]; Env?: string[]; Labels?: Record<string, string> };
  history: { created_by?: string; comment?: string; empty_layer?: boolean }[];
  rootfs: { diff_ids: string[] };
}

const config = (reference: string, platform: string): ImageConfig =>
  JSON.parse(crane('config', '--insecure', '--platform', platform, reference)) as ImageConfig;

test('a folder and an entrypoint on two platforms, pushed to two registries', async ({ page, stack }) => {
  const problems = watch(page);
  const source = `${stack.registry}/multi:1`;
  const before = config(source, 'linux/arm64');
  await inFolder(async (folder) => {
    const dist = join(folder, 'dist');
    mkdirSync(join(dist, 'css'), { recursive: true });
    writeFileSync(join(dist, 'index.html'), '<!doctype html>\n');
    writeFileSync(join(dist, 'css/site.css'), 'body { color: teal }\n');
    writeFileSync(join(dist, 'run.sh'), '#!/bin/sh\necho run\n');

    await openEditor(page, source);
    const files = await form(page, 'Add files');
    await files.locator('input[type=file]').last().setInputFiles(dist);
    await files.getByLabel(/directory|destination/i).first().fill('/srv/www');
    await submit(page);
    const entry = await form(page, 'Entrypoint');
    await entry.getByRole('textbox').first().fill('["/srv/www/run.sh"]');
    await submit(page);

    const digest = await newDigest(page);
    await expect(page.locator('.becomes')).toContainText('/srv/www/run.sh');
    for (const target of [`${stack.registry}/edited/multi:two`, `${stack.own}/edited/multi:two`]) {
      await plan(page, target);
      await carryOut(page);
      const name = target.replace('127.0.0.1', 'localhost');
      expect(crane('digest', '--insecure', name).trim()).toBe(digest);
      crane('validate', '--insecure', '--remote', name);
      for (const platform of ['linux/amd64', 'linux/arm64']) {
        const after = config(name, platform);
        expect(after.config.Entrypoint).toEqual(['/srv/www/run.sh']);
        expect(after.config.Cmd).toEqual(before.config.Cmd);
        expect(after.rootfs.diff_ids.length).toBe(before.rootfs.diff_ids.length + 1);
        expect(after.history.at(-1)?.comment).toBe('drydock');
      }
      await inFolder(async (out) => {
        skopeo('copy', '--all', '--src-tls-verify=false', `docker://${name}`, `dir:${out}`);
        return Promise.resolve();
      });
    }
    // What lies in the layer, as another tool sees it.
    const listing = run('sh', ['-c', `crane export --insecure --platform linux/arm64 ${stack.registry}/edited/multi:two - | tar -tvf -`]);
    expect(listing).toMatch(/-rwxr-xr-x .* srv\/www\/(dist\/)?run\.sh/);
    expect(listing).toMatch(/-rw-r--r-- .* srv\/www\/(dist\/)?css\/site\.css/);

    // The link of the result opens and verifies.
    await page.locator('.panel.verified a').click();
    await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
    await page.getByRole('link', { name: 'Verify', exact: true }).first().click();
    expect((await reportOf(page)).verdict).toBe('verified');
  });
  expect(problems).toEqual([]);
});

test('a draft survives a reload, can be undone and done again', async ({ page, stack }) => {
  await openEditor(page, `${stack.registry}/debian:demo`);
  // Who only looks has no draft.
  await page.reload();
  await expect(page.getByRole('link', { name: 'Drafts' })).toContainText('0');
  await openEditor(page, `${stack.registry}/debian:demo`);
  const entry = await form(page, 'Entrypoint');
  await entry.getByRole('textbox').first().fill('/bin/sh -c date');
  await submit(page);
  const digest = await newDigest(page);
  await page.reload();
  expect(await newDigest(page)).toBe(digest);
  // Every view of the image says that there is one.
  await page.getByRole('link', { name: 'Layers' }).click();
  await page.getByRole('link', { name: 'Draft · 1 edit' }).click();
  await expect(page).toHaveURL(/\/-\/edit$/);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.locator('.becomes')).toContainText('nothing is changed');
  await page.getByRole('button', { name: 'Redo' }).click();
  expect(await newDigest(page)).toBe(digest);
});

test('an edit that can not be done is told, and others can still be added', async ({ page, stack }) => {
  await openEditor(page, `${stack.registry}/multi:1`);
  const dialog = await form(page, 'Rebase');
  const fields = dialog.getByRole('textbox');
  await fields.nth(0).fill(`${stack.registry}/whiteouts:1`);
  await fields.nth(1).fill(`${stack.registry}/debian:demo`);
  await submit(page);
  await expect(page.locator('.edits [role=alert]')).toContainText('layer 1');
  await page.getByRole('button', { name: 'Add edit' }).first().click();
  const menu = page.getByRole('dialog');
  await menu.getByLabel('Kind of edit').fill('Flatten');
  await expect(menu.getByRole('option', { name: 'Flatten' })).toHaveAttribute('aria-disabled', 'false');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.locator('.becomes')).toContainText('nothing is changed');
  // No name is guessed from words: bytes would go where nobody wanted them.
  const card = page.getByRole('region', { name: 'Push plan' });
  await card.getByLabel('to', { exact: true }).fill('not a name:1');
  await card.getByRole('button', { name: 'Plan', exact: true }).click();
  await expect(card.getByRole('alert')).toBeVisible();
  await expect(card).not.toContainText('docker.io');
});

test('a push is never of a draft into which files are still being taken', async ({ page, stack }) => {
  await inFolder(async (folder) => {
    const add = async (name: string) => {
      run('sh', ['-c', `head -c 48000000 /dev/urandom > ${join(folder, name)}`]);
      const files = await form(page, 'Add files');
      await files.locator('input[type=file]').first().setInputFiles(join(folder, name));
      await submit(page);
    };
    await openEditor(page, `${stack.registry}/whiteouts:1`);
    const card = page.getByRole('region', { name: 'Push plan' });
    await add('one.bin');
    await expect(card).toContainText('not in the draft yet');
    await expect(card.getByRole('button', { name: 'Plan', exact: true })).toBeDisabled();
    const first = await newDigest(page);
    const target = `${stack.own}/edited/taken:1`;
    await plan(page, target);
    await carryOut(page);
    await expect(card.locator('.panel.verified .digest')).toContainText(first.slice(7, 19));
    // Once the draft is another one, what was pushed is no longer shown as if it were that.
    await add('two.bin');
    await expect(card.locator('.panel.verified')).toHaveCount(0, { timeout: 60_000 });
    await expect.poll(() => newDigest(page), { timeout: 60_000 }).not.toBe(first);
    expect(digestOf(target)).toBe(first);
  });
});

test('one file patched from the files view', async ({ page, stack }) => {
  const source = `${stack.registry}/debian:demo`;
  await page.goto(`/${source}/-/files/usr/lib/os-release`);
  await page.getByRole('button', { name: 'Edit text' }).click();
  const area = page.getByLabel('Text of the file');
  const before = await area.inputValue();
  await area.fill(before.replace('bookworm', 'drydock'));
  const difference = page.locator('.editor .diff');
  await expect(difference.locator('.removed')).toContainText('bookworm');
  await expect(difference.locator('.added')).toContainText('drydock');
  await page.getByRole('button', { name: 'Put it into the draft' }).click();
  await page.getByRole('link', { name: /See what becomes of it/ }).click();
  const digest = await newDigest(page);
  const target = `${stack.own}/edited/debian:hotfix`;
  await plan(page, target);
  // Nothing of the base is sent again that the target can have otherwise.
  await carryOut(page);
  const name = target.replace('127.0.0.1', 'localhost');
  expect(crane('digest', '--insecure', name).trim()).toBe(digest);
  crane('validate', '--insecure', '--remote', name);
  const file = run('sh', ['-c', `crane export --insecure ${name} - | tar -xOf - usr/lib/os-release`]);
  expect(file).toBe(before.replace('bookworm', 'drydock'));
  const listing = run('sh', ['-c', `crane blob --insecure ${name.replace(/:hotfix$/, '')}@$(crane manifest --insecure ${name} | python3 -c 'import json,sys; print(json.load(sys.stdin)["layers"][-1]["digest"])') | tar -tvzf -`]);
  expect(listing.trim().split('\n').length).toBe(3);
});

test('flattened to one layer, with the same tree', async ({ page, stack }) => {
  const source = `${stack.registry}/whiteouts:1`;
  await openEditor(page, source);
  await form(page, 'Flatten');
  await submit(page);
  const digest = await newDigest(page);
  const target = `${stack.registry}/edited/whiteouts:flat`;
  await plan(page, target);
  await carryOut(page);
  expect(crane('digest', '--insecure', target).trim()).toBe(digest);
  const manifest = JSON.parse(crane('manifest', '--insecure', target)) as { layers: unknown[] };
  expect(manifest.layers.length).toBe(1);
  const tree = (reference: string) =>
    run('sh', ['-c', `crane export --insecure ${reference} - | tar -tf - | sed 's:/$::' | sort`]);
  expect(tree(target)).toBe(tree(source));
});

test('an index put on another base, all platforms', async ({ page, stack }) => {
  const registry = stack.registry;
  await inFolder(async (folder) => {
    const layer = (name: string, content: string) => {
      const file = join(folder, name);
      writeFileSync(file, content);
      run('tar', ['--sort=name', '--owner=0', '--group=0', '--mtime=@1700000000', '-C', folder, '-czf', `${file}.tgz`, name]);
      return `${file}.tgz`;
    };
    const build = (tag: string, layers: string[]) => {
      const children = ['amd64', 'arm64'].map((arch) => {
        const child = `${registry}/rebase/${tag}:${arch}`;
        crane('append', '--insecure', '--oci-empty-base', '-t', child, ...layers.flatMap((one) => ['-f', one]));
        crane('mutate', '--insecure', '--set-platform', `linux/${arch}`, '-t', child, child);
        return child;
      });
      const index = `${registry}/rebase/${tag}:all`;
      crane('index', 'append', '--insecure', ...children.flatMap((child) => ['-m', child]), '-t', index);
      return index;
    };
    const old = layer('base-1', 'one');
    build('base1', [old]);
    build('base2', [layer('base-2', 'two')]);
    const app = build('app', [old, layer('app', 'app')]);

    await openEditor(page, app);
    const dialog = await form(page, 'Rebase');
    const fields = dialog.getByRole('textbox');
    await fields.nth(0).fill(`${registry}/rebase/base1:all`);
    await fields.nth(1).fill(`${registry}/rebase/base2:all`);
    await submit(page);
    const digest = await newDigest(page);
    const target = `${registry}/rebase/app:rebased`;
    await plan(page, target);
    await carryOut(page);
    expect(crane('digest', '--insecure', target).trim()).toBe(digest);
    for (const arch of ['amd64', 'arm64']) {
      const listing = run('sh', ['-c', `crane export --insecure --platform linux/${arch} ${target} - | tar -tf - | sort`]);
      expect(listing.trim().split('\n')).toEqual(['app', 'base-2']);
    }
  });
});

test('a base that asks for a login is waited for, and taken once somebody has logged in', async ({ page, stack }) => {
  const base = `${stack.faulty}/fault/basic/sample/hello:latest`;
  await openEditor(page, `${stack.registry}/whiteouts:1`);
  const rebase = await form(page, 'Rebase');
  await rebase.getByRole('textbox').nth(0).fill(`${stack.registry}/whiteouts:1`);
  await rebase.getByRole('textbox').nth(1).fill(base);
  await submit(page);
  const problem = page.getByRole('alert');
  await expect(problem).toContainText(/log ?in/i);
  await problem.getByRole('button', { name: 'Log in' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText(stack.faulty);
  await dialog.getByLabel(/user/i).fill('demo');
  await dialog.getByLabel(/password|token/i).fill('secret');
  await dialog.getByRole('button', { name: /log in/i }).click();
  await expect(page.locator('.edit-row')).toContainText('sample/hello');
  // What is not wanted any more is given up, and nothing of it stays.
  await page.getByRole('button', { name: 'Undo' }).click();
  const again = await form(page, 'Rebase');
  await again.getByRole('textbox').nth(0).fill(`${stack.registry}/whiteouts:1`);
  await again.getByRole('textbox').nth(1).fill(`${stack.faulty}/no/such:image`);
  await submit(page);
  await problem.getByRole('button', { name: 'Discard' }).click();
  await expect(problem).toHaveCount(0);
  await expect(page.locator('.edit-row')).toHaveCount(0);
});

test('six platforms flattened at once, each with layers of its own', async ({ page, stack }) => {
  const repository = `${stack.registry}/edited/six`;
  await inFolder(async (folder) => {
    const layer = (name: string) => {
      writeFileSync(join(folder, name), name.repeat(4096));
      run('tar', ['--owner=0', '--group=0', '--mtime=@1700000000', '-C', folder, '-czf', join(folder, `${name}.tgz`), name]);
      return join(folder, `${name}.tgz`);
    };
    const children = ['amd64', 'arm64', 'ppc64le', 'riscv64', 's390x', 'mips64le'].map((arch) => {
      const child = `${repository}:${arch}`;
      crane('append', '--insecure', '--oci-empty-base', '-t', child, '-f', layer(`one-${arch}`), '-f', layer(`two-${arch}`));
      crane('mutate', '--insecure', '--set-platform', `linux/${arch}`, '-t', child, child);
      return child;
    });
    crane('index', 'append', '--insecure', ...children.flatMap((child) => ['-m', child]), '-t', `${repository}:all`);
  });
  await openEditor(page, `${repository}:all`);
  await form(page, 'Flatten');
  await submit(page);
  const digest = await newDigest(page, 60_000);
  await plan(page, `${repository}:flat`);
  await carryOut(page);
  expect(crane('digest', '--insecure', `${repository}:flat`).trim()).toBe(digest);
  const listing = run('sh', ['-c', `crane export --insecure --platform linux/s390x ${repository}:flat - | tar -tf -`]);
  expect(listing.trim().split('\n')).toEqual(['one-s390x', 'two-s390x']);
});

/** Adds a file of random bytes as a layer, pushes it slowly, and reloads the page in the middle. */
async function pushAndReload(page: Page, source: string, target: string): Promise<{ digest: string; patches: () => number }> {
  return inFolder(async (folder) => {
    const file = join(folder, 'large.bin');
    run('sh', ['-c', `head -c 96000000 /dev/urandom > ${file}`]);
    await openEditor(page, source);
    const files = await form(page, 'Add files');
    await files.locator('input[type=file]').first().setInputFiles(file);
    await submit(page);
    const digest = await newDigest(page);
    await plan(page, target);
    let sent = 0;
    page.on('request', (request) => {
      if (request.method() === 'PATCH') sent += 1;
    });
    const network = await page.context().newCDPSession(page);
    const upload = (uploadThroughput: number) =>
      network.send('Network.emulateNetworkConditions', {
        offline: false,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput,
      });
    await upload(12e6);
    await page.getByRole('button', { name: /^Push/ }).click();
    await expect.poll(() => sent, { timeout: 60_000 }).toBeGreaterThan(2);
    await page.waitForTimeout(700);
    await page.reload();
    await upload(-1);
    // No tag before all that it needs is there.
    expect(() => crane('digest', '--insecure', target.replace('127.0.0.1', 'localhost'))).toThrow();
    sent = 0;
    await newDigest(page);
    await plan(page, target);
    await carryOut(page);
    expect(crane('digest', '--insecure', target.replace('127.0.0.1', 'localhost')).trim()).toBe(digest);
    return { digest, patches: () => sent };
  });
}

test('an upload that a reload broke off goes on where it stopped', async ({ page, stack }) => {
  const { patches } = await pushAndReload(page, `${stack.registry}/whiteouts:1`, `${stack.own}/edited/large:1`);
  // 96 MB are six chunks; those that had arrived were not sent again.
  expect(patches()).toBeLessThan(6);
  expect(patches()).toBeGreaterThan(0);
});

test('a registry that gives a broken upload up gets it anew', async ({ page, stack }) => {
  // docker-registry cancels an upload whose last chunk was cut, so that nothing is left to go on with.
  const { patches } = await pushAndReload(page, `${stack.registry}/whiteouts:1`, `${stack.registry}/edited/large:1`);
  expect(patches()).toBeGreaterThanOrEqual(6);
});
