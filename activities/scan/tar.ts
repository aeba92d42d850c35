import { scanBytes } from './bytes.ts';
import { addAll, takeEntry, within, type Content, type ScanInner } from './nesting.ts';
import type { ByteReader } from './reader.ts';
import type { ScanSession } from './session.ts';
import { TarError, tarEntries, type TarEntry } from './tar-entries.ts';

/**
 * Scans every entry of a tar and the entries' names and attributes; entries are streamed, whatever their size. Behind the end
 * mark, and behind what is broken, the bytes are scanned as they are.
 */
export async function scanTar(session: ScanSession, content: Content, reader: ByteReader, scanInner: ScanInner): Promise<Set<string>> {
  const found = new Set<string>();
  const texts: string[] = [];
  try {
    const entries = tarEntries(reader);
    let step = await entries.next();
    for (; step.done !== true && takeEntry(session, content); step = await entries.next()) {
      texts.push(...step.value.texts);
      addAll(found, await scanEntry(session, content, step.value, scanInner));
    }
    if (step.value === false) session.skip(content.path, content.within, 'the tar ends without its end mark: it may be cut off');
  } catch (error) {
    if (!(error instanceof TarError)) throw error;
    session.skip(content.path, content.within, `the tar is broken: ${error.message}`);
  }
  addAll(found, await scanBytes(session, { ...content, within: [...content.within, 'names'] }, inOne(texts)));
  addAll(found, await scanBytes(session, content, reader.rest()));
  return found;
}

async function scanEntry(session: ScanSession, content: Content, entry: TarEntry, scanInner: ScanInner): Promise<ReadonlySet<string>> {
  if (entry.kind === 'directory' || entry.kind === 'link' || entry.kind === 'device') return nothing;
  session.counts.files += 1;
  return scanInner(session, within(content, entry.name.replace(/^(?:\.?\/)+/, '')), entry.body);
}

const nothing: ReadonlySet<string> = new Set();

async function* inOne(texts: string[]): AsyncGenerator<Buffer> {
  if (texts.length > 0) yield Buffer.from(texts.join('\n'), 'utf8');
}
