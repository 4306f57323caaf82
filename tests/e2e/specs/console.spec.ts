// What the browser itself writes down: nothing, in normal use. It writes a line for each answer with
// an error's status, and to a look-up that finds nothing that is a plain no.
import { Page } from '@playwright/test';
import { carryOut, form, newDigest, openEditor, plan, submit } from '../support/editing';
import { reportOf } from '../support/report';
import { expect, test } from '../support/stack';

/** All errors of the page and of the browser. */
function written(page: Page): string[] {
  const lines: string[] = [];
  page.on('pageerror', (error) => lines.push(`uncaught: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    lines.push(`${message.text()} ${message.location().url}`);
  });
  return lines;
}

test('an image without referrers on a registry without their API is shown without a line in the console', async ({ page, stack }) => {
  const lines = written(page);
  const asked: string[] = [];
  page.on('response', (response) => {
    const status = response.headers()['x-upstream-status'];
    if (status) asked.push(`${status} ${new URL(response.url()).pathname}`);
  });
  // This registry has no such API, and there is neither a fallback tag nor one of cosign's.
  const image = `${stack.registry}/debian:demo`;
  for (const view of ['', '/-/layers', '/-/graph', '/-/documents', '/-/tags', '/-/edit']) {
    await page.goto(`/${image}${view}`);
    await expect(page.locator('html')).toHaveAttribute('data-state', 'ready', { timeout: 60_000 });
    await page.waitForLoadState('networkidle');
  }
  await page.goto(`/${image}/-/verify`);
  expect((await reportOf(page)).verdict).toBe('verified');
  expect(asked.filter((it) => it.startsWith('404') && it.includes('/referrers/')).length).toBeGreaterThan(0);
  expect(lines).toEqual([]);
});

test('an edit and its push to an empty repository write no line into the console', async ({ page, stack }) => {
  const lines = written(page);
  await openEditor(page, `${stack.registry}/whiteouts:1`);
  await (await form(page, 'Entrypoint')).getByRole('textbox').first().fill('/bin/date');
  await submit(page);
  await newDigest(page);
  for (const registry of [stack.registry, stack.own]) {
    await plan(page, `${registry}/quiet/${Date.now()}:1`);
    await carryOut(page);
  }
  expect(lines).toEqual([]);
});

test('a registry that wants a token first writes no line into the console', async ({ page, stack }) => {
  const lines = written(page);
  await page.goto(`/${stack.faulty}/fault/bearer-anonymous/sample/hello:latest`);
  await expect(page.locator('html')).toHaveAttribute('data-state', 'ready', { timeout: 60_000 });
  await page.waitForLoadState('networkidle');
  expect(lines).toEqual([]);
});

test('other programs get the statuses that they know', async ({ stack }) => {
  const missing = await fetch(`${stack.origin}/v2/no/such/manifests/1`);
  expect([missing.status, missing.headers.get('x-upstream-status')]).toEqual([404, null]);
});
