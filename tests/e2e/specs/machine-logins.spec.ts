// The docker logins of this machine (`--docker-config`): used without being typed, shown, turned off.
import { expect as check, Page, test } from '@playwright/test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { watch } from '../support/look';
import { freePort, Running, start } from '../support/process';

const [USER, PASSWORD] = ['harbour', 'open sesame'];
/** The password as `htpasswd -B` writes it. */
const LINE = `${USER}:$2y$05$drydockScratchLoginXuuzJpWjV3pCf6LR5toxA.YsS2NJBSgS9W\n`;
const PAIR = Buffer.from(`${USER}:${PASSWORD}`).toString('base64');

interface Place {
  /** `host:port` of the page. */
  own: string;
  /** The private registry: of the page's own server, or of another one. */
  registry: string;
  servers: Running[];
  folder: string;
}

function serve(port: number, ...options: string[]): Promise<Running> {
  const address = ['serve', '--listen', '127.0.0.1', '--port', String(port)];
  return start(process.env['DRYDOCK_BIN'] ?? '', [...address, ...options], `http://127.0.0.1:${port}/-/config`);
}

/** A server that may use this machine's login for a private registry. */
async function place(elsewhere: boolean): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'drydock-e2e-'));
  const logins = join(folder, 'logins');
  writeFileSync(logins, LINE);
  const port = await freePort();
  const other = elsewhere ? await freePort() : port;
  const registry = elsewhere ? `localhost:${other}` : `127.0.0.1:${port}`;
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { [registry]: { auth: PAIR } } }));
  const guard = ['--scratch-auth', logins];
  const servers = elsewhere ? [await serve(other, ...guard)] : [];
  const rest = elsewhere ? ['--allow', registry] : guard;
  servers.push(await serve(port, `--docker-config=${folder}`, ...rest));
  return { own: `127.0.0.1:${port}`, registry, servers, folder };
}

async function end({ servers, folder }: Place): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
}

/** All that crosses between the page and its server, as text. */
function overheard(page: Page): () => Promise<string> {
  const heard: Promise<string>[] = [];
  page.on('request', (request) => heard.push(request.allHeaders().then((all) => JSON.stringify(all), () => '')));
  page.on('response', (response) => {
    heard.push(response.allHeaders().then((all) => JSON.stringify(all), () => ''));
    if (!response.url().includes('/-/assets/')) heard.push(response.text().catch(() => ''));
  });
  return async () => (await Promise.all(heard)).join('\n');
}

for (const elsewhere of [false, true]) {
  const where = elsewhere ? 'another server' : "the page's own server";
  test(`a private image of ${where} opens with this machine's login`, async ({ page }) => {
    const problems = watch(page);
    const all = overheard(page);
    const at = await place(elsewhere);
    try {
      const image = `http://${at.own}/${at.registry}/sample/hello:latest`;
      const ready = () => check(page.locator('html')).toHaveAttribute('data-state', 'ready');
      await page.goto(image);
      await ready();
      await check(page.locator('main')).toContainText('Runs as');
      await page.getByRole('link', { name: 'Verify', exact: true }).first().click();
      await check(page.locator('[data-verify]')).toHaveAttribute('data-verify', 'verified', { timeout: 60_000 });

      await page.getByRole('button', { name: 'Registries and logins' }).click();
      const dialog = page.getByRole('dialog', { name: 'Registries' });
      const row = dialog.getByRole('listitem').filter({ hasText: at.registry });
      await check(row).toContainText('logged in from this machine');
      await check(dialog).toContainText('It never comes into this tab');
      await row.getByRole('button', { name: 'Turn off' }).click();
      await check(row).toContainText("this machine's is turned off");
      await page.keyboard.press('Escape');
      await page.getByRole('link', { name: 'Tags', exact: true }).first().click();
      await check(page.locator('main')).toContainText(/needs? a login/);

      // What the reader types comes first.
      await page.locator('main').getByRole('button', { name: 'Log in' }).first().click();
      const form = page.getByRole('dialog', { name: 'Log in to a registry' });
      await form.getByLabel('User', { exact: true }).fill(USER);
      await form.getByLabel('Password or token').fill('open barley');
      await form.getByRole('button', { name: 'Log in' }).click();
      await check(form.getByRole('alert')).toContainText('The login was not accepted');
      await page.keyboard.press('Escape');

      await page.getByRole('button', { name: 'Registries and logins' }).click();
      await row.getByRole('button', { name: "Use this machine's" }).click();
      await check(row).toContainText('logged in from this machine');
      await page.keyboard.press('Escape');
      await check(page.getByLabel('Choose latest', { exact: true })).toBeVisible();

      const said = await all();
      check(said).toContain(`Kept ${at.registry}`);
      check(said).not.toContain(PAIR);
      check(said).not.toContain(PASSWORD);
      check(problems).toEqual([]);
    } finally {
      await end(at);
    }
  });
}

test('another site neither learns of the logins nor uses them', async ({ page }) => {
  const at = await place(false);
  const port = await freePort();
  const foreign = await serve(port, '--no-scratch');
  try {
    // A page of another port on this machine: as near as another site gets.
    await page.goto(`http://127.0.0.1:${port}/-/config`);
    const outcomes = await page.evaluate(async (own) => {
      const ask = (path: string, headers: Record<string, string>, mode: RequestMode) =>
        fetch(`http://${own}${path}`, { headers, mode }).then((answer) => answer.type, () => 'refused');
      const kept = { authorization: `Kept ${own}`, 'x-drydock': '1' };
      return Promise.all([
        ask('/-/logins', {}, 'no-cors'),
        ask('/-/logins', { 'x-drydock': '1' }, 'cors'),
        ask('/v2/sample/hello/tags/list', kept, 'cors'),
        ask('/v2/sample/hello/tags/list', kept, 'no-cors'),
      ]);
    }, at.own);
    // What is opaque was answered, and can't be read.
    check(outcomes).toEqual(['refused', 'refused', 'refused', 'refused']);
    const server = at.servers[at.servers.length - 1]?.output() ?? '';
    check(server).not.toMatch(/path="\/-\/logins" status=200/);
    check(server).not.toMatch(/path="\/v2\/<name>\/tags\/list" status=200/);
  } finally {
    await foreign.stop();
    await end(at);
  }
});
