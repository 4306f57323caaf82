// Every bad answer becomes a clear sentence; nothing hangs, nothing is uncaught.
import { expect, test } from '../support/stack';
import { watch } from '../support/look';

interface Case {
  what: string;
  reference: (stack: { faulty: string; own: string }) => string;
  says: RegExp;
  state?: 'error' | 'ready';
}

const cases: Case[] = [
  { what: 'an unknown host', reference: () => 'no-such-host.invalid/app:1', says: /no-such-host\.invalid/ },
  { what: 'a private address', reference: () => '10.1.2.3/app:1', says: /10\.1\.2\.3.*(private|not public)|(private|not public).*10\.1\.2\.3/s },
  { what: '401 that asks for a login', reference: (s) => `${s.faulty}/fault/basic/sample/hello:latest`, says: /log ?in|login/i },
  { what: '401 without saying how', reference: (s) => `${s.faulty}/fault/401-bare/sample/hello:latest`, says: /401|log ?in|login/i },
  { what: '403', reference: (s) => `${s.faulty}/fault/403/sample/hello:latest`, says: /403|denied|not allowed|right/i },
  { what: '404', reference: (s) => `${s.faulty}/fault/404/sample/hello:latest`, says: /no image|not found|no .*hello/i },
  { what: 'a repository that is not there', reference: (s) => `${s.own}/nobody/nothing:1`, says: /no image|not found|no .*nothing/i },
  { what: '429 with Retry-After', reference: (s) => `${s.faulty}/fault/429/sample/hello:latest`, says: /429|too many/i },
  { what: '500', reference: (s) => `${s.faulty}/fault/500/sample/hello:latest`, says: /500/ },
  { what: 'a cut connection', reference: (s) => `${s.faulty}/fault/cut-manifest/sample/hello:latest`, says: /connection|broke|cut|ended/i },
  { what: 'a web page', reference: (s) => `${s.faulty}/fault/not-json/sample/hello:latest`, says: /web page/ },
  { what: 'a wrong media type', reference: (s) => `${s.faulty}/fault/type-confusion/sample/hello:latest`, says: /media type|type/i, state: 'ready' },
  { what: 'an image without layers', reference: (s) => `${s.faulty}/broken/no-layers:latest`, says: /no layers/i, state: 'ready' },
  { what: 'an artifact instead of an image', reference: (s) => `${s.faulty}/broken/artifact:latest`, says: /artifact/i, state: 'ready' },
  { what: 'a transfer that somebody compressed', reference: (s) => `${s.faulty}/fault/gzip/sample/hello:latest`, says: /encoded as gzip/, state: 'ready' },
];

for (const one of cases) {
  test(`told: ${one.what}`, async ({ page, stack }) => {
    const problems = watch(page);
    await page.goto(`/${one.reference(stack)}`);
    await expect(page.locator('html')).toHaveAttribute('data-state', one.state ?? 'error', { timeout: 60_000 });
    await expect(page.locator('main')).toContainText(one.says);
    expect(problems).toEqual([]);
  });
}

test('what is no reference is refused with the reason', async ({ page }) => {
  await page.goto('/');
  const field = page.getByRole('textbox').first();
  await field.fill('Alpine:3.20');
  await field.press('Enter');
  await expect(page.getByRole('alert').filter({ hasText: /upper-case/ })).toBeVisible();
  await page.goto('/ghcr.io/Owner/app');
  await expect(page.locator('html')).toHaveAttribute('data-state', 'error');
});

test('a verify link ends in a report even when nothing can be read', async ({ page, stack }) => {
  await page.goto(`/${stack.faulty}/fault/500/sample/hello:latest/-/verify`);
  await expect(page.locator('[data-verify]')).toHaveAttribute('data-verify', 'incomplete', { timeout: 60_000 });
  const report = JSON.parse((await page.locator('script#report').textContent()) ?? '');
  expect(report.digest).toBeNull();
  expect(report.verdict).toBe('incomplete');
});

test('a login opens what asked for one, and goes nowhere else', async ({ page, stack }) => {
  const carried: string[] = [];
  page.on('request', (request) => {
    if (request.headers()['authorization']) carried.push(new URL(request.url()).pathname);
  });
  await page.goto(`/${stack.faulty}/fault/basic/sample/hello:latest`);
  await expect(page.locator('html')).toHaveAttribute('data-state', 'error');
  await page.locator('main').getByRole('button', { name: 'Log in' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText(stack.faulty);
  await dialog.getByLabel(/user/i).fill('demo');
  await dialog.getByLabel(/password|token/i).fill('secret');
  await dialog.getByRole('button', { name: /log in/i }).click();
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
  expect(carried.length).toBeGreaterThan(0);
  expect(carried.every((path) => path.includes(stack.faulty))).toBe(true);
  expect(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))).not.toContain('secret');
  expect(page.url()).not.toContain('secret');
});

test('the edit view says why its image is not there', async ({ page, stack }) => {
  await page.goto(`/${stack.own}/sample/hello:nope/-/edit`);
  await expect(page.locator('main')).toContainText('There is no tag nope');
  await expect(page.getByText('Reading the image…')).toHaveCount(0);
});
