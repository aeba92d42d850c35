import { createHash } from 'node:crypto';
import { eq, valid } from '@renovatebot/pep440';
import { canonical } from '../pip-specs.ts';
import { versionOf, type IndexFile } from './files.ts';
import { shown, Unreachable, type HttpClient } from './http.ts';
import { readRemoteZip } from './remote-zip.ts';

/**
 * METADATA of a wheel: what upstream serves beside the file, where that has the hash it claims or names the same project and
 * version; else read out of the wheel itself, of which only the directory and that entry are fetched. Throws Unreachable.
 */
export async function wheelMetadata(client: HttpClient, project: string, file: IndexFile, signal: AbortSignal): Promise<Buffer> {
  return (await besideFile(client, project, file, signal)) ?? (await withinWheel(client, file, signal));
}

async function besideFile(client: HttpClient, project: string, file: IndexFile, signal: AbortSignal): Promise<Buffer | undefined> {
  const answer = await client.getBytes(`${file.url}.metadata`, {}, signal);
  if (answer.status !== 200) return undefined;
  const claimed = file.metadata?.sha256;
  if (claimed !== undefined && createHash('sha256').update(answer.bytes).digest('hex') !== claimed) return undefined;
  return names(answer.bytes.toString('utf8'), project, versionOf(file.filename, project)) ? answer.bytes : undefined;
}

/** An error page served with 200 is no metadata. */
function names(text: string, project: string, version: string | undefined): boolean {
  const field = (name: string): string | undefined => new RegExp(`^${name}: *(\\S+)`, 'mi').exec(text.split(/\r?\n\r?\n/)[0] ?? '')?.[1];
  const [named, numbered] = [field('Name'), field('Version')];
  if (named === undefined || numbered === undefined || canonical(named) !== canonical(project)) return false;
  return version === undefined || numbered === version || (Boolean(valid(numbered)) && Boolean(valid(version)) && eq(numbered, version));
}

async function withinWheel(client: HttpClient, file: IndexFile, signal: AbortSignal): Promise<Buffer> {
  const found = await readRemoteZip(client, file.url, (name) => /^[^/]+\.dist-info\/METADATA$/.test(name), signal);
  const [metadata] = found.values();
  if (!metadata) throw new Unreachable(`${shown(file.url)}: holds no METADATA`);
  return metadata;
}
