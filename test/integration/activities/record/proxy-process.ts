/** A recording proxy as a process of its own, so that it can be killed: `proxy-process.ts <directory of the store> <scratch> <host:port>`. Prints its port. */
import { join } from 'node:path';
import { createDirectoryStore } from '../../../../activities/io/directory.ts';
import { openAuthority } from '../../../../activities/record/authority.ts';
import { openJournal } from '../../../../activities/record/journal.ts';
import { startProxy } from '../../../../activities/record/proxy.ts';
import { createRecorder } from '../../../../activities/record/record.ts';
import { createTroubles } from '../../../../activities/record/troubles.ts';
import { openUpstream } from '../../../../activities/record/upstream.ts';

const [directory = '', scratchDirectory = '', reachable = ''] = process.argv.slice(2);
const store = createDirectoryStore(directory);
const troubles = createTroubles();
const upstream = await openUpstream({ caBundle: undefined, httpProxy: undefined, httpsProxy: undefined, reachable: [reachable] });
const recorder = createRecorder({ store, scratchDirectory, upstream, journal: await openJournal(store, 'test', 'serve'), troubles, step: () => 1 });
const proxy = await startProxy({ address: '127.0.0.1', port: 0, authority: await openAuthority(join(scratchDirectory, 'authority.pem')), answer: recorder.answer, onTrouble: troubles.add });
process.stdout.write(`${proxy.port}\n`);
