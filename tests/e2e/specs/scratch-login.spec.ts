// A scratch registry with logins (`--scratch-auth`), as people get into it and out again.
import { expect as check, Page, test } from '@playwright/test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { carryOut, form, newDigest, openEditor, plan, submit } from '../support/editing';
import { watch } from '../support/look';
import { freePort, Running, start } from '../support/process';

const [USER, PASSWORD] = ['harbour', 'open sesame'];
/** The password as `htpasswd -B` writes it. */
const LINE = `${USER}:$2y$05$drydockScratchLoginXuuzJpWjV3pCf6LR5toxA.YsS2NJBSgS9W\n`;

interface Guarded {
  own: string;
  server: Running;
  folder: string;
}

async function guarded(...more: string[]): Promise<Guarded> {
  const folder = mkdtempSync(join(tmpdir(), 'drydock-e2e-'));
  const logins = join(folder, 'logins');
  writeFileSync(logins, LINE);
  const port = await freePort();
  const server = await start(
    process.env['DRYDOCK_BIN'] ?? '',
    ['serve', '--listen', '127.0.0.1', '--port', String(port), '--scratch', join(folder, 'scratch'), '--scratch-auth', logins, ...more],
    `http://127.0.0.1:${port}/-/config`,
  );
  return { own: `127.0.0.1:${port}`, server, folder };
}

async function end({ server, folder }: Guarded): Promise<void> {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Fills the form of the login and sends it. */
async function send(page: Page, password: string): Promise<void> {
  const dialog = page.getByRole('dialog', { name: 'Log in to a registry' });
  await dialog.getByLabel('User', { exact: true }).fill(USER);
  await dialog.getByLabel('Password or token').fill(password);
  await dialog.getByRole('button', { name: 'Log in' }).click();
}

const state = (page: Page) => check(page.locator('html'));

/** The status of a question that is asked without the page, with a login or without. */
async function status(own: string, method: string, path: string, login?: string): Promise<number> {
  const headers: Record<string, string> = login
    ? { authorization: `Basic ${Buffer.from(login).toString('base64')}` }
    : {};
  return (await fetch(`http://${own}${path}`, { method, headers })).status;
}

async function patched(page: Page, own: string): Promise<void> {
  await openEditor(page, `${own}/sample/hello:latest`, `http://${own}`);
  const label = await form(page, 'Label');
  await label.getByRole('textbox').nth(0).fill('harbour');
  await label.getByRole('textbox').nth(1).fill('open');
  await submit(page);
  await newDigest(page);
}

test('a wrong password is told in the form, the right one opens, pushes and is forgotten', async ({ page }) => {
  const problems = watch(page);
  const place = await guarded();
  const { own } = place;
  try {
    // The browser's own window for passwords would hang here.
    await page.goto(`http://${own}/${own}/sample/hello:latest`);
    await state(page).toHaveAttribute('data-state', 'error');
    await check(page.locator('main')).toContainText(/needs? a login/);
    await page.locator('main').getByRole('button', { name: 'Log in' }).click();
    const dialog = page.getByRole('dialog', { name: 'Log in to a registry' });
    await send(page, 'open barley');
    await check(dialog.getByRole('alert')).toContainText('The login was not accepted');
    await check(dialog.getByLabel('User', { exact: true })).toHaveValue(USER);
    await check(dialog.getByLabel('Password or token')).toHaveValue('open barley');
    await send(page, PASSWORD);
    await check(dialog).toHaveCount(0);
    await state(page).toHaveAttribute('data-state', 'ready');
    await check(page.locator('main')).toContainText('Runs as');

    const kept = () => page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
    check(await kept()).not.toContain('sesame');
    await page.goto(`http://${own}/${own}/sample/hello:latest/-/files`);
    // A new load of the page knows no login any more.
    await state(page).toHaveAttribute('data-state', 'error');
    await page.locator('main').getByRole('button', { name: 'Log in' }).first().click();
    await send(page, PASSWORD);
    await state(page).toHaveAttribute('data-state', 'ready');
    await page.getByRole('link', { name: 'Verify', exact: true }).first().click();
    await check(page.locator('[data-verify]')).toHaveAttribute('data-verify', 'verified', { timeout: 60_000 });

    await page.getByRole('link', { name: 'Edit', exact: true }).first().click();
    await check(page.getByRole('button', { name: 'Add edit' }).first()).toBeVisible({ timeout: 60_000 });
    const label = await form(page, 'Label');
    await label.getByRole('textbox').nth(0).fill('harbour');
    await label.getByRole('textbox').nth(1).fill('open');
    await submit(page);
    const digest = await newDigest(page);
    await plan(page, `${own}/sample/hello:pushed`);
    await carryOut(page);
    const path = '/v2/sample/hello/manifests/pushed';
    check(await status(own, 'HEAD', path)).toBe(401);
    const headers = { authorization: `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}` };
    const pushed = await fetch(`http://${own}${path}`, { method: 'HEAD', headers });
    check(pushed.headers.get('docker-content-digest')).toBe(digest);

    await page.getByRole('button', { name: 'Registries and logins' }).click();
    const registries = page.getByRole('dialog', { name: 'Registries' });
    await check(registries).toContainText('logged in');
    await registries.getByRole('button', { name: 'Log out' }).click();
    await check(registries).toContainText('no login');
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Tags', exact: true }).first().click();
    await check(page.locator('main')).toContainText(/needs? a login/);
    check(problems).toEqual([]);
  } finally {
    await end(place);
  }
});

test('where everyone may read, only a push asks for the login', async ({ page }) => {
  const place = await guarded('--scratch-anonymous-read');
  const { own } = place;
  try {
    check(await status(own, 'GET', '/v2/sample/hello/tags/list')).toBe(200);
    check(await status(own, 'POST', '/v2/sample/hello/blobs/uploads/')).toBe(401);
    await page.goto(`http://${own}/${own}/sample/hello:latest`);
    await state(page).toHaveAttribute('data-state', 'ready');
    await patched(page, own);
    const card = page.getByRole('region', { name: 'Push plan' });
    await plan(page, `${own}/sample/hello:pushed`);
    await card.getByRole('button', { name: /^Push/ }).click();
    const failed = card.locator('.panel.failed');
    await check(failed).toContainText(/needs? a login/, { timeout: 60_000 });
    // Nothing was sent yet, so nothing is said of what was.
    await check(card).not.toContainText('is not sent again');
    await failed.getByRole('button', { name: 'Log in' }).click();
    await send(page, 'open barley');
    const dialog = page.getByRole('dialog', { name: 'Log in to a registry' });
    await check(dialog.getByRole('alert')).toContainText('The login was not accepted');
    await send(page, PASSWORD);
    await check(dialog).toHaveCount(0);
    await plan(page, `${own}/sample/hello:pushed`);
    await carryOut(page);
    check(await status(own, 'HEAD', '/v2/sample/hello/manifests/pushed')).toBe(200);
  } finally {
    await end(place);
  }
});

test('a push that breaks off says that nothing is sent twice only once something was sent', async ({ page }) => {
  const place = await guarded('--scratch-anonymous-read');
  const { own } = place;
  try {
    await page.goto(`http://${own}/${own}/sample/hello:latest`);
    await state(page).toHaveAttribute('data-state', 'ready');
    await page.getByRole('button', { name: 'Registries and logins' }).click();
    await page.getByRole('button', { name: 'Log in', exact: true }).first().click();
    await send(page, PASSWORD);
    await page.getByRole('link', { name: 'Edit', exact: true }).first().click();
    await check(page.getByRole('button', { name: 'Add edit' }).first()).toBeVisible({ timeout: 60_000 });
    const label = await form(page, 'Label');
    await label.getByRole('textbox').nth(0).fill('harbour');
    await label.getByRole('textbox').nth(1).fill('open');
    await submit(page);
    await newDigest(page);
    const card = page.getByRole('region', { name: 'Push plan' });
    const broken = async (method: string) => {
      await page.route('**/v2/sample/hello/**', (route) =>
        route.request().method() === method
          ? route.fulfill({ status: 403, body: '{"errors":[{"code":"DENIED"}]}' })
          : route.continue(),
      );
      await plan(page, `${own}/sample/hello:broken`);
      await card.getByRole('button', { name: /^Push/ }).click();
      await check(card.locator('.panel.failed')).toContainText('is denied', { timeout: 60_000 });
      await page.unroute('**/v2/sample/hello/**');
    };
    await broken('POST');
    await check(card).not.toContainText('is not sent again');
    // The config arrives, the manifest does not.
    await page.route('**/manifests/**', (route) =>
      route.request().method() === 'PUT'
        ? route.fulfill({ status: 403, body: '{"errors":[{"code":"DENIED"}]}' })
        : route.continue(),
    );
    await plan(page, `${own}/sample/hello:broken`);
    await card.getByRole('button', { name: /^Push/ }).click();
    await check(card.locator('.panel.failed')).toContainText('is denied', { timeout: 60_000 });
    await check(card).toContainText('What has arrived is not sent again');
  } finally {
    await end(place);
  }
});
