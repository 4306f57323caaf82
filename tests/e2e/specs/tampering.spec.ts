// What was changed on the way or was never right is caught, and the report says what it is.
import { errors, verify } from '../support/report';
import { expect, test } from '../support/stack';

interface Case {
  what: string;
  reference: string;
  /** Part of the rule of an error. */
  rule: RegExp;
  verdict?: 'failed' | 'incomplete';
}

const digest = 'sha256:936b77aa83255c560ec3347b31652ce67f2bd97fc96c3b428a753ee02e910b00';

const cases: Case[] = [
  { what: 'a flipped byte in a layer', reference: 'fault/flip-layer/sample/hello:latest', rule: /digest/ },
  { what: 'a flipped byte in a config', reference: 'fault/flip-config/sample/hello:latest', rule: /digest/ },
  { what: 'a flipped byte in a child manifest', reference: 'fault/flip-manifest/sample/hello:latest', rule: /digest/ },
  { what: 'a flipped byte in the index, pulled by digest', reference: `fault/flip-index/sample/hello@${digest}`, rule: /digest/ },
  { what: 'a truncated layer', reference: 'fault/truncate-layer/sample/hello:latest', rule: /size/ },
  { what: 'a layer with more bytes than it should have', reference: 'fault/append-layer/sample/hello:latest', rule: /size/ },
  { what: 'a digest answered with another document', reference: `fault/other-digest/sample/hello@${digest}`, rule: /digest|size/ },
  { what: 'a wrong diff ID', reference: 'broken/diff-id:latest', rule: /diff-id/ },
  { what: 'a wrong size', reference: 'broken/size:latest', rule: /size/ },
  { what: 'a wrong size of the config', reference: 'broken/config-size:latest', rule: /size/ },
  { what: 'a gzip with trailing garbage', reference: 'broken/trailing-garbage:latest', rule: /gzip/ },
  { what: 'a gzip that ends early', reference: 'broken/truncated-gzip:latest', rule: /gzip|truncated/ },
  { what: 'a config with another number of diff IDs', reference: 'broken/layer-count:latest', rule: /diff-id|config/ },
  { what: 'a config that is no JSON', reference: 'broken/config-json:latest', rule: /json/ },
];

for (const one of cases) {
  test(`caught: ${one.what}`, async ({ page, stack }) => {
    const report = await verify(page, `${stack.faulty}/${one.reference}`);
    expect(report.verdict, JSON.stringify(report, null, 1)).toBe(one.verdict ?? 'failed');
    expect(errors(report).some((rule) => one.rule.test(rule)), errors(report).join(', ')).toBe(true);
    // The reader sees it too, not only the script.
    await expect(page.locator('[data-verify] .panel.failed')).toBeVisible();
    await expect(page.locator('.finding').first()).toBeVisible();
  });
}

test('the same image without the faults verifies', async ({ page, stack }) => {
  const report = await verify(page, `${stack.faulty}/sample/hello:latest`);
  expect(errors(report)).toEqual([]);
  expect(report.verdict).toBe('verified');
  expect(report.digest).toBe(digest);
});

test('a layer that is not compressed as its type says is read, and told', async ({ page, stack }) => {
  const report = await verify(page, `${stack.faulty}/broken/not-gzip:latest`);
  expect(report.verdict).toBe('verified');
  const told = report.findings.find((finding) => finding.rule === 'layer.media-type');
  expect(told).toMatchObject({ severity: 'warning', expected: 'gzip', actual: 'none' });
});

test('a blob that is not there makes it incomplete, not verified', async ({ page, stack }) => {
  const report = await verify(page, `${stack.faulty}/broken/missing-layer:latest`);
  expect(report.verdict).toBe('incomplete');
  expect(report.blobs.some((blob) => blob.verdict === 'incomplete')).toBe(true);
});

test('a connection that is cut once is resumed', async ({ page, stack }) => {
  const report = await verify(page, `${stack.faulty}/fault/cut-layer-once/sample/hello:latest`);
  expect(report.verdict).toBe('verified');
});

test('a reader who stops gets an incomplete report', async ({ page, stack }) => {
  await page.goto(`/${stack.faulty}/fault/stall-layer/sample/hello:latest/-/verify`);
  const panel = page.locator('[data-verify]');
  await expect(panel).toHaveAttribute('data-verify', 'running');
  await expect(page.locator('.board tbody tr').nth(3)).toBeVisible();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(panel).toHaveAttribute('data-verify', 'incomplete');
  const report = JSON.parse((await page.locator('script#report').textContent()) ?? '');
  expect(report.verdict).toBe('incomplete');
});
