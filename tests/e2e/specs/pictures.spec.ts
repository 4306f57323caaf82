// The pictures of the README, and a look at every view in both themes and narrow.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { form, newDigest, plan, submit } from '../support/editing';
import { reportOf } from '../support/report';
import { expect, test } from '../support/stack';

const folder = process.env.DRYDOCK_PICTURES;

const views: [string, string][] = [
  ['overview', ''],
  ['layers', '/-/layers?layer=2'],
  ['space', '/-/space'],
  ['packages', '/-/packages'],
  ['search', '/-/search?q=debian&in=/etc'],
  ['files', '/-/files/usr/lib/os-release'],
  ['graph', '/-/graph'],
  ['documents', '/-/documents'],
  ['tags', '/-/tags'],
  ['verify', '/-/verify'],
  ['compare', '/-/compare?with=:zstd'],
  ['edit', '/-/edit'],
  ['copy', '/-/copy'],
];

for (const scheme of ['light', 'dark'] as const) {
  for (const [size, width, height] of [['wide', 1280, 860], ['narrow', 390, 844]] as const) {
    test(`pictures: ${scheme}, ${size}`, async ({ page, stack }) => {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height });
      const save = async (name: string) => {
        if (!folder) return;
        mkdirSync(folder, { recursive: true });
        await page.screenshot({ path: join(folder, `${name}-${scheme}-${size}.png`) });
      };
      await page.goto('/');
      await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
      await expect(page.locator('main')).toContainText('sample/hello');
      await save('home');
      for (const [name, view] of views) {
        await page.goto(`/${stack.registry}/app:gzip${view}`);
        await expect(page.locator('html')).toHaveAttribute('data-state', 'ready', { timeout: 60_000 });
        if (name === 'verify') await reportOf(page);
        if (name === 'compare') await expect(page.locator('[data-likeness]')).toBeVisible({ timeout: 60_000 });
        const list = { packages: '.rows.packages > li', search: '.rows.hits > li', space: '.treemap' }[name];
        if (list) await expect(page.locator(list).first()).toBeVisible({ timeout: 60_000 });
        if (name === 'search') await expect(page.locator('main')).toContainText(/hits in \d+ files/, { timeout: 60_000 });
        if (name === 'edit') {
          const entry = await form(page, 'Entrypoint');
          await entry.getByRole('textbox').first().fill('/srv/app/bin/serve --port 8080');
          await submit(page);
          await newDigest(page);
          await plan(page, `${stack.registry}/app:hotfix`);
          await expect(page.locator('.commands')).toContainText('crane mutate');
          await page.evaluate(() => scrollTo(0, 0));
        }
        if (name === 'copy') await plan(page, `${stack.own}/team/app:gzip`, 'Copy');
        if (name === 'files') await expect(page.locator('.document')).toBeVisible({ timeout: 60_000 });
        expect(await page.locator('main').innerText()).not.toBe('');
        await save(name);
      }
      await page.goto(`/${stack.faulty}/fault/429/sample/hello:latest`);
      await expect(page.locator('html')).toHaveAttribute('data-state', 'error', { timeout: 60_000 });
      await save('error');
      await page.goto(`/${stack.faulty}/broken/diff-id:latest/-/verify`);
      await reportOf(page);
      await save('failed');
    });
  }
}
