/**
 * `npm run corpus -- DIR [--truth FILE] [--secrets | --pip]`: compares with ground truth for a directory of public submissions and
 * prints the table of hits and misses. Without a flag: Dockerfiles, roles, contexts, missing COPY sources, inputs. `--secrets
 * --compare [--gitleaks PROGRAM]` reads the same tree with gitleaks and secretlint too and prints one table.
 */
import { join } from 'node:path';
import { execa } from 'execa';

const args = process.argv.slice(2);
const kinds = { '--secrets': 'corpus-secrets', '--pip': 'corpus-pip' } as const;
const flag = args.find((each): each is keyof typeof kinds => Object.hasOwn(kinds, each));
const program = flag === undefined ? 'corpus-dockerfiles' : kinds[flag];
const { exitCode } = await execa('node', [join(import.meta.dirname, `${program}.ts`), ...args.filter((each) => each !== flag)], { stdio: 'inherit', reject: false });
process.exitCode = exitCode ?? 3;
