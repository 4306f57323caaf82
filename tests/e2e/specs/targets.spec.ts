// The registries that people push to, beside the two of the other tests.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { carryOut, form, newDigest, openEditor, plan, submit } from '../support/editing';
import { digestOf } from '../support/moving';
import { freePort, Running, start } from '../support/process';
import { reportOf } from '../support/report';
import { dockerRegistry, drydock, expect, test } from '../support/stack';
import { crane, inFolder, skopeo } from '../support/tools';

const TARGETS: Record<string, (folder: string, port: number) => Promise<Running>> = {
  'distribution 3': (folder, port) => dockerRegistry(folder, port, folder, 'registry'),
  'crane registry serve': (_, port) =>
    start('crane', ['registry', 'serve', '--address', `127.0.0.1:${port}`], `http://127.0.0.1:${port}/v2/`),
};

for (const [name, begin] of Object.entries(TARGETS)) {
  test(`an index with a new file goes to ${name}, with an SBOM attached, and is verified there`, async ({ page, stack }) => {
    await inFolder(async (folder) => {
      mkdirSync(join(folder, 'registry'));
      const [own, port] = [await freePort(), await freePort()];
      const registry = await begin(folder, port);
      const server = await drydock(own, join(folder, 'scratch'), [port]);
      try {
        const image = `localhost:${port}/app:1`;
        skopeo(
          'copy', '--all', '--src-tls-verify=false', '--dest-tls-verify=false',
          `docker://${stack.registry}/multi:1`, `docker://${image}`,
        );
        await openEditor(page, image, `http://127.0.0.1:${own}`);
        writeFileSync(join(folder, 'motd'), 'hello\n');
        const files = await form(page, 'Add files');
        await files.locator('input[type=file]').first().setInputFiles(join(folder, 'motd'));
        await submit(page);
        await expect(page.locator('.becomes')).toContainText('add motd');
        writeFileSync(join(folder, 'app.cdx.json'), '{"bomFormat":"CycloneDX","specVersion":"1.5","version":1}\n');
        const attach = await form(page, 'Attach');
        await attach.locator('input[type=file]').first().setInputFiles(join(folder, 'app.cdx.json'));
        await submit(page);
        await expect(page.locator('.edits')).toContainText('app.cdx.json');
        const digest = await newDigest(page);
        await plan(page, `localhost:${port}/app:2`);
        await carryOut(page);
        expect(digestOf(`localhost:${port}/app:2`)).toBe(digest);
        crane('validate', '--insecure', '--remote', `localhost:${port}/app:2`);
        // None of these keeps a list of referrers: it is under the tag that stands in for it.
        const list = JSON.parse(crane('manifest', '--insecure', `localhost:${port}/app:${digest.replace(':', '-')}`)) as {
          manifests: unknown[];
        };
        expect(list.manifests.length).toBe(1);
        await page.goto(`http://127.0.0.1:${own}/localhost:${port}/app:2/-/verify`);
        const report = await reportOf(page);
        expect(report.verdict).toBe('verified');
      } finally {
        await Promise.all([registry.kill(), server.kill()]);
      }
    });
  });
}
