// A layer of more than 1 GiB is built, pushed and saved: the tab's memory and the server's stay flat.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { carryOut, form, newDigest, openEditor, plan, submit } from '../support/editing';
import { chromium } from '../support/chromium';
import { openCopy, saveAs, withoutPicker } from '../support/moving';
import { rendererPss } from '../support/memory';
import { expect, test } from '../support/stack';
import { crane, inFolder, run, skopeo } from '../support/tools';

const MIB = 1 << 20;

/** Resident memory of a process that is backed by no file, in bytes. */
function anonymous(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

test('builds, pushes and saves a layer of more than 1 GiB in flat memory', async ({ playwright, stack }) => {
  test.setTimeout(600_000);
  await inFolder(async (folder) => {
    // Windows that are forgotten keep their files in memory; people's lie on disk.
    const profile = join(folder, 'profile');
    const context = await playwright.chromium.launchPersistentContext(profile, { ...chromium, baseURL: stack.origin });
    const page = context.pages()[0] ?? (await context.newPage());
    await withoutPicker(page);
    const content = join(folder, 'content.bin');
    const tar = join(folder, 'layer.tar.gz');
    run("sh", ["-c", `head -c ${1100 * MIB} /dev/urandom > ${content} && tar -C ${folder} -cf - content.bin | gzip -1 > ${tar} && rm ${content}`]);
    await openEditor(page, `${stack.registry}/whiteouts:1`);
    await page.waitForTimeout(2_000);
    const idle = { tab: rendererPss(process.pid), server: anonymous(stack.server.process.pid ?? 0) };
    const most = { tab: 0, server: 0 };
    const watching = setInterval(() => {
      most.tab = Math.max(most.tab, rendererPss(process.pid) - idle.tab);
      most.server = Math.max(most.server, anonymous(stack.server.process.pid ?? 0) - idle.server);
    }, 200);
    const began = Date.now();
    const files = await form(page, 'Add a tar');
    await files.locator('input[type=file]').first().setInputFiles(tar);
    await submit(page);
    const digest = await newDigest(page, 300_000);
    const built = Date.now();
    // The draft has it now.
    rmSync(tar);
    const taken = most.tab;
    const target = `${stack.registry}/edited/huge:1`;
    await plan(page, target);
    await carryOut(page, 'Push', 300_000);
    const pushed = Date.now();
    const before = most.tab;
    await openCopy(page, target);
    await saveAs(page, /^OCI image layout/, join(folder, 'saved.tar'));
    clearInterval(watching);
    await context.close();
    const seconds = (from: number, to: number) => ((to - from) / 1000).toFixed(1);
    console.log(
      `push: 1100 MiB taken and checked in ${seconds(began, built)} s, pushed in ${seconds(built, pushed)} s, saved in ${seconds(pushed, Date.now())} s; ` +
        `tab ${Math.round(taken / MIB)}, ${Math.round(before / MIB)} and in all ${Math.round(most.tab / MIB)} MiB over idle, server ${Math.round(most.server / MIB)} MiB`,
    );
    expect(crane('digest', '--insecure', target).trim()).toBe(digest);
    const saved = JSON.parse(skopeo('inspect', '--raw', `oci-archive:${join(folder, 'saved.tar')}:1`)) as object;
    expect(saved).toEqual(JSON.parse(crane('manifest', '--insecure', target)));
    expect(most.tab).toBeLessThan(256 * MIB);
    expect(most.server).toBeLessThan(64 * MIB);
  });
});
