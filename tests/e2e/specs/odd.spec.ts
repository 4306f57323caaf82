// What registries and images do that nobody expects: look-ups that lead nowhere, layers that are no
// tars, indexes of blobs. The images are put into the server's own registry by its API.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, test } from '../support/stack';
import { watch } from '../support/look';
import { reportOf } from '../support/report';

const OCI = 'application/vnd.oci.image.';

function sha(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A tar with one small file. */
function tar(name: string, text: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write(`${text.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('0ustar\u000000', 156);
  header.write('ustar\u000000', 257);
  header.fill(' ', 148, 156);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const body = Buffer.alloc(512);
  body.write(text);
  return Buffer.concat([header, body, Buffer.alloc(1024)]);
}

/** Puts blobs and documents into a repository. */
class Repository {
  constructor(private readonly base: string, readonly name: string) {}

  async blob(bytes: Buffer, mediaType: string): Promise<object> {
    const digest = sha(bytes);
    const url = `${this.base}/v2/${this.name}/blobs/uploads/?digest=${digest}`;
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/octet-stream' },
      body: new Uint8Array(bytes),
    });
    expect(answer.status).toBe(201);
    return { mediaType, digest, size: bytes.length };
  }

  async document(value: { mediaType: string }, tag: string): Promise<void> {
    const answer = await fetch(`${this.base}/v2/${this.name}/manifests/${tag}`, {
      method: 'PUT',
      headers: { 'Content-Type': value.mediaType },
      body: JSON.stringify(value),
    });
    expect(answer.status).toBe(201);
  }
}

test('a layer that is encrypted is named, not judged', async ({ page, stack }) => {
  const problems = watch(page);
  const repository = new Repository(`http://${stack.own}`, 'odd/encrypted');
  const below = tar('below', 'shown');
  const layers = [
    await repository.blob(gzipSync(below), `${OCI}layer.v1.tar+gzip`),
    await repository.blob(Buffer.alloc(1280, 7), `${OCI}layer.v1.tar+gzip+encrypted`),
  ];
  const config = {
    os: 'linux',
    architecture: 'amd64',
    rootfs: { type: 'layers', diff_ids: [sha(below), sha(Buffer.from('plain'))] },
  };
  await repository.document(
    {
      schemaVersion: 2,
      mediaType: `${OCI}manifest.v1+json`,
      config: await repository.blob(Buffer.from(JSON.stringify(config)), `${OCI}config.v1+json`),
      layers,
    } as { mediaType: string },
    '1',
  );
  const image = `/${stack.own}/${repository.name}:1`;
  await page.goto(`${image}/-/verify`);
  await expect(page.locator('[data-verify]')).toHaveAttribute('data-verify', 'incomplete', { timeout: 60_000 });
  await expect(page.locator('.panel')).toContainText('Layer 2 is not shown: it is encrypted');
  const report = await reportOf(page);
  expect(report.findings.map((finding: { rule: string }) => finding.rule)).toEqual(['layer.not-shown']);
  await page.goto(`${image}/-/files/below`);
  await expect(page.getByRole('tree')).toBeVisible({ timeout: 60_000 });
  await expect(page.locator('main')).toContainText('Layer 2 is not shown: it is encrypted');
  await expect(page.locator('main')).toContainText('shown');
  await page.goto(`${image}/-/layers?layer=2`);
  await expect(page.locator('main')).toContainText('Layer 2 is not shown: it is encrypted');
  expect(problems).toEqual([]);
});

test('a build cache is verified and named for what it is', async ({ page, stack }) => {
  const repository = new Repository(`http://${stack.own}`, 'odd/cache');
  const manifests = [
    await repository.blob(gzipSync(tar('a', 'a')), `${OCI}layer.v1.tar+gzip`),
    await repository.blob(Buffer.from('{"layers":[]}'), 'application/vnd.buildkit.cacheconfig.v0'),
  ];
  const index = { schemaVersion: 2, mediaType: `${OCI}index.v1+json`, manifests };
  await repository.document(index, '1');
  const image = `/${stack.own}/${repository.name}:1`;
  await page.goto(`${image}/-/verify`);
  await expect(page.locator('[data-verify]')).toHaveAttribute('data-verify', 'verified', { timeout: 60_000 });
  await expect(page.getByRole('row')).toHaveCount(4);
  await page.goto(image);
  await expect(page.locator('main')).toContainText('build cache');
});

for (const [fault, said] of [
  ['no-look-ups', 'What refers to the image is not known'],
  ['pages-for-all-else', "Whether there are signatures under cosign's tags is not known"],
] as const) {
  test(`look-ups that lead nowhere fail nothing, and are told in the graph: ${fault}`, async ({ page, stack }) => {
    const image = `/${stack.faulty}/fault/${fault}/sample/hello:latest`;
    await page.goto(`${image}/-/verify`);
    await expect(page.locator('[data-verify]')).toHaveAttribute('data-verify', 'verified', { timeout: 60_000 });
    await page.goto(`${image}/-/graph`);
    await expect(page.locator('main')).toContainText(said);
  });
}
