// Tags are looked up, added and deleted, and what a registry does not do is told.
import { Page } from '@playwright/test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { watch } from '../support/look';
import { digestOf, judged, tagsOf } from '../support/moving';
import { expect, test } from '../support/stack';
import { crane, inFolder, run } from '../support/tools';

/** Opens the tags of an image's repository and chooses some. */
async function choose(page: Page, reference: string, ...tags: string[]): Promise<void> {
  await page.goto(`/${reference}/-/tags`);
  for (const tag of tags) await page.getByLabel(`Choose ${tag}`, { exact: true }).check();
}

test('tags are added, and the list has them', async ({ page, stack }) => {
  const problems = watch(page);
  const image = `${stack.registry}/tagged/app:1.0`;
  crane('copy', '--insecure', `${stack.registry}/whiteouts:1`, image);
  const digest = digestOf(image);
  await choose(page, image, '1.0');
  await page.getByRole('button', { name: 'Digests', exact: true }).click();
  await expect(page.locator('.taglist .digest [title]').first()).toHaveAttribute('title', digest);
  await page.getByRole('button', { name: 'Add tags…' }).click();
  await page.getByLabel('New tags, with spaces between').fill('1 latest');
  const card = page.getByRole('region', { name: 'Tag plan' });
  await card.getByRole('button', { name: 'Plan', exact: true }).click();
  await expect(card.locator('.rows.plan')).toContainText('latest', { timeout: 60_000 });
  expect(tagsOf(`${stack.registry}/tagged/app`)).toEqual(['1.0']);
  await card.getByRole('button', { name: 'Tag', exact: true }).click();
  await expect(card.locator('.panel.verified')).toBeVisible();
  for (const tag of ['1', 'latest']) {
    expect(digestOf(`${stack.registry}/tagged/app:${tag}`)).toBe(digest);
    await expect(page.getByLabel(`Choose ${tag}`, { exact: true })).toBeVisible();
  }
  expect(problems).toEqual([]);
});

test('docker-registry deletes no tags, which is told, but manifests', async ({ page, stack }) => {
  const repository = `${stack.registry}/deleted/app`;
  await inFolder(async (folder) => {
    crane('copy', '--insecure', `${stack.registry}/whiteouts:1`, `${repository}:1`);
    crane('tag', '--insecure', `${repository}:1`, 'latest');
    writeFileSync(join(folder, 'note.txt'), 'a note\n');
    run(
      'oras',
      ['attach', '--plain-http', '--artifact-type', 'text/plain', `${repository}:1`, 'note.txt'],
      { cwd: folder },
    );
    await choose(page, `${repository}:1`, '1');
    await page.getByRole('button', { name: 'Delete tag…' }).click();
    await page.getByRole('button', { name: `Delete tag ${repository}:1` }).click();
    const card = page.locator('.deleting');
    await expect(card).toContainText('The registry does not delete tags');
    await expect(card).toContainText(/would remove all its tags: (1, latest|latest, 1)/);
    expect(tagsOf(repository)).toContain('1');

    await card.getByRole('button', { name: 'Look at deleting the manifest' }).click();
    await expect(card.locator('.rows.plan')).toContainText('latest');
    await expect(card.locator('.rows.plan')).toContainText('1 referrer');
    expect(tagsOf(repository)).toContain('latest');
    await card.getByRole('button', { name: /^Delete manifest / }).click();
    await expect(card.locator('.badge.verified')).toHaveText('deleted');
    expect(() => digestOf(`${repository}:latest`)).toThrow();
    await expect(page.getByLabel('Choose latest', { exact: true })).toHaveCount(0);
  });
});

test('a referrer goes from the list of them that clients keep', async ({ page, stack }) => {
  const repository = `${stack.registry}/listed/app`;
  await inFolder(async (folder) => {
    crane('copy', '--insecure', `${stack.registry}/whiteouts:1`, `${repository}:1`);
    writeFileSync(join(folder, 'note.txt'), 'a note\n');
    const attach = ['attach', '--plain-http', '--artifact-type', 'text/plain', '--format', 'json'];
    const said = run('oras', [...attach, `${repository}:1`, 'note.txt'], { cwd: folder });
    const { digest } = JSON.parse(said) as { digest: string };
    crane('tag', '--insecure', `${repository}@${digest}`, 'note');
    await choose(page, `${repository}:1`, 'note');
    await page.getByRole('button', { name: 'Delete manifest…' }).click();
    const card = page.locator('.deleting');
    await expect(card.locator('.rows.plan')).toContainText('entry among the referrers of');
    await card.getByRole('button', { name: /^Delete manifest / }).click();
    await expect(card.locator('.badge.verified')).toHaveText('deleted');
    const left = run('oras', ['discover', '--plain-http', '--format', 'json', `${repository}:1`]);
    expect(left).not.toContain(digest);
  });
});

test('the scratch registry deletes a tag, and its manifest stays', async ({ page, stack }) => {
  const repository = `${stack.own}/untagged/app`;
  crane('copy', '--insecure', `${stack.registry}/whiteouts:1`, `${judged(repository)}:1`);
  crane('tag', '--insecure', `${judged(repository)}:1`, '2');
  const digest = digestOf(`${repository}:1`);
  await choose(page, `${repository}:1`, '2');
  await page.getByRole('button', { name: 'Delete tag…' }).click();
  const card = page.locator('.deleting');
  await expect(card).toContainText('which stays');
  await card.getByRole('button', { name: 'Keep' }).click();
  expect(tagsOf(repository)).toEqual(['1', '2']);
  await page.getByRole('button', { name: 'Delete tag…' }).click();
  await page.getByRole('button', { name: `Delete tag ${repository}:2` }).click();
  await expect(card.locator('.badge.verified')).toHaveText('deleted');
  await expect(page.getByLabel('Choose 2', { exact: true })).toHaveCount(0);
  expect(tagsOf(repository)).toEqual(['1']);
  expect(digestOf(`${repository}@${digest}`)).toBe(digest);
});

test('the manifest that a link names by its digest can be deleted, whatever its tags', async ({ page, stack }) => {
  const repository = `${stack.own}/pinned/app`;
  crane('copy', '--insecure', `${stack.registry}/whiteouts:1`, `${judged(repository)}:1`);
  const digest = digestOf(`${repository}:1`);
  await page.goto(`/${repository}@${digest}/-/tags`);
  await page.getByRole('button', { name: `Delete manifest ${digest.slice(0, 19)}…` }).click();
  const card = page.locator('.deleting');
  await expect(card.locator('.rows.plan')).toContainText('goes with it');
  await card.getByRole('button', { name: `Delete manifest ${repository}@${digest}` }).click();
  await expect(card.locator('.badge.verified')).toHaveText('deleted');
  await expect(page.getByLabel('Choose 1', { exact: true })).toHaveCount(0);
  expect(() => digestOf(`${repository}@${digest}`)).toThrow();
});
