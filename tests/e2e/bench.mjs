// Verifies one image in a tab and with other tools, alternating, and prints the medians and ratios as JSON.
//
// node bench.mjs   with DRYDOCK_BIN, DRYDOCK_IMAGES (a folder of images.tsv and registry), RUNS, and crane and
// skopeo on PATH. `cargo xtask bench` does that.
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium as playwright } from '@playwright/test';

const here = new URL('.', import.meta.url).pathname;
const folder = needed('DRYDOCK_IMAGES');
const runs = Number(process.env.RUNS ?? 5);
const work = mkdtempSync(join(tmpdir(), 'drydock-bench-'));
const children = [];

try {
  console.log(JSON.stringify(await main(), null, 2));
} finally {
  for (const child of children) child.kill();
  rmSync(work, { recursive: true, force: true });
}

async function main() {
  const [name, image, , what] = readFileSync(join(folder, 'images.tsv'), 'utf8').split('\n')[0].split('\t');
  const registry = `localhost:${await serveImages()}`;
  const origin = `http://127.0.0.1:${await serveDrydock(registry)}`;
  const reference = `${registry}/${image}`;
  const browser = await playwright.launch({
    executablePath: process.env.DRYDOCK_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
  });
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
}

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

function time(command, args) {
  const start = performance.now();
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'ignore'] });
  return (performance.now() - start) / 1000;
}

async function serveImages() {
  const port = await freePort();
  const template = readFileSync(join(here, '../images/registry.yml'), 'utf8');
  const config = join(work, 'registry.yml');
  writeFileSync(config, template.replace('STORE', join(folder, 'registry')).replace('PORT', port));
  await start('docker-registry', ['serve', config], `http://127.0.0.1:${port}/v2/`);
  return port;
}

async function serveDrydock(registry) {
  const port = await freePort();
  await start(needed('DRYDOCK_BIN'), ['serve', '--port', String(port), '--allow', registry], `http://127.0.0.1:${port}/-/config`);
  return port;
}

async function start(command, args, url) {
  const child = spawn(command, args, { stdio: 'ignore' });
  children.push(child);
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}`);
    const answered = await fetch(url).then((answer) => answer.arrayBuffer()).catch(() => undefined);
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${command} did not answer at ${url}`);
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function progress(round, measured, report) {
  const parts = Object.entries(measured).map(([tool, wall]) => `${tool} ${wall.toFixed(2)} s`);
  const label = round === 0 ? 'warm-up' : `run ${round}`;
  console.error(`${label}: ${parts.join(', ')} (the page's own clock: ${(report.elapsedMs / 1000).toFixed(2)} s)`);
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return round3(sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2);
}

function round3(value) {
  return Math.round(value * 1000) / 1000;
}

function needed(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run cargo xtask bench`);
  return value;
}
