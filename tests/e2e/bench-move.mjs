// Moves one image in a tab and with crane, alternating: a copy to another registry, a root file system as a tar,
// all layers as one. Prints the medians and ratios as JSON.
//
// node bench-move.mjs   as `cargo xtask bench --only move` does.
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { launch, measure, median, round3, runs, serve, time, work } from './bench-support.mjs';

const WAIT = { timeout: 600_000 };

await measure(async () => {
  const { name, what, own, origin, reference } = await serve();
  const { browser } = await launch();
  const seconds = {};
  const note = (task, tool, wall) => ((seconds[task] ??= {})[tool] ??= []).push(wall);
  // The first round warms the disk's cache and the browser; it is not counted.
  for (let round = 0; round <= runs; round += 1) {
    const tar = join(work, 'rootfs.tar');
    const measured = {
      copy: {
        drydock: await copied(browser, `${origin}/${reference}`, `${own}/tab/copied-${round}:1`),
        crane: time('crane', ['copy', '--insecure', reference, `${own}/crane/copied-${round}:1`]),
      },
      'root fs': {
        drydock: await exported(browser, `${origin}/${reference}`),
        crane: time('crane', ['export', '--insecure', reference, tar]),
      },
      flatten: {
        drydock: await flattened(browser, `${origin}/${reference}`, `${own}/tab/flat-${round}:1`),
        crane: time('crane', ['flatten', '--insecure', `--tag=${own}/crane/flat-${round}:1`, reference]),
      },
    };
    console.error(round === 0 ? 'warm-up' : `run ${round}`, JSON.stringify(measured));
    if (round === 0) continue;
    for (const [task, tools] of Object.entries(measured)) {
      for (const [tool, wall] of Object.entries(tools)) note(task, tool, wall);
    }
    rmSync(tar, { force: true });
  }
  await browser.close();
  const tasks = Object.entries(seconds).map(([task, { drydock, crane }]) => {
    const medians = { drydock: median(drydock), crane: median(crane) };
    return [task, { ...medians, ratio: round3(medians.drydock / medians.crane) }];
  });
  return { image: name, what, runs, seconds: Object.fromEntries(tasks) };
});

/** A page without any cache in a browser that runs already. */
async function inTheTab(browser, address, use) {
  const context = await browser.newContext({ acceptDownloads: true });
  try {
    const page = await context.newPage();
    await page.addInitScript(() => {
      Object.defineProperty(window, 'showSaveFilePicker', { value: undefined });
    });
    await page.goto(address);
    await page.locator('html[data-state="ready"]').waitFor({ state: 'attached', ...WAIT });
    return await use(page);
  } finally {
    await context.close();
  }
}

function seconds(start) {
  return (performance.now() - start) / 1000;
}

/** From the click on "Plan" to the end of the copy. */
function copied(browser, image, target) {
  return inTheTab(browser, `${image}/-/copy`, (page) => carried(page, 'Copy', target));
}

async function carried(page, verb, target) {
  const card = page.getByRole('region', { name: `${verb} plan` });
  await card.getByLabel('to', { exact: true }).fill(target);
  return clicked(card, [/^Plan$/, new RegExp(`^${verb} `)], '.panel.verified');
}

/**
 * Clicks one button after the other as soon as it is there, and waits for what comes in the end, in the page itself: a
 * driver outside of it looks only twice a second. Gives the seconds.
 */
function clicked(within, buttons, end) {
  const names = buttons.map((button) => button.source);
  return within.evaluate(
    async (within, [names, end]) => {
      const found = (find) =>
        new Promise((resolve) => {
          const look = () => find() && (observer.disconnect(), resolve(find()));
          const observer = new MutationObserver(look);
          observer.observe(within, { subtree: true, childList: true, attributes: true, characterData: true });
          look();
        });
      const start = performance.now();
      for (const name of names) {
        const is = (it) => new RegExp(name).test(it.innerText) && it.ariaDisabled !== 'true' && !it.disabled;
        (await found(() => [...within.querySelectorAll('button.button')].find(is))).click();
      }
      if (end) await found(() => within.querySelector(end));
      return (performance.now() - start) / 1000;
    },
    [names, end],
  );
}

/** From the question for the size to the tar on the disk. */
function exported(browser, image) {
  return inTheTab(browser, `${image}/-/copy`, async (page) => {
    await page.getByLabel(/^Root file system/).check();
    const start = performance.now();
    const saved = clicked(page.locator('main'), [/^Work out the size$/, /^Save \d/]);
    const [download] = await Promise.all([page.waitForEvent('download', WAIT), saved]);
    const path = await download.path();
    const wall = seconds(start);
    if (statSync(path).size === 0) throw new Error('an empty tar');
    return wall;
  });
}

/** From the edit to the end of the push. */
function flattened(browser, image, target) {
  return inTheTab(browser, `${image}/-/edit`, async (page) => {
    const start = performance.now();
    await page.getByRole('button', { name: 'Add edit' }).first().click(WAIT);
    await page.getByRole('dialog').getByLabel('Kind of edit').fill('Flatten');
    await page.keyboard.press('Enter');
    const form = page.getByRole('dialog', { name: 'Flatten' });
    await form.getByRole('button', { name: 'Add edit' }).click();
    await page.locator('.becomes dd').first().locator('.digest').waitFor(WAIT);
    const wall = seconds(start);
    return wall + (await carried(page, 'Push', target));
  });
}
