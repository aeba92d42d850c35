/** A recording proxy as a process of its own, so that its memory can be measured. Settings are JSON in the first argument; prints its port; ends on SIGTERM, when all is stored, with its figures. */
import { openAuthority } from '../../activities/record/authority.ts';
import { openJournal } from '../../activities/record/journal.ts';
import { startProxy } from '../../activities/record/proxy.ts';
import { createRecorder } from '../../activities/record/record.ts';
import { createTroubles } from '../../activities/record/troubles.ts';
import { openUpstream } from '../../activities/record/upstream.ts';
import { createS3Store, type S3Options } from '../../activities/io/s3.ts';

interface ProxySettings {
  store: S3Options;
  authorityFile: string;
  caBundle: string;
  reachable: string[];
  scratchDirectory: string;
}

/** What it says at its end. */
export interface ProxyFigures {
  maxRssMiB: number;
  /** Answers. */
  stored: number;
  cpuSecondsPerGB: number;
  troubles: number;
}

const settings = JSON.parse(process.argv[2] ?? '') as ProxySettings;
const store = createS3Store(settings.store);
const troubles = createTroubles();
const journal = await openJournal(store, `bench-${process.pid}`, 'serve');
const upstream = await openUpstream({ ...settings, httpProxy: undefined, httpsProxy: undefined });
const recorder = createRecorder({ store, scratchDirectory: settings.scratchDirectory, upstream, journal, troubles, step: () => 1 });
const authority = await openAuthority(settings.authorityFile);
const proxy = await startProxy({ address: '127.0.0.1', port: 0, authority, answer: recorder.answer, onTrouble: troubles.add });
process.on('SIGTERM', () => void end());
process.stdout.write(`${proxy.port}\n`);

async function end(): Promise<void> {
  await recorder.settle();
  await journal.close();
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const storedBytes = journal.exchanges().reduce((sum, { body }) => sum + (body?.sizeBytes ?? 0), 0);
  const figures: ProxyFigures = {
    maxRssMiB: Math.round(maxRSS / 1024),
    stored: journal.exchanges().length,
    cpuSecondsPerGB: Number(((userCPUTime + systemCPUTime) / 1e6 / (storedBytes / 1e9)).toFixed(1)),
    troubles: troubles.all().length,
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit(0));
}
