// The field's own tools, which make what is opened and judge what was made.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs a program to its end and returns what it printed; fails with what it said when it fails. */
export function run(
  program: string,
  args: string[],
  options: { cwd?: string; input?: string; env?: NodeJS.ProcessEnv } = {},
): string {
  try {
    return execFileSync(program, args, {
      encoding: 'utf8',
      maxBuffer: 256 << 20,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...options,
    });
  } catch (error) {
    const said = error as { stdout?: string; stderr?: string; message: string };
    throw new Error(`${program} ${args.join(' ')}\n${said.stdout ?? ''}${said.stderr ?? said.message}`);
  }
}

/** A folder that is gone when the work is done. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'drydock-e2e-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const skopeo = (...args: string[]) => run('skopeo', args);
export const crane = (...args: string[]) => run('crane', args);

/** Copies an image out of a registry into `to`, as skopeo names places. */
export function save(from: string, to: string, ...more: string[]): void {
  skopeo('copy', '--src-tls-verify=false', ...more, `docker://${from}`, to);
}

/** Signs an image with a new key in `folder`, under cosign's own tag, and gives the public half. */
export function signWith(folder: string, image: string): string {
  const env = { ...process.env, COSIGN_PASSWORD: '' };
  run('cosign', ['generate-key-pair'], { cwd: folder, env });
  run(
    'cosign',
    [
      'sign', '--yes', '--key', join(folder, 'cosign.key'), '--tlog-upload=false', '--use-signing-config=false',
      '--new-bundle-format=false', '--allow-insecure-registry', '--allow-http-registry', image,
    ],
    { env },
  );
  return join(folder, 'cosign.pub');
}
