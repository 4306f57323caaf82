// A folder of many files: it is taken and built in good time, and the page answers meanwhile.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answerTime, watchLongTasks } from '../support/answer';
import { carryOut, form, newDigest, openEditor, plan, submit } from '../support/editing';
import { digestOf, judged } from '../support/moving';
import { expect, test } from '../support/stack';
import { inFolder, run } from '../support/tools';

test('a folder of 50 000 files becomes one layer, and the page answers meanwhile', async ({ page, stack }) => {
  test.setTimeout(300_000);
  await inFolder(async (folder) => {
    const tree = join(folder, 'tree');
    for (let at = 0; at < 50_000; at += 1) {
      const directory = join(tree, String(Math.floor(at / 250)));
      if (at % 250 === 0) mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, String(at)), String(at));
    }
    await openEditor(page, `${stack.registry}/whiteouts:1`);
    const files = await form(page, 'Add files');
    await files.locator('input[type=file]').last().setInputFiles(tree);
    await expect(files).toContainText(/50.?000 files/, { timeout: 60_000 });
    const longest = await watchLongTasks(page);
    const began = Date.now();
    await submit(page);
    let slowest = 0;
    const fact = page.locator('.becomes dd').first();
    const isDone = async () => /sha256:[0-9a-f]{64}/.test((await fact.textContent()) ?? '') && !(await fact.textContent())?.includes('as it was');
    while (!(await isDone())) {
      slowest = Math.max(slowest, await answerTime(page));
      await page.waitForTimeout(200);
    }
    const digest = await newDigest(page);
    console.log(`50 000 files: taken and built in ${((Date.now() - began) / 1000).toFixed(1)} s, slowest answer ${slowest.toFixed(0)} ms, longest task ${(await longest()).toFixed(0)} ms`);
    const target = `${stack.own}/edited/many:1`;
    await plan(page, target);
    await carryOut(page);
    expect(digestOf(target)).toBe(digest);
    const listing = run('sh', ['-c', `crane export --insecure ${judged(target)} - | tar -tvf - | grep -c '^-.* tree/'`]);
    expect(Number(listing)).toBe(50_000);
    // To write a draft of 50 000 files down is one task: a click waits for its end, and its frame may for another.
    expect(await longest()).toBeLessThan(400);
    expect(slowest).toBeLessThan(800);
  });
});
