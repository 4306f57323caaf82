// A draft that comes as a link, and whose digest is known: what is built natively is built here too.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { carryOut, newDigest, plan } from '../support/editing';
import { digestOf } from '../support/moving';
import { expect, test } from '../support/stack';
import { inFolder } from '../support/tools';

interface FixedDraft {
  image: { root: string; manifests: string[]; blobs: Record<string, string> };
  files: { name: string; content: string }[];
  draft: { base: { image: string } };
  expected: { root: string; artifact: string };
}

const fixed = JSON.parse(
  readFileSync(new URL('../../data/fixed-draft.json', import.meta.url), 'utf8'),
) as FixedDraft;

/** Puts the image that the draft is about into a registry, by its API. */
async function store(repository: string): Promise<void> {
  const [host = '', name = ''] = repository.split(/\/(.*)/);
  const api = `http://${host}/v2/${name}`;
  for (const [digest, content] of Object.entries(fixed.image.blobs)) {
    const body = Buffer.from(content, 'base64');
    const answer = await fetch(`${api}/blobs/uploads/?digest=${digest}`, { method: 'POST', body });
    expect(answer.status, digest).toBe(201);
  }
  for (const body of fixed.image.manifests) {
    const { mediaType } = JSON.parse(body) as { mediaType: string };
    const tag = body === fixed.image.manifests.at(-1) ? '1' : `part-${body.length}`;
    const headers = { 'content-type': mediaType };
    const answer = await fetch(`${api}/manifests/${tag}`, { method: 'PUT', body, headers });
    expect(answer.status, tag).toBe(201);
  }
}

test('a shared draft, its files supplied again, has the digest that it has everywhere', async ({ page, stack }) => {
  const repository = `${stack.own}/fixed`;
  await store(repository);
  const shared = JSON.parse(JSON.stringify(fixed.draft).replace('registry.example', stack.own)) as object;
  const link = Buffer.from(JSON.stringify(shared)).toString('base64url');
  await page.goto(`/-/drafts#draft=${link}`);
  await page.getByRole('button', { name: 'Open this draft' }).click();
  await expect(page.getByRole('heading', { name: 'Files to be supplied again' })).toBeVisible();
  await inFolder(async (folder) => {
    const files = fixed.files.map(({ content }, at) => {
      // What they are called does not matter.
      const path = join(folder, `${at}`);
      writeFileSync(path, Buffer.from(content, 'base64'));
      return path;
    });
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose files…' }).click();
    await (await chooser).setFiles(files);
    await expect.poll(() => newDigest(page)).toBe(fixed.expected.root);
  });
  await plan(page, `${repository}:2`);
  await carryOut(page);
  expect(digestOf(`${repository}:2`)).toBe(fixed.expected.root);
  const referrers = await fetch(`http://${stack.own}/v2/fixed/referrers/${fixed.expected.root}`);
  const list = (await referrers.json()) as { manifests: { digest: string }[] };
  expect(list.manifests.map(({ digest }) => digest)).toEqual([fixed.expected.artifact]);
});
