// Images that are made for one test and pushed into the scratch registry, byte by byte as given.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  [more: string]: unknown;
}

export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX = 'application/vnd.oci.image.index.v1+json';
export const CONFIG = 'application/vnd.oci.image.config.v1+json';
export const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';

export function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A layer, and the digest of its tar. */
export interface Layer {
  layer: Descriptor;
  diffId: string;
}

/** A repository in which images are made. */
export class Maker {
  constructor(
    readonly origin: string,
    readonly repository: string,
  ) {}

  /** Pushes a blob. */
  async blob(bytes: Uint8Array | string, mediaType: string): Promise<Descriptor> {
    const body = Buffer.from(bytes);
    const digest = sha256(body);
    const begun = await fetch(`${this.origin}/v2/${this.repository}/blobs/uploads/`, { method: 'POST' });
    const place = new URL(begun.headers.get('location') ?? '', this.origin);
    place.searchParams.set('digest', digest);
    const headers = { 'content-type': 'application/octet-stream' };
    const put = await fetch(place, { method: 'PUT', headers, body });
    if (put.status !== 201) throw new Error(`blob: ${put.status} ${await put.text()}`);
    return { mediaType, digest, size: body.length };
  }

  /** Pushes a manifest or index, under a tag or by its digest. */
  async document(value: object | string, mediaType: string, tag?: string): Promise<Descriptor> {
    const body = typeof value === 'string' ? value : JSON.stringify(value);
    const digest = sha256(body);
    const url = `${this.origin}/v2/${this.repository}/manifests/${tag ?? digest}`;
    const put = await fetch(url, { method: 'PUT', headers: { 'content-type': mediaType }, body });
    if (put.status !== 201) throw new Error(`manifest: ${put.status} ${await put.text()}`);
    return { mediaType, digest, size: Buffer.byteLength(body) };
  }

  /** Pushes the layer of one file. */
  async layer(name: string, text: string): Promise<Layer> {
    return this.layerOf([{ name, text }]);
  }

  /** Pushes a layer of files. */
  async layerOf(entries: Entry[]): Promise<Layer> {
    const tar = tarOf(entries);
    return { layer: await this.blob(gzipSync(tar), LAYER), diffId: sha256(tar) };
  }

  /** Pushes an image of these layers; `config` and `manifest` have what is to be added to them. */
  async image(
    layers: Layer[],
    tag: string | undefined,
    { config = {}, manifest = {} }: { config?: object; manifest?: object } = {},
  ): Promise<Descriptor> {
    const rootfs = { type: 'layers', diff_ids: layers.map((it) => it.diffId) };
    const whole = { architecture: 'amd64', os: 'linux', rootfs, ...config };
    const pushed = await this.blob(JSON.stringify(whole), CONFIG);
    const document = {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: pushed,
      layers: layers.map((it) => it.layer),
      ...manifest,
    };
    return this.document(document, MANIFEST, tag);
  }
}

/**
 * An entry of a tar: a file with its text, a directory when the name ends in a slash, a symlink, or
 * another name of the file at `same`.
 */
export interface Entry {
  name: string;
  text?: string;
  link?: string;
  same?: string;
  mode?: number;
  /** Seconds since 1970. */
  mtime?: number;
}

/** A tar of small files. */
export function tarOf(entries: Entry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocks), Buffer.alloc(1024)]);
}

function blocks({ name, text = '', link, same, mode, mtime = 0o15122433600 }: Entry): Buffer[] {
  const directory = name.endsWith('/');
  const body = Buffer.from(text);
  const header = Buffer.alloc(512);
  header.write(name, 0);
  const octal = (number: number, digits: number) => number.toString(8).padStart(digits, '0');
  header.write(`${octal(mode ?? (directory ? 0o755 : 0o644), 7)}\0`, 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${octal(body.length, 11)}\0`, 124);
  header.write(`${octal(mtime, 11)}\0`, 136);
  header.write('        ', 148);
  header.write(directory ? '5' : link ? '2' : same ? '1' : '0', 156);
  header.write(link ?? same ?? '', 157);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148);
  return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
}
