import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { detailOf } from '../activities/failure.ts';
import { planSnapshot, readRequest } from '../activities/intake/index.ts';
import { parseSource } from '../activities/intake/parse-source.ts';
import { takeSnapshot } from '../activities/intake/snapshot.ts';
import { openSealedWith, storeSuite } from '../activities/intake/suite.ts';
import { visitSuite } from '../activities/intake/suite-files.ts';
import type { Acceptance, ReproductionRequest, Source, TrackName } from '../domain/index.ts';
import { metricNames } from '../domain/metrics/index.ts';
import type { Config } from '../infra/config.ts';
import { ownScratch } from '../infra/scratch.ts';
import type { Reprise } from './connection.ts';
import { UsageError } from './errors.ts';
import { interruptible } from './interrupt.ts';
import { valuesFor, type SecretValues } from './secrets.ts';

export interface RequestOptions {
  suite?: string | undefined;
  track?: TrackName | undefined;
  asOf?: string | undefined;
  submission?: string | undefined;
  dockerfile?: string | undefined;
  context?: string | undefined;
  fresh?: boolean | undefined;
  /** Findings that may be published all the same. */
  accept?: Acceptance[] | undefined;
  /** Values of secrets by name, for the submissions that declare them. */
  secrets?: SecretValues | undefined;
  /** Every submission that the source holds, instead of refusing to choose. */
  all?: boolean | undefined;
  onProgress?: (message: string) => void;
}

export interface PreparedRequest {
  /** The submission's name. */
  name: string;
  request: ReproductionRequest;
  /** What the submission gets; on its way to the worker of this machine, and never in the request. */
  secrets: SecretValues;
}

/**
 * Says what is wrong with a source's address or with a suite, with neither store nor stack: before anything is started. Failures:
 * SOURCE_NOT_FOUND, REQUEST_INVALID, SUITE_INVALID, SUITE_KEY_MISSING where the closed stage is sealed.
 */
export async function checkInputs({ suiteKeyFile }: Pick<Config, 'suiteKeyFile'>, text: string, suite: string | undefined): Promise<void> {
  await visitSuite(suiteDirectory(parseSource(text), suite), metricNames, openSealedWith({ settings: { suiteKeyFile } }), () => undefined);
}

/**
 * Puts a source and a suite into the store and makes the requests that start their reproduction, one for each submission.
 * What is wrong with either is said here, before anything is started (ApplicationFailure with a code of intake).
 */
export async function prepareRequests(reprise: Reprise, text: string, options: RequestOptions = {}): Promise<PreparedRequest[]> {
  const source = parseSource(text);
  const { config, store } = reprise;
  const settings = { scratchDirectory: ownScratch(config), suiteKeyFile: config.suiteKeyFile };
  const suite = await storeSuite({ store, settings }, suiteDirectory(source, options.suite), metricNames);
  const report = ({ message }: { message: string }): void => options.onProgress?.(message);
  const snapshot = await interruptible((signal) => takeSnapshot({ store, settings }, source, { signal, report }));
  const { tree, origin, commit, commitDate } = snapshot;
  const request = readRequest({
    source: { kind: 'snapshot', tree, origin, ...(commit === undefined ? {} : { commit }), ...(commitDate === undefined ? {} : { commitDate }) },
    suite: { kind: 'stored', suite: suite.suite },
    fresh: options.fresh === true,
    ...given({ track: options.track, asOf: options.asOf, submission: options.submission, dockerfile: options.dockerfile, context: options.context }),
    ...(options.accept && options.accept.length > 0 ? { accept: options.accept } : {}),
  });
  const named = Object.keys(options.secrets ?? {});
  const plan = async (each: ReproductionRequest): Promise<PreparedRequest> => {
    const { submission } = await planSnapshot({ store }, each, snapshot, { given: undefined, named });
    return { name: submission.name, request: each, secrets: valuesFor(submission.secrets, options.secrets ?? {}) };
  };
  return plan(request).then(
    (one) => [one],
    (error: unknown) => Promise.all(choicesIn(error, options.all === true).map((submission) => plan({ ...request, submission }))),
  );
}

/** The directories of a source that holds several submissions, where all of them are wanted; any other error stays one. */
function choicesIn(error: unknown, all: boolean): string[] {
  if (all && error instanceof ApplicationFailure && error.type === 'SEVERAL_SUBMISSIONS') return detailOf(error).choices ?? [];
  throw error;
}

/** `--suite`, else `suites/<name>` beside the submission's directory, where an organiser keeps both in one tree. */
function suiteDirectory(source: Source, suite: string | undefined): string {
  if (suite !== undefined) return resolve(suite);
  const beside = source.kind === 'directory' ? join(dirname(source.path), 'suites', basename(source.path)) : undefined;
  if (beside !== undefined && existsSync(beside)) return beside;
  const looked = beside === undefined ? '' : ` (there is no ${beside})`;
  throw new UsageError(`no suite of questions is given${looked}`, 'Name one with --suite DIR; examples/README.md describes the format.');
}

function given<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
