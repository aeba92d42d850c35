import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { treeFromDirectory } from '../../../activities/io/trees.ts';
import { publish } from '../../../activities/publish/publish.ts';
import { scanDirectory } from '../../../activities/scan/scan.ts';
import type { Acceptance, Publication, ScanReport } from '../../../domain/index.ts';
import { memoryStore } from '../../fakes/memory-store.ts';

export const fingerprintKey = Buffer.alloc(32, 5);

/** A submission in a directory of its own, its history, and where its copy goes. */
export interface Workplace {
  source: string;
  target: string;
  write(path: string, bytes: string | Uint8Array): void;
  git(...args: string[]): string;
  commit(message: string): void;
  publishTree(accept?: Acceptance[], signingKeyFile?: string): Promise<Publication>;
  publishHistory(accept?: Acceptance[], signingKeyFile?: string): Promise<Publication>;
  scanCopy(): Promise<ScanReport>;
  /** git on the published history. */
  copied(...args: string[]): string;
}

/** A new one for every test of the file that calls this. */
export function useWorkplace(): Workplace {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'publish-test-'));
    mkdirSync(join(root, 'source'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const at = '2026-01-02T03:04:05.000Z';
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'init.defaultBranch=main', '-c', 'protocol.file.allow=always', '-c', 'commit.gpgsign=false'];
  const gitIn = (directory: string, args: string[]): string => execFileSync('git', [...identity, ...args], { cwd: directory, encoding: 'utf8', stdio: 'pipe' });
  return {
    get source() {
      return join(root, 'source');
    },
    get target() {
      return join(root, 'public');
    },
    write(path, bytes) {
      const file = join(root, 'source', path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes);
    },
    git: (...args) => gitIn(join(root, 'source'), args),
    commit(message) {
      gitIn(join(root, 'source'), ['add', '-A']);
      gitIn(join(root, 'source'), ['commit', '-q', '--allow-empty', '-m', message]);
    },
    async publishTree(accept = [], signingKeyFile) {
      const store = memoryStore();
      const tree = await treeFromDirectory(store, join(root, 'source'), { maxBytes: 1e9, maxFiles: 1e5, tooLarge: 'SOURCE_TOO_LARGE', unsafe: 'SOURCE_UNSAFE_PATH', skip: (path: string) => path === '.git' } as never);
      return publish({ origin: 'test', snapshot: { sha256: 'a'.repeat(64), store, tree } }, join(root, 'public'), { fingerprintKey, accept, at, ...(signingKeyFile === undefined ? {} : { signingKeyFile }) });
    },
    publishHistory: (accept = [], signingKeyFile) =>
      publish({ origin: 'test', gitDirectory: join(root, 'source', '.git') }, join(root, 'public'), { fingerprintKey, accept, at, ...(signingKeyFile === undefined ? {} : { signingKeyFile }) }),
    scanCopy: () => scanDirectory(join(root, 'public'), { fingerprintKey }),
    copied: (...args) => gitIn(join(root, 'public', 'history.git'), args),
  };
}
