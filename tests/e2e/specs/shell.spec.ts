// What the page says of an image, `drydock verify` says in a shell: one engine, two faces.
import { spawnSync } from 'node:child_process';
import { Report, verify } from '../support/report';
import { expect, test } from '../support/stack';
import { judged } from '../support/moving';

/** The report of the command, without how long it took. */
function inAShell(reference: string): Omit<Report, 'elapsedMs'> {
  const program = process.env['DRYDOCK_BIN'] ?? '';
  const env = { ...process.env, DOCKER_CONFIG: '/nowhere' };
  const { stdout, status } = spawnSync(program, ['verify', '--json', judged(reference)], {
    encoding: 'utf8',
    env,
    maxBuffer: 1 << 28,
  });
  const { elapsedMs, ...report } = JSON.parse(stdout) as Report;
  expect(elapsedMs).toBeGreaterThanOrEqual(0);
  expect(status).toBe({ verified: 0, failed: 1, incomplete: 2 }[report.verdict]);
  return report;
}

const odd = [
  'sample/hello:latest',
  'broken/diff-id:latest',
  'broken/size:latest',
  'broken/config-size:latest',
  'broken/trailing-garbage:latest',
  'broken/truncated-gzip:latest',
  'broken/not-gzip:latest',
  'broken/no-layers:latest',
  'fault/flip-layer/sample/hello:latest',
  'fault/flip-config/sample/hello:latest',
  'fault/append-layer/sample/hello:latest',
  'fault/no-referrers/sample/hello:latest',
  'fault/no-look-ups/sample/hello:latest',
  'fault/elsewhere/sample/hello:latest',
];

for (const image of odd) {
  test(`the same report in a shell: ${image}`, async ({ page, stack }) => {
    const { elapsedMs: _, ...report } = await verify(page, `${stack.faulty}/${image}`);
    expect(inAShell(`${stack.faulty}/${image}`)).toEqual(report);
  });
}

test('the same report in a shell: images of the field’s own tools', async ({ page, stack }) => {
  test.setTimeout(300_000);
  const images = [...new Set(stack.images.map((image) => `${stack.registry}/${image.repository}`))];
  for (const image of images.filter((name) => !name.includes('many:'))) {
    const { elapsedMs: _, ...report } = await verify(page, image);
    expect(inAShell(image), image).toEqual(report);
  }
});
