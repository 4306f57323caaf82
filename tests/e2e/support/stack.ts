// The real thing around each test: the server with its scratch registry, Debian's docker-registry
// with images that the field's own tools made, and a registry that misbehaves where it is told to.
import { test as base } from '@playwright/test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, Running, start } from './process';

export interface RealImage {
  name: string;
  /** `REPOSITORY:TAG` in docker-registry. */
  repository: string;
  /** The platform whose tree was unpacked, if any was. */
  platform: string | undefined;
  what: string;
  /** Where umoci unpacked it. */
  rootfs: string;
}

export interface Stack {
  /** Address of the page. */
  origin: string;
  /** `host:port` of the page and its scratch registry. */
  own: string;
  /** `host:port` of docker-registry. */
  registry: string;
  /** `host:port` of the registry with faults. */
  faulty: string;
  images: RealImage[];
  server: Running;
}

const here = new URL('.', import.meta.url).pathname;

function needed(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the browser tests through cargo xtask test`);
  return value;
}

export function imagesIn(folder: string): RealImage[] {
  const lines = readFileSync(join(folder, 'images.tsv'), 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => {
    const [name = '', repository = '', platform = '-', what = ''] = line.split('\t');
    return {
      name,
      repository,
      platform: platform === '-' ? undefined : platform,
      what,
      rootfs: join(folder, 'rootfs', name),
    };
  });
}

/** Starts docker-registry, or another program with the same options, over the storage in `folder`. */
export async function dockerRegistry(
  folder: string,
  port: number,
  scratch: string,
  program = 'docker-registry',
): Promise<Running> {
  const template = readFileSync(join(here, '../../images/registry.yml'), 'utf8');
  const config = join(scratch, `registry-${port}.yml`);
  const text = template.replaceAll('STORE', join(folder, 'registry')).replaceAll('PORT', String(port));
  writeFileSync(config, text);
  // Exporting traces is on in newer ones unless it is switched off.
  const env = { OTEL_TRACES_EXPORTER: 'none' };
  return start(program, ['serve', config], `http://127.0.0.1:${port}/v2/`, env);
}

/** Starts the server, with a scratch registry in `folder`, and lets it talk to registries on this machine. */
export function drydock(port: number, folder: string, allowed: number[], more: string[] = []): Promise<Running> {
  return start(
    needed('DRYDOCK_BIN'),
    [
      'serve',
      '--listen', '127.0.0.1',
      '--port', String(port),
      ...allowed.flatMap((registry) => ['--allow', `localhost:${registry}`]),
      '--scratch', folder,
      ...more,
    ],
    `http://127.0.0.1:${port}/-/config`,
  );
}

export const test = base.extend<object, { stack: Stack }>({
  stack: [
    async ({}, use) => {
      const folder = needed('DRYDOCK_IMAGES');
      const scratch = mkdtempSync(join(tmpdir(), 'drydock-e2e-'));
      const [own, registry, faulty] = [await freePort(), await freePort(), await freePort()];
      const running: Running[] = [];
      try {
        running.push(await dockerRegistry(folder, registry, scratch));
        running.push(
          await start(
            needed('DRYDOCK_SCRATCH'),
            ['--port', String(faulty)],
            `http://127.0.0.1:${faulty}/v2/`,
          ),
        );
        const server = await drydock(own, join(scratch, 'scratch'), [registry, faulty]);
        running.push(server);
        await use({
          origin: `http://127.0.0.1:${own}`,
          own: `127.0.0.1:${own}`,
          registry: `localhost:${registry}`,
          faulty: `localhost:${faulty}`,
          images: imagesIn(folder),
          server,
        });
      } finally {
        await Promise.all(running.map((one) => one.stop()));
        rmSync(scratch, { recursive: true, force: true });
      }
    },
    { scope: 'worker' },
  ],
  baseURL: async ({ stack }, use) => use(stack.origin),
});

export { expect } from '@playwright/test';
