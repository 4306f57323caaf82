// A layer of more than 1 GiB: the tab's memory stays flat and the page keeps answering.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answerTime } from '../support/answer';
import { rendererPss } from '../support/memory';
import { freePort, start } from '../support/process';
import { reportOf } from '../support/report';
import { dockerRegistry, expect, imagesIn, test } from '../support/stack';

const MIB = 1024 * 1024;

test('verifies a layer of more than 1 GiB in flat memory while the page answers', async ({ playwright }) => {
  test.setTimeout(300_000);
  const folder = process.env.DRYDOCK_BIG_IMAGE ?? '';
  test.skip(folder === '', 'DRYDOCK_BIG_IMAGE names no image');
  const image = imagesIn(folder)[0];
  if (!image) throw new Error('the big image is missing');
  const scratch = mkdtempSync(join(tmpdir(), 'drydock-big-'));
  const [own, port] = [await freePort(), await freePort()];
  const registry = await dockerRegistry(folder, port, scratch);
  const server = await start(
    process.env.DRYDOCK_BIN ?? '',
    ['serve', '--port', String(own), '--allow', `localhost:${port}`],
    `http://127.0.0.1:${own}/-/config`,
  );
  const browser = await playwright.chromium.launch();
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${own}/`);
    await expect(page.locator('html')).toHaveAttribute('data-state', 'ready');
    await page.waitForTimeout(1_000);
    // Every renderer of this browser; the page's is the largest.
    const idle = rendererPss(process.pid);
    expect(idle).toBeGreaterThan(0);
    await page.evaluate((path) => {
      history.pushState(null, '', path);
      dispatchEvent(new PopStateEvent('popstate'));
    }, `/localhost:${port}/${image.repository}/-/verify`);
    const panel = page.locator('[data-verify]');
    await expect(panel).toHaveAttribute('data-verify', 'running');
    let peak = 0;
    let slowest = 0;
    let clicks = 0;
    while ((await panel.getAttribute('data-verify')) === 'running') {
      peak = Math.max(peak, rendererPss(process.pid));
      slowest = Math.max(slowest, await answerTime(page));
      clicks += 1;
      await page.waitForTimeout(200);
    }
    const report = await reportOf(page);
    const over = (peak - idle) / MIB;
    console.log(
      `memory: ${(report.bytes / MIB).toFixed(0)} MiB verified in ${(report.elapsedMs / 1000).toFixed(1)} s, ` +
        `${over.toFixed(0)} MiB over idle, slowest of ${clicks} clicks ${slowest.toFixed(0)} ms`,
    );
    expect(report.verdict).toBe('verified');
    expect(report.bytes).toBeGreaterThan(1024 * MIB);
    expect(clicks).toBeGreaterThan(10);
    expect(over).toBeLessThan(256);
    expect(slowest).toBeLessThan(100);
  } finally {
    await browser.close();
    await Promise.all([server.stop(), registry.stop()]);
    rmSync(scratch, { recursive: true, force: true });
  }
});
