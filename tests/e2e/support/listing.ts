// Comparing a listing that the page saved with a tree that was unpacked on disk.
export interface Entry {
  path: string;
  pathHex?: string;
  type: 'file' | 'dir' | 'symlink' | 'hardlink' | 'char' | 'block' | 'fifo';
  mode: string;
  uid: number;
  gid: number;
  size: number;
  mtime?: number;
  link?: string;
  layer?: number;
  /** Only in a tree on disk: names of one inode share it. */
  ino?: number;
}

export function parseListing(text: string): Entry[] {
  return text
    .split('\n')
    .filter((line) => line.length > 0)
    .map((line) => JSON.parse(line) as Entry);
}

const key = (entry: Entry) => entry.pathHex ?? Buffer.from(entry.path, 'utf8').toString('hex');

/**
 * What differs between the page's listing and the tree on disk, in words; empty when they agree.
 * A disk knows no hard links, only names that share an inode, so links are followed to the name
 * that holds the content, and the groups are compared.
 */
export function differences(listed: Entry[], onDisk: Entry[]): string[] {
  const found: string[] = [];
  const page = new Map(listed.map((entry) => [key(entry), entry]));
  const disk = new Map(onDisk.map((entry) => [key(entry), entry]));
  for (const [path, entry] of disk) {
    if (!page.has(path)) found.push(`${entry.path}: on disk, not in the listing`);
  }
  const byPath = new Map(listed.map((entry) => [entry.path, entry]));
  const holder = (entry: Entry): Entry => {
    let at = entry;
    for (let hops = 0; at.type === 'hardlink' && hops < 100; hops += 1) {
      const next = byPath.get(normal(at.link ?? ''));
      if (!next) break;
      at = next;
    }
    return at;
  };
  for (const [path, entry] of page) {
    const real = disk.get(path);
    if (!real) {
      found.push(`${entry.path}: in the listing, not on disk`);
      continue;
    }
    const held = holder(entry);
    const compare = (what: string, mine: unknown, theirs: unknown) => {
      if (mine !== theirs) found.push(`${entry.path}: ${what} ${String(mine)}, on disk ${String(theirs)}`);
    };
    compare('type', held.type, real.type);
    compare('mode', Number.parseInt(held.mode, 8), Number.parseInt(real.mode, 8));
    compare('uid', held.uid, real.uid);
    compare('gid', held.gid, real.gid);
    if (held.type === 'file') compare('size', held.size, real.size);
    if (held.type === 'symlink') compare('link', held.link, real.link);
    if (entry.type === 'hardlink') {
      compare('inode', disk.get(key(held))?.ino, real.ino);
    }
  }
  return found;
}

function normal(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
