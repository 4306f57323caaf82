// The edit view worked by keys alone: the focus is always somewhere, and is seen.
import { Page } from '@playwright/test';
import { openEditor } from '../support/editing';
import { watch } from '../support/look';
import { expect, test } from '../support/stack';
import { crane } from '../support/tools';

/** What has the focus, by its name; it must be in sight and have a ring. */
async function focused(page: Page): Promise<string> {
  // Whatever gets the focus gets it in the next frame.
  await page.waitForTimeout(60);
  const seen = await page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return { name: '(nothing)', ring: false, inside: false };
    const ringed = [element, element.closest('.field')].some((it) => it && getComputedStyle(it).outlineStyle !== 'none');
    const box = element.getBoundingClientRect();
    const at = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 10));
    return {
      name: element.getAttribute('aria-label') ?? (element as HTMLInputElement).labels?.[0]?.textContent?.trim() ?? element.textContent?.trim() ?? '',
      ring: ringed,
      inside: Boolean(at && (element.contains(at) || at.contains(element))),
    };
  });
  expect(seen, 'the focus is on something, in sight, with a ring').toMatchObject({ ring: true, inside: true });
  return seen.name.replace(/\s+/g, ' ');
}

/** Goes on with Tab until something of that name has the focus. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  const passed: string[] = [];
  for (let step = 0; step < 80; step += 1) {
    const now = await focused(page);
    if (name.test(now)) return;
    passed.push(now);
    await page.keyboard.press('Tab');
  }
  throw new Error(`${name} was not reached; passed ${passed.join(' | ')}`);
}

for (const [width, height] of [[1280, 800], [1366, 650], [390, 844]] as const) {
  test(`a variable is added, changed, undone, done again and pushed by keys alone: ${width}`, async ({ page, stack }) => {
    const problems = watch(page);
    await page.setViewportSize({ width, height });
    await openEditor(page, `${stack.registry}/debian:demo`);
    await page.keyboard.press('Tab');
    await tabTo(page, /^Add edit/);

    await page.keyboard.press('Enter');
    await page.keyboard.type('environment');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('dialog', { name: 'Environment' })).toBeVisible();
    await tabTo(page, /^Add a row/);
    await page.keyboard.press('Enter');
    await page.keyboard.type('MODE');
    await page.keyboard.press('Tab');
    await page.keyboard.type('test');
    await page.keyboard.press('Tab');
    await tabTo(page, /^Add edit/);
    await page.keyboard.press('Enter');
    const row = page.locator('.edit-row');
    await expect(row).toContainText('MODE=test');
    expect(await focused(page)).toMatch(/^Add edit/);

    // It is changed.
    await page.keyboard.press('Tab');
    await tabTo(page, /^Change edit 1/);
    await page.keyboard.press('Enter');
    await tabTo(page, /of MODE/);
    await page.keyboard.press('Control+a');
    await page.keyboard.type('production');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Backspace');
    await page.keyboard.press('Tab');
    await tabTo(page, /^Change edit$/);
    await page.keyboard.press('Enter');
    await expect(row).toContainText('MODE=production');
    expect(await focused(page)).toMatch(/^Change edit 1/);

    // Undone to the last, and done again; what had the focus is gone then.
    await page.keyboard.press('Control+z');
    await expect(row).toContainText('MODE=test');
    expect(await focused(page)).toMatch(/^Change edit 1/);
    await page.keyboard.press('Control+z');
    await expect(row).toHaveCount(0);
    expect(await focused(page)).toBe('Redo');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await expect(row).toContainText('MODE=production');
    expect(await focused(page)).toBe('Undo');

    // Taken out, and brought back.
    await tabTo(page, /^Remove edit 1/);
    await page.keyboard.press('Enter');
    await expect(row).toHaveCount(0);
    expect(await focused(page)).toMatch(/^Add edit/);
    await page.keyboard.press('Control+z');
    await expect(row).toContainText('MODE=production');

    // A form is closed with Escape, and the focus is where it was.
    await page.keyboard.press('Enter');
    await page.keyboard.type('flatten');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('dialog', { name: 'Flatten' })).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
    expect(await focused(page)).toMatch(/^Add edit/);

    // Pushed.
    const card = page.getByRole('region', { name: 'Push plan' });
    const target = `${stack.own}/keys/debian:${width}`;
    if (width < 720) {
      await tabTo(page, /^Push plan/);
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
    }
    await tabTo(page, /^to$/);
    await page.keyboard.press('Control+a');
    await page.keyboard.type(target);
    await page.keyboard.press('Enter');
    await expect(card.locator('.rows.plan')).toBeVisible({ timeout: 60_000 });
    expect(await focused(page)).toBe('to');
    await page.keyboard.press('Tab');
    await tabTo(page, /^Push( \d.*)?$/);
    await page.keyboard.press('Enter');
    await expect(card.locator('.panel.verified')).toBeVisible({ timeout: 60_000 });
    expect(await focused(page)).toContain('keys/debian');
    const config = JSON.parse(crane('config', '--insecure', target.replace('127.0.0.1', 'localhost'))) as { config: { Env: string[] } };
    expect(config.config.Env).toContain('MODE=production');
    // The focus goes with the view that has it.
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(/keys\/debian/);
    expect(problems).toEqual([]);
  });
}
