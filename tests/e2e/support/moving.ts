// The views that copy, save and tag, as a user works them.
import { Download, expect, Page } from '@playwright/test';
import { statSync } from 'node:fs';
import { crane } from './tools';

/** Opens the copy view of an image. */
export async function openCopy(page: Page, reference: string, query = ''): Promise<void> {
  await page.goto(`/${reference}/-/copy${query}`);
  await expect(page.getByRole('region', { name: 'Copy plan' })).toBeVisible({ timeout: 60_000 });
}

/** A name as tools outside of the browser take it for plain HTTP. */
export const judged = (reference: string) => reference.replace('127.0.0.1', 'localhost');

/** What a reference stands for, as crane says. */
export function digestOf(reference: string, ...more: string[]): string {
  return crane('digest', '--insecure', ...more, judged(reference)).trim();
}

/** The tags of a repository, as crane says; none when there is no such repository. */
export function tagsOf(repository: string): string[] {
  try {
    return crane('ls', '--insecure', judged(repository)).split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

/** Takes the browser's window for choosing a place away, as in browsers that have none. */
export async function withoutPicker(page: Page): Promise<void> {
  await page.addInitScript(() => {
    Object.defineProperty(window, 'showSaveFilePicker', { value: undefined });
  });
}

/** Works out the size of a file, saves it to `path`, and compares its size with what was said. */
export async function saveAs(page: Page, form: string | RegExp, path: string): Promise<void> {
  await page.getByLabel(form).check();
  await page.getByRole('button', { name: 'Work out the size' }).click();
  const button = page.getByRole('button', { name: /^Save \d/ });
  await expect(button).toBeVisible({ timeout: 120_000 });
  const exact = await page.locator('.saving .number [title]').first().getAttribute('title');
  const [download] = await Promise.all<[Promise<Download>, Promise<void>]>([
    page.waitForEvent('download', { timeout: 120_000 }),
    button.click(),
  ]);
  await download.saveAs(path);
  expect(statSync(path).size).toBe(Number((exact ?? '').replace(/\D/g, '')));
  await expect(page.locator('.saving .panel.verified')).toBeVisible();
}
