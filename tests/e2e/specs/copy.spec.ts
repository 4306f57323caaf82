// Images go to other registries and other tags, and the field's own tools judge what arrives.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { carryOut, plan } from '../support/editing';
import { expectNoSidewaysScroll, watch, watchWidth } from '../support/look';
import { digestOf, judged, openCopy, tagsOf } from '../support/moving';
import { reportOf } from '../support/report';
import { expect, test } from '../support/stack';
import { crane, inFolder, run, save, signWith } from '../support/tools';

interface Discovered {
  digest: string;
  artifactType?: string;
  referrers?: Discovered[];
}

/** Digests of what refers to an image, as oras finds it. */
function referrers(reference: string): string[] {
  const text = run('oras', ['discover', '--plain-http', '--format', 'json', judged(reference)]);
  const all = (one: Discovered): string[] =>
    (one.referrers ?? []).flatMap((referrer) => [referrer.digest, ...all(referrer)]);
  return all(JSON.parse(text) as Discovered).sort();
}

test('an image goes to another registry with all that belongs to it, byte for byte', async ({ page, stack }) => {
  const problems = watch(page);
  await watchWidth(page);
  await inFolder(async (folder) => {
    const source = `${stack.registry}/moved/multi:1`;
    crane('copy', '--insecure', `${stack.registry}/multi:1`, source);
    const digest = digestOf(source);
    writeFileSync(join(folder, 'sbom.json'), '{"bomFormat":"CycloneDX","specVersion":"1.5","version":1}\n');
    run(
      'oras',
      ['attach', '--plain-http', '--artifact-type', 'application/vnd.cyclonedx+json', source, 'sbom.json'],
      { cwd: folder },
    );
    const key = signWith(folder, `${stack.registry}/moved/multi@${digest}`);
    const attached = referrers(source);
    expect(attached.length).toBeGreaterThan(0);

    await openCopy(page, source);
    const field = page.getByLabel('to', { exact: true });
    await expect(field).toHaveValue(/\/moved\/multi:1$/);
    await expectNoSidewaysScroll(page);
    const target = `${stack.own}/mirrored/multi:1`;
    await plan(page, target, 'Copy');
    await expect(page).toHaveURL(/[?&]to=[^&]*mirrored/);
    // Nothing was sent for the plan.
    expect(tagsOf(`${stack.own}/mirrored/multi`)).toEqual([]);
    await carryOut(page, 'Copy');

    expect(digestOf(target)).toBe(digest);
    for (const platform of ['linux/amd64', 'linux/arm64']) {
      const of = (reference: string) => digestOf(reference, '--platform', platform);
      expect(of(target)).toBe(of(source));
    }
    const host = `reg=${judged(stack.own)},tls=disabled`;
    const head = run('regctl', ['--host', host, 'manifest', 'head', judged(target)]);
    expect(head.trim()).toBe(digest);
    crane('validate', '--insecure', '--remote', judged(target));
    expect(referrers(target)).toEqual(attached);
    run('cosign', [
      'verify', '--key', key, '--insecure-ignore-tlog', '--allow-insecure-registry',
      `${judged(stack.own)}/mirrored/multi@${digest}`,
    ]);

    // The second time there is nothing to do.
    await plan(page, target, 'Copy');
    const card = page.getByRole('region', { name: 'Copy plan' });
    await expect(card).toContainText('The target has all of it already');
    await expect(card.getByRole('button', { name: /^Copy/ })).toHaveCount(0);

    // The link keeps the target, and the image verifies where it is now.
    await page.reload();
    await expect(field).toHaveValue(target);
    await page.goto(`/${target}/-/verify`);
    expect((await reportOf(page)).verdict).toBe('verified');
  });
  expect(problems).toEqual([]);
});

test('d9: layers go from registry to registry and not through the tab', async ({ page, stack }) => {
  const problems = watch(page);
  const source = `${stack.registry}/multi:1`;
  const manifest = JSON.parse(crane('manifest', '--insecure', '--platform', 'linux/amd64', source));
  const layers = (manifest.layers as { digest: string }[]).map((layer) => layer.digest);
  const ordered: string[] = [];
  const read: string[] = [];
  page.context().on('request', (request) => {
    const from = request.headers()['x-drydock-from'];
    const digest = /\/blobs\/(sha256:[0-9a-f]{64})$/.exec(from ?? request.url())?.[1] ?? '';
    if (from !== undefined) ordered.push(digest);
    else if (request.method() === 'GET' && layers.includes(digest)) read.push(digest);
  });
  await openCopy(page, source);
  await plan(page, `${stack.own}/relayed/multi:1`, 'Copy');
  await carryOut(page, 'Copy');
  for (const layer of layers) expect(ordered).toContain(layer);
  // Nothing is called verified here that this tab has not read.
  await expect(page.getByRole('region', { name: 'Copy plan' })).toContainText('did not pass this tab');
  expect(read).toEqual([]);
  crane('validate', '--insecure', '--remote', judged(`${stack.own}/relayed/multi:1`));
  expect(problems).toEqual([]);
});

test('d9: a source that gives other bytes is named, and nothing of it becomes a blob', async ({ page, stack }) => {
  await openCopy(page, `${stack.faulty}/fault/flip-layer/sample/hello:latest`);
  await plan(page, `${stack.own}/relayed/flipped:1`, 'Copy');
  const card = page.getByRole('region', { name: 'Copy plan' });
  await card.getByRole('button', { name: /^Copy/ }).click();
  const failed = card.locator('.panel.failed');
  await expect(failed).toContainText('was asked for the blob sha256:', { timeout: 60_000 });
  await expect(failed).toContainText(stack.faulty);
  await expect(failed).toContainText('it was not passed on.');
  expect(tagsOf(`${stack.own}/relayed/flipped`)).toEqual([]);
});

test('one platform of an image, without what refers to it', async ({ page, stack }) => {
  const source = `${stack.registry}/multi:1`;
  const target = `${stack.own}/single/multi:arm64`;
  await openCopy(page, source, '?platform=linux%2Farm64');
  await page.getByLabel(/^Only linux\/arm64/).check();
  await page.getByLabel(/^With signatures/).uncheck();
  await expect(page.locator('.rows.commands').first()).toContainText('--platform=linux/arm64');
  await plan(page, target, 'Copy');
  await carryOut(page, 'Copy');
  expect(digestOf(target)).toBe(digestOf(source, '--platform', 'linux/arm64'));
});

test('all tags that are like a pattern, and those that the target has stay', async ({ page, stack }) => {
  const from = `${stack.registry}/several/app`;
  const to = `${stack.own}/several/app`;
  crane('copy', '--insecure', `${stack.registry}/whiteouts:1`, `${from}:1.0`);
  crane('tag', '--insecure', `${from}:1.0`, '1.1');
  crane('tag', '--insecure', `${from}:1.0`, '2.0');
  crane('copy', '--insecure', `${stack.registry}/app:gzip`, `${judged(to)}:1.0`);
  const kept = digestOf(`${to}:1.0`);
  await openCopy(page, `${from}:1.0`);
  await page.getByLabel('All tags of the repository').check();
  await page.getByLabel('Only those like').fill('1.*');
  await expect(page.getByLabel('Leave tags that the target has')).toBeChecked();
  await plan(page, `${to}:any`, 'Copy');
  await carryOut(page, 'Copy');
  expect(tagsOf(to)).toEqual(['1.0', '1.1']);
  expect(digestOf(`${to}:1.0`)).toBe(kept);
  expect(digestOf(`${to}:1.1`)).toBe(digestOf(`${from}:1.1`));

  // Nothing is left that the target does not have.
  const card = page.getByRole('region', { name: 'Copy plan' });
  await card.getByRole('button', { name: 'Plan', exact: true }).click();
  await expect(card.getByRole('alert')).toContainText('No tag is like 1.*');
});

test('a tag that stands for something else is told before it is overwritten', async ({ page, stack }) => {
  const target = `${stack.own}/taken/app:1`;
  crane('copy', '--insecure', `${stack.registry}/whiteouts:1`, judged(target));
  await openCopy(page, `${stack.registry}/app:gzip`);
  await plan(page, target, 'Copy');
  await expect(page.locator('.rows.plan .badge.warning')).toContainText('and will stand for');
  await carryOut(page, 'Copy');
  expect(digestOf(target)).toBe(digestOf(`${stack.registry}/app:gzip`));
});

test('a docker-save tar from disk goes to a registry', async ({ page, stack }) => {
  await inFolder(async (folder) => {
    const tar = join(folder, 'saved.tar');
    mkdirSync(join(folder, 'x'));
    crane('pull', '--insecure', '--platform', 'linux/amd64', `${stack.registry}/app:gzip`, tar);
    await page.goto('/');
    await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
    await page.getByLabel('Choose file…').last().setInputFiles(tar);
    await page.waitForURL(/\/-\/local\//);
    await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
    await page.getByRole('link', { name: 'Copy', exact: true }).click();
    const target = `${stack.registry}/from-disk/app:1`;
    await plan(page, target, 'Copy');
    await carryOut(page, 'Copy');
    crane('validate', '--insecure', '--remote', target);
    const diffIds = (reference: string) =>
      (JSON.parse(crane('config', '--insecure', reference)) as { rootfs: { diff_ids: string[] } }).rootfs.diff_ids;
    expect(diffIds(target)).toEqual(diffIds(`${stack.registry}/app:gzip`));
  });
});

test('plain layers are named before they are sent, and packed where that is wanted', async ({ page, stack }) => {
  await inFolder(async (folder) => {
    const tar = join(folder, 'saved.tar');
    save(`${stack.registry}/app:gzip`, `docker-archive:${tar}:example.com/app:1`);
    await page.goto('/');
    await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
    await page.getByLabel('Choose file…').last().setInputFiles(tar);
    await page.waitForURL(/\/-\/local\//);
    await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
    await page.getByRole('link', { name: 'Copy', exact: true }).click();
    const target = `${stack.registry}/packed/app:1`;
    await plan(page, target, 'Copy');
    const card = page.locator('.card', { has: page.getByRole('heading', { name: 'Not compressed' }) });
    await expect(card).toContainText('not compressed, as docker save leaves layers');
    await card.getByRole('button', { name: 'Pack them with gzip first' }).click();
    await page.waitForURL(/\/-\/edit$/);
    await expect(page.getByRole('region', { name: 'Push plan' }).getByLabel('to', { exact: true })).toHaveValue(target);
    await expect(page.locator('.becomes dd').first().locator('.digest')).toBeVisible({ timeout: 60_000 });
    await plan(page, target, 'Push');
    await carryOut(page, 'Push');
    crane('validate', '--insecure', '--remote', target);
    type Manifest = { layers: { mediaType: string }[] };
    const { layers } = JSON.parse(crane('manifest', '--insecure', target)) as Manifest;
    for (const layer of layers) expect(layer.mediaType).toMatch(/gzip$/);
    const diffIds = (reference: string) =>
      (JSON.parse(crane('config', '--insecure', reference)) as { rootfs: { diff_ids: string[] } }).rootfs.diff_ids;
    expect(diffIds(target)).toEqual(diffIds(`${stack.registry}/app:gzip`));
  });
});

test('by keyboard, on a narrow page, to nowhere', async ({ page, stack }) => {
  await watchWidth(page);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`/${stack.own}/sample/hello:latest`);
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  await page.keyboard.press('g');
  await page.keyboard.press('c');
  await expect(page).toHaveURL(/\/-\/copy$/);
  const card = page.getByRole('region', { name: 'Copy plan' });
  // The image lies in the scratch registry already, so nothing is suggested.
  await expect(card.getByLabel('to', { exact: true })).toHaveValue('');
  await expect(card.getByRole('button', { name: 'Plan', exact: true })).toBeDisabled();
  await card.getByLabel('to', { exact: true }).fill('no reference at all');
  await card.getByRole('button', { name: 'Plan', exact: true }).click();
  await expect(card.getByRole('alert')).toBeVisible();
  await expectNoSidewaysScroll(page);
});
