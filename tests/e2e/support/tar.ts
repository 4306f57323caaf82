// A tar as GNU tar lists it, in the form of the page's listing.
import type { Entry } from './listing';
import { run } from './tools';

const TYPES: Record<string, Entry['type']> = {
  '-': 'file',
  d: 'dir',
  l: 'symlink',
  h: 'hardlink',
  c: 'char',
  b: 'block',
  p: 'fifo',
};

/** The entries of a tar, in its order; the root is left out. */
export function entriesOf(tar: string): Entry[] {
  const listing = run('tar', ['--numeric-owner', '--quoting-style=literal', '--show-transformed-names', '-tvf', tar]);
  const lines = listing.split('\n').filter((line) => line.length > 0);
  return lines.map(entry).filter((one) => one.path !== '.');
}

function entry(line: string): Entry {
  const found = /^(.)(.{9})\S* +(\d+)\/(\d+) +(\d+|\d+,\d+) \d{4}-\d\d-\d\d \d\d:\d\d (.*)$/.exec(line);
  const [, kind = '', mode = '', uid, gid, size, name = ''] = found ?? [];
  const type = TYPES[kind];
  if (!found || !type) throw new Error(`tar lists what can't be read: ${line}`);
  const mark = type === 'symlink' ? ' -> ' : type === 'hardlink' ? ' link to ' : undefined;
  const [path = '', link] = mark ? name.split(mark) : [name];
  return {
    path: path.replace(/^\.\//, '').replace(/\/$/, '') || '.',
    type,
    mode: octal(mode),
    uid: Number(uid),
    gid: Number(gid),
    size: type === 'file' ? Number(size) : 0,
    ...(link === undefined ? {} : { link }),
  };
}

/** `rwsr-x--t` as digits. */
function octal(text: string): string {
  let mode = 0;
  [...text].forEach((letter, at) => {
    if ('rwxst'.includes(letter)) mode |= 1 << (8 - at);
    if ('sStT'.includes(letter)) mode |= 0o4000 >> Math.floor(at / 3);
  });
  return mode.toString(8).padStart(4, '0');
}
