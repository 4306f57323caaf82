// Verifies one image in a tab and with other tools, alternating, and prints the medians and ratios as JSON.
//
// node bench.mjs   with DRYDOCK_BIN, DRYDOCK_IMAGES (a folder of images.tsv and registry), RUNS, and crane and
// skopeo on PATH. `cargo xtask bench` does that.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { launch, measure, median, round3, runs, serve, time, work } from './bench-support.mjs';

await measure(async () => {
  const { name, what, origin, reference } = await serve();
  const browser = await launch();
  const seconds = { drydock: [], crane: [], skopeo: [] };
  let megabytes = 0;
  // The first round warms the disk's cache and the browser; it is not counted.
  for (let round = 0; round <= runs; round += 1) {
    const report = await inTheTab(browser, `${origin}/${reference}/-/verify`);
    megabytes = report.blobs.reduce((sum, blob) => sum + (blob.uncompressedSize ?? 0), 0) / 1e6;
    const measured = {
      drydock: report.wall,
      crane: time('crane', ['validate', '--insecure', '--remote', reference]),
      skopeo: copy(reference, round),
    };
    progress(round, measured, report);
    if (round > 0) for (const [tool, wall] of Object.entries(measured)) seconds[tool].push(wall);
  }
  await browser.close();
  const medians = Object.fromEntries(Object.entries(seconds).map(([tool, all]) => [tool, median(all)]));
  return {
    image: name,
    what,
    runs,
    seconds: medians,
    ratio: {
      'drydock / crane validate --remote': round3(medians.drydock / medians.crane),
      'drydock / skopeo copy': round3(medians.drydock / medians.skopeo),
    },
    'drydock, MB of tar per second': Math.round(megabytes / medians.drydock),
  };
});

/** A page without any cache in a browser that runs already. */
async function inTheTab(browser, url) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const start = performance.now();
    await page.goto(url);
    await page.locator('[data-verify="verified"], [data-verify="failed"], [data-verify="incomplete"]').waitFor({
      state: 'attached',
      timeout: 600_000,
    });
    const wall = (performance.now() - start) / 1000;
    const report = JSON.parse(await page.locator('script#report').textContent());
    if (report.verdict !== 'verified') throw new Error(`the tab says ${report.verdict}: ${JSON.stringify(report.findings)}`);
    return { ...report, wall };
  } finally {
    await context.close();
  }
}

function copy(reference, round) {
  const target = join(work, `copy-${round}`);
  const wall = time('skopeo', ['copy', '--quiet', '--src-tls-verify=false', `docker://${reference}`, `dir:${target}`]);
  rmSync(target, { recursive: true, force: true });
  return wall;
}

function progress(round, measured, report) {
  const parts = Object.entries(measured).map(([tool, wall]) => `${tool} ${wall.toFixed(2)} s`);
  const label = round === 0 ? 'warm-up' : `run ${round}`;
  console.error(`${label}: ${parts.join(', ')} (the page's own clock: ${(report.elapsedMs / 1000).toFixed(2)} s)`);
}
