// The edit view, as a user works it.
import { expect, Page } from '@playwright/test';

/** Opens the edit view of an image and waits until its draft is there. */
export async function openEditor(page: Page, reference: string, origin = ''): Promise<void> {
  await page.goto(`${origin}/${reference}/-/edit`);
  await expect(page.getByRole('button', { name: 'Add edit' }).first()).toBeVisible({ timeout: 60_000 });
  await expect(page.locator('.becomes')).toContainText('New digest', { timeout: 60_000 });
}

/** Opens the form of a kind of edits through the menu. */
export async function form(page: Page, kind: string): Promise<ReturnType<Page['getByRole']>> {
  await page.getByRole('button', { name: 'Add edit' }).first().click();
  const menu = page.getByRole('dialog');
  await menu.getByLabel('Kind of edit').fill(kind);
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: kind });
  await expect(dialog).toBeVisible();
  return dialog;
}

/** Sends the form that is open. */
export async function submit(page: Page, name = 'Add edit'): Promise<void> {
  await page.getByRole('dialog').getByRole('button', { name }).click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
}

/** Waits until all layers are built and gives the new digest. */
export async function newDigest(page: Page, timeout = 120_000): Promise<string> {
  await expect(page.locator('.stack[aria-busy]')).toHaveAttribute('aria-busy', 'false', { timeout });
  const fact = page.locator('.becomes dd').first();
  await expect(fact).not.toContainText('as it was', { timeout });
  await expect(fact.locator('.digest')).toBeVisible({ timeout });
  const text = (await fact.locator('.digest').textContent()) ?? '';
  const digest = /sha256:[0-9a-f]{64}/.exec(text)?.[0];
  if (!digest) throw new Error(`no digest in "${text}"`);
  return digest;
}

/** Plans for a target. */
export async function plan(page: Page, target: string, verb: 'Push' | 'Copy' = 'Push'): Promise<void> {
  const card = page.getByRole('region', { name: `${verb} plan` });
  // Where there is little room the card is one line that opens.
  const closed = card.getByRole('button', { name: new RegExp(`^${verb} plan`), expanded: false });
  await expect(card).toBeVisible();
  if (await closed.isVisible()) await closed.click();
  await card.getByLabel('to', { exact: true }).fill(target);
  await card.getByRole('button', { name: 'Plan', exact: true }).click();
  await expect(card.locator('.rows.plan')).toBeVisible({ timeout: 60_000 });
}

/** Carries the plan out that is on screen. */
export async function carryOut(page: Page, verb: 'Push' | 'Copy' = 'Push', timeout = 120_000): Promise<void> {
  const card = page.getByRole('region', { name: `${verb} plan` });
  await card.getByRole('button', { name: new RegExp(`^${verb}`) }).click();
  const ended = card.locator('.panel.verified, .panel.failed');
  await expect(ended).toBeVisible({ timeout });
  await expect(card.locator('.panel.failed')).toHaveCount(0);
}
