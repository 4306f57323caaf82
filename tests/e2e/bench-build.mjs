// Makes a gzip layer of a tar in a tab, and with gzip and pigz, alternating: a Debian tree with programs. Prints the
// medians and ratios as JSON.
//
// node bench-build.mjs   as `cargo xtask bench --only build` does.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { launch, measure, median, ofTheTab, round3, runs, serve, time, watchMemory, work } from './bench-support.mjs';

const WAIT = { timeout: 600_000 };

await measure(async () => {
  const { what, origin, registry, reference } = await serve();
  const { browser, pid } = await launch();
  const tar = join(work, 'layer.tar');
  time('crane', ['export', '--insecure', reference, tar]);
  const size = statSync(tar).size;
  const seconds = { tab: [], gzip: [], pigz: [] };
  let memory = 0;
  // The first round warms the disk's cache and the browser; it is not counted.
  for (let round = 0; round <= runs; round += 1) {
    const seen = await made(browser, pid, `${origin}/${registry}/bench:d`, tar);
    const measured = { tab: seen.wall, gzip: packed('gzip', tar), pigz: packed('pigz', tar) };
    console.error(round === 0 ? 'warm-up' : `run ${round}`, JSON.stringify(measured));
    if (round === 0) continue;
    for (const [tool, wall] of Object.entries(measured)) seconds[tool].push(wall);
    memory = Math.max(memory, seen.memory);
  }
  await browser.close();
  const medians = Object.fromEntries(Object.entries(seconds).map(([tool, all]) => [tool, median(all)]));
  return {
    what: `the tree of ${what}`,
    'MB of tar': Math.round(size / 1e6),
    runs,
    seconds: medians,
    ratio: { 'tab / gzip -6': round3(medians.tab / medians.gzip), 'tab / pigz -6': round3(medians.tab / medians.pigz) },
    'MB over idle': memory,
  };
});

/** Seconds that a tool takes for the tar. */
function packed(tool, tar) {
  return time('sh', ['-c', `${tool} -6 -c "$0" >/dev/null`, tar]);
}

/** From the choice of the tar to the digest of the image that has it as a layer; nothing was kept before. */
async function made(browser, pid, image, tar) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(`${image}/-/edit`);
    await page.getByRole('button', { name: 'Add edit' }).first().click(WAIT);
    await page.getByRole('dialog').getByLabel('Kind of edit').fill('Add a tar');
    await page.keyboard.press('Enter');
    const form = page.getByRole('dialog', { name: 'Add a tar' });
    await form.waitFor(WAIT);
    const amounts = [() => ofTheTab(pid)];
    const idle = watchMemory(amounts)();
    const stop = watchMemory(amounts);
    const start = performance.now();
    await choose(page, tar);
    await form.getByRole('button', { name: 'Add edit' }).click(WAIT);
    await page.locator('.becomes dd').first().locator('.digest').waitFor(WAIT);
    return { wall: (performance.now() - start) / 1000, memory: stop()[0] - idle[0] };
  } finally {
    await context.close();
  }
}

/** Chooses a file by its path: a driver that is connected to a browser would send its bytes. */
async function choose(page, path) {
  const session = await page.context().newCDPSession(page);
  const { root } = await session.send('DOM.getDocument');
  const selector = '[role=dialog] input[type=file], dialog input[type=file]';
  const { nodeId } = await session.send('DOM.querySelector', { nodeId: root.nodeId, selector });
  await session.send('DOM.setFileInputFiles', { nodeId, files: [path] });
}
