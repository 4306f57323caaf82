// Whatever is killed in the middle of a push: the old tag stays what it was, and the second try sends
// only what is missing.
import { Page } from '@playwright/test';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { carryOut, form, newDigest, openEditor, plan, submit } from '../support/editing';
import { digestOf, judged } from '../support/moving';
import { freePort, Running } from '../support/process';
import { dockerRegistry, drydock, expect, test } from '../support/stack';
import { crane, inFolder, run, skopeo } from '../support/tools';

const SMALL = 2_000_000;
const LARGE = 64_000_000;

/** A server and a registry that are this test's own, so that they can be killed. */
interface Victims {
  server: () => Promise<Running>;
  registry: () => Promise<Running>;
  own: string;
  host: string;
}

async function victims(folder: string): Promise<Victims> {
  const [own, port] = [await freePort(), await freePort()];
  mkdirSync(join(folder, 'registry'));
  return {
    server: () => drydock(own, join(folder, 'scratch'), [port]),
    registry: () => dockerRegistry(folder, port, folder),
    own: `127.0.0.1:${own}`,
    host: `localhost:${port}`,
  };
}

/** Adds a file of random bytes as a layer. */
async function addFile(page: Page, folder: string, name: string, size: number): Promise<void> {
  const file = join(folder, name);
  run('sh', ['-c', `head -c ${size} /dev/urandom > ${file}`]);
  const files = await form(page, 'Add files');
  await files.locator('input[type=file]').first().setInputFiles(file);
  await submit(page);
  await expect(page.locator('.becomes')).toContainText(`add ${name}`);
}

/** Limits how fast the page can send, in bytes per second; -1 for no limit. */
async function uplink(page: Page, uploadThroughput: number): Promise<void> {
  const network = await page.context().newCDPSession(page);
  await network.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput,
  });
}

for (const [what, target] of [
  ['the server', 'docker-registry'],
  ['the registry', 'docker-registry'],
  ['the server and its scratch registry', 'scratch'],
] as const) {
  test(`${what} is killed while an image goes to ${target}`, async ({ page, stack }) => {
    await inFolder(async (folder) => {
      const own = await victims(folder);
      let [registry, server] = [await own.registry(), await own.server()];
      try {
        const image = `${target === 'scratch' ? own.own : own.host}/app:1`;
        skopeo(
          'copy', '--src-tls-verify=false', '--dest-tls-verify=false',
          `docker://${stack.registry}/whiteouts:1`, `docker://${judged(image)}`,
        );
        const before = digestOf(image);
        await openEditor(page, image, `http://${own.own}`);
        await addFile(page, folder, 'small.bin', SMALL);
        await addFile(page, folder, 'large.bin', LARGE);
        const digest = await newDigest(page);
        await plan(page, image);

        const card = page.getByRole('region', { name: 'Push plan' });
        let sent = 0;
        page.on('request', (request) => {
          if (request.method() === 'PATCH') sent += 1;
        });
        await uplink(page, 12e6);
        await card.getByRole('button', { name: /^Push/ }).click();
        // The small layer is there, and some of the large one.
        await expect(card.locator('li', { hasText: 'MB' }).filter({ hasText: 'sent' })).toHaveCount(1);
        await expect.poll(() => sent, { timeout: 60_000 }).toBeGreaterThan(3);
        if (what === 'the registry') await registry.kill();
        else await server.kill();

        const retry = card.getByRole('button', { name: 'Retry' });
        await expect(retry).toBeVisible({ timeout: 90_000 });
        await expect(card).toContainText('no tag was set before all that it needs was there');
        if (what === 'the registry') registry = await own.registry();
        else server = await own.server();
        expect(digestOf(image)).toBe(before);

        await uplink(page, -1);
        sent = 0;
        await retry.click();
        await expect(card.locator('.rows.plan')).toBeVisible({ timeout: 60_000 });
        // One of the two layers is still to be sent.
        await expect(card.locator('.rows.plan li', { hasText: 'upload' })).toContainText(/1 layer\b/);
        await carryOut(page);
        expect(digestOf(image)).toBe(digest);
        crane('validate', '--insecure', '--remote', judged(image));
        // The large layer are four chunks. Both registries give an upload up whose chunk was cut; it
        // is asked for first, so that no chunk is sent in vain.
        expect(sent).toBeLessThanOrEqual(4);
      } finally {
        await Promise.all([registry.kill(), server.kill()]);
      }
    });
  });
}
