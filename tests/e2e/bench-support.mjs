// What the measurements in the browser share: registries and the server as processes, other tools, the median.
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';

const here = new URL('.', import.meta.url).pathname;
const folder = needed('DRYDOCK_IMAGES');
const children = [];

/** A folder for what is made on the way. */
export const work = mkdtempSync(join(tmpdir(), 'drydock-bench-'));
export const runs = Number(process.env.RUNS ?? 5);

/** Prints what `main` measures as JSON, and leaves nothing behind. */
export async function measure(main) {
  try {
    console.log(JSON.stringify(await main(), null, 2));
  } finally {
    for (const child of children) child.kill();
    rmSync(work, { recursive: true, force: true });
  }
}

/** All images, the first of them, and where the registry and the server that were started for them listen. */
export async function serve() {
  const registry = `localhost:${await serveImages()}`;
  const { port, pid } = await serveDrydock(registry);
  const own = `127.0.0.1:${port}`;
  const lines = readFileSync(join(folder, 'images.tsv'), 'utf8').trim().split('\n');
  const images = lines.map((line) => {
    const [name, image, , what] = line.split('\t');
    return { name, image, what, reference: `${registry}/${image}` };
  });
  return { ...images[0], images, registry, own, server: pid, origin: `http://${own}` };
}

/** A browser, and the number of its process. */
export async function launch() {
  const server = await chromium.launchServer({
    executablePath: process.env.DRYDOCK_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
  });
  children.push({ kill: () => server.close() });
  return { browser: await chromium.connect(server.wsEndpoint()), pid: server.process().pid };
}

/** Seconds that a command takes. */
export function time(command, args) {
  const start = performance.now();
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'ignore'] });
  return (performance.now() - start) / 1000;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return round3(sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2);
}

export function round3(value) {
  return Math.round(value * 1000) / 1000;
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
  const args = ['serve', '--port', String(port), '--allow', registry, '--scratch', join(work, 'scratch')];
  const pid = await start(needed('DRYDOCK_BIN'), args, `http://127.0.0.1:${port}/-/config`);
  return { port, pid };
}

async function start(command, args, url) {
  const child = spawn(command, args, { stdio: 'ignore' });
  children.push(child);
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}`);
    const answered = await fetch(url).then((answer) => answer.arrayBuffer()).catch(() => undefined);
    if (answered) return child.pid;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${command} did not answer at ${url}`);
}

/** Watches amounts of memory; the function that comes back stops that and gives the most of each, in MB. */
export function watchMemory(amounts) {
  const most = amounts.map((amount) => amount());
  const timer = setInterval(() => amounts.forEach((amount, at) => { most[at] = Math.max(most[at], amount()); }), 200);
  return () => {
    clearInterval(timer);
    return most.map((bytes) => Math.round(bytes / 1e6));
  };
}

/** Bytes that the largest of a browser's processes that show pages has for itself. */
export function ofTheTab(root) {
  const renderers = descendants(root).filter((pid) => text(`/proc/${pid}/cmdline`).includes('--type=renderer'));
  return Math.max(0, ...renderers.map(memoryOf));
}

function descendants(root) {
  const children = text(`/proc/${root}/task/${root}/children`).split(' ').filter(Boolean).map(Number);
  return children.flatMap((pid) => [pid, ...descendants(pid)]);
}

/** Bytes that a process has for itself, with its share of what it has together with others. */
export function memoryOf(pid) {
  return Number(/^Pss:\s+(\d+) kB/m.exec(text(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024;
}

function text(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
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

function needed(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run cargo xtask bench`);
  return value;
}
