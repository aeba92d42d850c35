/** Enough for the last magic number (`ustar`, and the tar checksum's whole header). */
export const headBytes = 512;

export type Format = 'bytes' | 'tar' | 'zip' | 'gzip' | 'zstd' | 'bzip2' | 'xz' | 'zlib' | 'pack' | 'notebook' | 'image-json' | 'tensors';

/** What a content is, by its first bytes; by its name only where these say nothing, since a submission chooses names. */
export function formatOf(head: Buffer, name: string): Format {
  const magic = magics.find(({ bytes }) => head.length >= bytes.length && bytes.every((byte, index) => head[index] === byte));
  if (magic) return magic.format;
  if (isTar(head)) return 'tar';
  if (isLooseObject(head, name)) return 'zlib';
  if (isImageJson(head, name)) return 'image-json';
  if (/\.ipynb/i.test(name) || isNotebook(head)) return 'notebook';
  return isSafetensors(head) ? 'tensors' : 'bytes';
}

const magics: readonly { format: Format; bytes: readonly number[] }[] = [
  { format: 'zip', bytes: [0x50, 0x4b, 0x03, 0x04] },
  { format: 'zip', bytes: [0x50, 0x4b, 0x05, 0x06] },
  { format: 'gzip', bytes: [0x1f, 0x8b, 0x08] },
  { format: 'zstd', bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  { format: 'bzip2', bytes: [0x42, 0x5a, 0x68] },
  { format: 'pack', bytes: [0x50, 0x41, 0x43, 0x4b, 0x00, 0x00, 0x00] },
  { format: 'pack', bytes: [...Buffer.from('# v2 git bundle\n')] },
  { format: 'pack', bytes: [...Buffer.from('# v3 git bundle\n')] },
  { format: 'xz', bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
];

/** An object of a repository that was packed with its history: its name is its hash, its bytes are zlib's. */
function isLooseObject(head: Buffer, name: string): boolean {
  return head[0] === 0x78 && /(?:^|\/)[0-9a-f]{2}\/[0-9a-f]{38}(?:[0-9a-f]{24})?$/.test(name);
}

/** A header's checksum is the sum of its bytes with the checksum itself as spaces: it tells old tars without `ustar` too. */
function isTar(head: Buffer): boolean {
  if (head.length < 512 || head[0] === 0) return false;
  const stated = Number.parseInt(head.toString('latin1', 148, 156).replaceAll('\0', ' ').trim(), 8);
  let sum = 8 * 0x20;
  for (let index = 0; index < 512; index += 1) if (index < 148 || index >= 156) sum += head[index] ?? 0;
  return stated === sum;
}

/** In a saved image and in an OCI layout, what is no layer is JSON under its hash. */
function isImageJson(head: Buffer, name: string): boolean {
  return head[0] === 0x7b && /(?:^|\/)(?:blobs\/sha256\/[0-9a-f]{64}|[0-9a-f]{64}\.json)$/.test(name);
}

function isNotebook(head: Buffer): boolean {
  return /^\s{0,64}\{\s{0,64}"(?:cells|nbformat|metadata)"/.test(head.toString('latin1', 0, 256));
}

/** Eight bytes of length, then a JSON object (huggingface/safetensors, README "Format"). */
function isSafetensors(head: Buffer): boolean {
  return head.length > 16 && head.readBigUInt64LE(0) < 100_000_000n && head[8] === 0x7b && head[9] === 0x22;
}
