import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { openAuthority } from '../../../activities/record/authority.ts';
import { openJournal } from '../../../activities/record/journal.ts';
import type { RecordMasks } from '../../../activities/record/masked-body.ts';
import { startProxy } from '../../../activities/record/proxy.ts';
import { createRecorder } from '../../../activities/record/record.ts';
import { createReplay, createReplayer } from '../../../activities/record/replay.ts';
import { createTroubles, type Troubles } from '../../../activities/record/troubles.ts';
import { openUpstream, type UpstreamSettings } from '../../../activities/record/upstream.ts';
import type { RecordedExchange } from '../../../domain/index.ts';
import type { memoryStore } from '../../fakes/memory-store.ts';

export interface Proxied {
  port: number;
  troubles: Troubles;
  scratch(): string[];
  curl(...args: string[]): Promise<{ stdout: Buffer; exitCode: number | undefined }>;
  /** Ends the recording; gives what it holds. */
  end(): Promise<RecordedExchange[]>;
}

export const authorityDirectory = mkdtempSync(join(tmpdir(), 'reprise-authority-'));

/** A proxy that records into `store`, or answers from a recording. */
export async function proxied(
  store: ReturnType<typeof memoryStore>,
  settings: Partial<UpstreamSettings> & { replay?: readonly RecordedExchange[]; earlier?: readonly RecordedExchange[]; scratchDirectory?: string; masks?: RecordMasks } = {},
): Promise<Proxied> {
  const authority = await openAuthority(join(authorityDirectory, 'authority.pem'));
  const certificate = join(authorityDirectory, 'ca.pem');
  writeFileSync(certificate, authority.certificate);
  const scratchDirectory = settings.scratchDirectory ?? mkdtempSync(join(tmpdir(), 'reprise-spool-'));
  const troubles = createTroubles();
  const upstream = await openUpstream({ caBundle: undefined, httpProxy: undefined, httpsProxy: undefined, ...settings });
  const journal = await openJournal(store, 'test', 'serve');
  const earlier = settings.earlier && createReplay(settings.earlier);
  const recorder = createRecorder({ store, scratchDirectory, upstream, journal, troubles, earlier, masks: settings.masks, step: () => 1 });
  const answer = settings.replay ? createReplayer(store, createReplay(settings.replay), troubles, settings.masks?.text).answer : recorder.answer;
  const proxy = await startProxy({ address: '127.0.0.1', port: 0, authority, answer, onTrouble: (trouble) => troubles.add(trouble) });
  return {
    port: proxy.port,
    troubles,
    scratch: () => readdirSync(scratchDirectory),
    curl: async (...args) => {
      const { stdout, exitCode } = await execa('curl', ['-sS', '--cacert', certificate, '--proxy', `http://127.0.0.1:${proxy.port}`, '--noproxy', 'nothing.invalid', '-m', '30', ...args], { encoding: 'buffer', reject: false, extendEnv: false, env: { PATH: process.env['PATH'] } });
      return { stdout: Buffer.from(stdout ?? []), exitCode };
    },
    async end() {
      await recorder.settle();
      await proxy.close();
      await journal.close();
      upstream.close();
      return [...journal.exchanges()];
    },
  };
}
