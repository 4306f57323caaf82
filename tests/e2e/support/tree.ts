// A tree on disk in the form of the page's listing.
import { lstatSync, readdirSync, readlinkSync, Stats } from 'node:fs';
import type { Entry } from './listing';

/** Everything below `root`, names as bytes, the root left out. */
export function treeOnDisk(root: string): Entry[] {
  const found: Entry[] = [];
  const open: Buffer[] = [Buffer.alloc(0)];
  for (let inner = open.pop(); inner !== undefined; inner = open.pop()) {
    const folder = join(Buffer.from(root), inner);
    for (const name of readdirSync(folder, { encoding: 'buffer' })) {
      const path = inner.length === 0 ? name : join(inner, name);
      const whole = join(Buffer.from(root), path);
      const stat = lstatSync(whole);
      found.push(entry(path, whole, stat));
      if (stat.isDirectory()) open.push(path);
    }
  }
  return found;
}

function join(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), name]);
}

function entry(path: Buffer, whole: Buffer, stat: Stats): Entry {
  const text = path.toString('utf8');
  const type = typeOf(stat);
  return {
    path: text,
    ...(Buffer.from(text, 'utf8').equals(path) ? {} : { pathHex: path.toString('hex') }),
    type,
    mode: (stat.mode & 0o7777).toString(8).padStart(4, '0'),
    uid: stat.uid,
    gid: stat.gid,
    size: type === 'file' ? stat.size : 0,
    ino: stat.ino,
    ...(type === 'symlink' ? { link: readlinkSync(whole, { encoding: 'utf8' }) } : {}),
  };
}

function typeOf(stat: Stats): Entry['type'] {
  if (stat.isDirectory()) return 'dir';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isCharacterDevice()) return 'char';
  if (stat.isBlockDevice()) return 'block';
  if (stat.isFIFO()) return 'fifo';
  return 'file';
}
