// The merged tree of every image that real tools made is what umoci unpacks.
import { readFileSync } from 'node:fs';
import { differences, parseListing } from '../support/listing';
import { errors, verify } from '../support/report';
import { expect, imagesIn, test } from '../support/stack';
import { treeOnDisk } from '../support/tree';

const images = imagesIn(process.env.DRYDOCK_IMAGES ?? '.');

for (const image of images.filter((image) => image.platform)) {
  test(`${image.name}: ${image.what}: tree as umoci unpacks it`, async ({ page, stack }) => {
    const query = `?platform=${encodeURIComponent(image.platform ?? '')}`;
    await page.goto(`/${stack.registry}/${image.repository}/-/files${query}`);
    const button = page.getByRole('button', { name: 'Download listing' });
    await expect(button).toBeEnabled({ timeout: 60_000 });
    const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
    const listed = parseListing(readFileSync(await download.path(), 'utf8'));
    // What a tool adds to its layers for itself is not listed where the layer is not read.
    const own = /^(stargz\.index\.json|\.(no\.)?prefetch\.landmark)$/;
    const onDisk = treeOnDisk(image.rootfs).filter((entry) => !own.test(entry.path));
    expect(differences(listed, onDisk).slice(0, 20)).toEqual([]);
    const bytes = (entry: (typeof listed)[number]) =>
      entry.pathHex ? Buffer.from(entry.pathHex, 'hex') : Buffer.from(entry.path, 'utf8');
    const sorted = [...listed].sort((a, b) => Buffer.compare(bytes(a), bytes(b)));
    expect(listed.map((entry) => entry.path)).toEqual(sorted.map((entry) => entry.path));
    const odd = listed.filter((entry) => entry.path.startsWith('/') || !((entry.layer ?? 0) >= 1));
    expect(odd).toEqual([]);
  });
}

const repositories = [...new Set(images.map((image) => image.repository))];
for (const repository of repositories) {
  test(`${repository} verifies`, async ({ page, stack }) => {
    const report = await verify(page, `${stack.registry}/${repository}`);
    expect(errors(report), JSON.stringify(report.findings, null, 1)).toEqual([]);
    expect(report.verdict).toBe('verified');
    expect(report.blobs.length).toBeGreaterThan(1);
    expect(report.blobs.every((blob) => blob.verdict === 'verified')).toBe(true);
    expect(report.bytes).toBe(report.blobs.reduce((sum, blob) => sum + blob.size, 0));
  });
}
