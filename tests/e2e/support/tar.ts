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
  const listing = run('tar', ['--numeric-owner', '--quoting-style=escape', '--show-transformed-names', '-tvf', tar]);
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
  const bytes = unescaped(path.replace(/^\.\//, '').replace(/\/$/, '') || '.');
  const text = bytes.toString('utf8');
  return {
    path: text,
    ...(Buffer.from(text, 'utf8').equals(bytes) ? {} : { pathHex: bytes.toString('hex') }),
    type,
    mode: octal(mode),
    uid: Number(uid),
    gid: Number(gid),
    size: type === 'file' ? Number(size) : 0,
    ...(link === undefined ? {} : { link: unescaped(link).toString('utf8') }),
  };
}

/** The bytes of a name that tar wrote with escapes. */
function unescaped(name: string): Buffer {
  const letters: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
  const pieces = name.match(/\\[0-7]{3}|\\.|[^\\]+/gs) ?? [];
  return Buffer.concat(
    pieces.map((piece) => {
      if (/^\\[0-7]/.test(piece)) return Buffer.from([parseInt(piece.slice(1), 8)]);
      if (piece.startsWith('\\')) return Buffer.from(letters[piece.slice(1)] ?? piece.slice(1));
      return Buffer.from(piece);
    }),
  );
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
