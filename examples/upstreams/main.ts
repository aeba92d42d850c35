/**
 * What `examples/unpinned` takes from outside beside packages: a git repository and two files, on an address of this machine.
 * `node examples/upstreams/main.ts [host:port]`; it serves until it is ended.
 */
import { startUpstreams, usualAddress } from './upstreams.ts';

const { address } = await startUpstreams(process.argv[2] ?? usualAddress);
process.stdout.write(`http://${address}\n`);
