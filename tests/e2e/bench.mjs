// Verifies images in a tab, in a shell and with other tools, alternating. Prints a table, and the medians and ratios
// as JSON.
//
// node bench.mjs   with DRYDOCK_BIN, DRYDOCK_IMAGES (a folder of images.tsv and registry), RUNS, and crane on PATH;
// IMAGES names some of them. `cargo xtask bench` does that.
import { launch, measure, median, memoryOf, ofTheTab, round3, runs, serve, time, watchMemory } from './bench-support.mjs';

/** Bytes that are hashed to learn how fast a worker does that. */
const HASHED = 512 << 20;

const only = process.env.IMAGES?.split(',');

await measure(async () => {
  const { images, origin, server } = await serve();
  const { browser, pid } = await launch();
  const results = {};
  for (const image of images.filter(({ name }) => !only || only.includes(name))) {
    results[image.name] = await compare(browser, pid, server, origin, image);
  }
  await browser.close();
  console.error(table(results));
  return { runs, images: results };
});

async function compare(browser, pid, server, origin, { name, what, reference }) {
  const seconds = { tab: [], shell: [], limit: [], crane: [] };
  const most = { tab: 0, proxy: 0, task: 0 };
  let tar = 0;
  // The first round warms the disk's cache and the browser; it is not counted.
  for (let round = 0; round <= runs; round += 1) {
    const seen = await inTheTab(browser, pid, server, `${origin}/${reference}/-/verify`);
    tar = seen.report.blobs.reduce((sum, blob) => sum + (blob.uncompressedSize ?? 0), 0);
    const measured = {
      tab: seen.wall,
      shell: time(process.env.DRYDOCK_BIN, ['verify', reference]),
      limit: tar / (await hashing(browser, origin)),
      // It reads no zstd.
      crane: name.endsWith('z') ? undefined : time('crane', ['validate', '--insecure', '--remote', reference]),
    };
    const told = Object.entries(measured).map(([tool, wall]) => `${tool} ${wall?.toFixed(2) ?? '-'}`);
    console.error(`${name}, ${round === 0 ? 'warm-up' : `run ${round}`}: ${told.join(', ')} s`);
    if (round === 0) continue;
    for (const [tool, wall] of Object.entries(measured)) if (wall !== undefined) seconds[tool].push(wall);
    most.tab = Math.max(most.tab, seen.tab);
    most.proxy = Math.max(most.proxy, seen.proxy);
    most.task = Math.max(most.task, seen.task);
  }
  const medians = Object.fromEntries(Object.entries(seconds).map(([tool, all]) => [tool, all.length ? median(all) : null]));
  const ratio = (a, b) => (medians[a] && medians[b] ? round3(medians[a] / medians[b]) : null);
  return {
    what,
    seconds: medians,
    ratio: { 'tab / crane': ratio('tab', 'crane'), 'shell / crane': ratio('shell', 'crane'), 'tab / limit': ratio('tab', 'limit') },
    'MB of tar per second': { tab: Math.round(tar / 1e6 / medians.tab), shell: Math.round(tar / 1e6 / medians.shell) },
    'MB over idle': { tab: most.tab, proxy: most.proxy },
    'longest task, ms': Math.round(most.task),
  };
}

/** A page without any cache in a browser that runs already: until its verdict is there. */
async function inTheTab(browser, pid, server, url) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.addInitScript(() => {
      window.longest = 0;
      new PerformanceObserver((list) => {
        for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
      }).observe({ type: 'longtask' });
    });
    await page.goto(new URL('/', url).href);
    const amounts = [() => ofTheTab(pid), () => memoryOf(server)];
    const idle = watchMemory(amounts)();
    const stop = watchMemory(amounts);
    const start = performance.now();
    await page.goto(url);
    await page.locator('[data-verify="verified"], [data-verify="failed"], [data-verify="incomplete"]').waitFor({
      state: 'attached',
      timeout: 600_000,
    });
    const wall = (performance.now() - start) / 1000;
    const [tab, proxy] = stop().map((most, at) => most - idle[at]);
    const report = JSON.parse(await page.locator('script#report').textContent());
    if (report.verdict !== 'verified') throw new Error(`the tab says ${report.verdict}: ${JSON.stringify(report.findings)}`);
    return { report, wall, tab, proxy, task: await page.evaluate(() => window.longest) };
  } finally {
    await context.close();
  }
}

/** The page's own worker for digests, which is given nothing else to do: bytes per second. */
async function hashing(browser, origin) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(`${origin}/`);
    return await page.evaluate(async (bytes) => {
      const program = await WebAssembly.compileStreaming(fetch('/-/assets/worker_bg.wasm'));
      const worker = new Worker('/-/assets/worker_start.js', { type: 'module', name: 'drydock-hashing' });
      const answer = () => new Promise((resolve) => { worker.onmessage = ({ data }) => resolve(data); });
      worker.postMessage(program);
      await answer();
      worker.postMessage('sha256');
      const start = performance.now();
      let buffer = new ArrayBuffer(1 << 20);
      for (let sent = 0; sent < bytes; sent += buffer.byteLength) {
        worker.postMessage(new Uint8Array(buffer), [buffer]);
        buffer = await answer();
      }
      worker.postMessage(null);
      await answer();
      return bytes / ((performance.now() - start) / 1000);
    }, HASHED);
  } finally {
    await context.close();
  }
}

function table(results) {
  const cell = (value) => String(value ?? '-').padStart(10);
  const head = ['image', 'tab, s', 'shell, s', 'limit, s', 'crane, s', 'tab/crane', 'shell/cr.', 'tab/limit', 'tab, MB', 'proxy, MB', 'task, ms'];
  const rows = Object.entries(results).map(([name, { seconds, ratio, ...rest }]) => [
    name, seconds.tab, seconds.shell, seconds.limit, seconds.crane, ...Object.values(ratio).map((it) => it),
    rest['MB over idle'].tab, rest['MB over idle'].proxy, rest['longest task, ms'],
  ]);
  return [head, ...rows].map((row) => row.map(cell).join('')).join('\n');
}
