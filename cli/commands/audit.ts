import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { Command } from 'commander';
import { auditRun } from '../../activities/audit/audit.ts';
import { exportRun, findRunIn } from '../../activities/audit/export.ts';
import { outcomeOf } from '../../activities/failure.ts';
import { createDirectoryStore } from '../../activities/io/directory.ts';
import { auditPublication, isPublication } from '../../activities/audit/publication.ts';
import type { ObjectStore } from '../../activities/io/store.ts';
import type { AuditReport, PublicationAudit } from '../../domain/index.ts';
import { readConfig, type Config } from '../../infra/config.ts';
import { connect, storeOf } from '../connection.ts';
import { UsageError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { renderPublicationAudit } from '../render-publication.ts';
import { renderAudit } from '../render.ts';
import { findRun } from '../runs.ts';
import { print, printJson, say } from '../terminal.ts';

interface AuditOptions {
  rescore?: true;
  key?: string;
  suiteKey?: string;
  json?: true;
}

export function auditCommand(): Command {
  return new Command('audit')
    .description('re-read and verify everything that a run stored; a directory made by `export` or `publish` needs no stack')
    .argument('<run>', 'run, workflow id, or a directory made by `reprise export` or `reprise publish`')
    .option('--rescore', 'recompute the score from the stored answers')
    .option('--key <file>', 'public key (PEM) that must have signed; default: this installation’s')
    .option('--suite-key <file>', 'key of the closed questions, to rescore them; default: this installation’s')
    .option('--json', 'print reprise.audit/v1; of a publication reprise.publication-audit/v1')
    .addHelpText('after', '\nExample:\n  reprise export addition-3f9c2a1b0d evidence/ && reprise audit evidence/ --rescore\n  reprise audit public/team-7 --key organiser.pub.pem')
    .action(async (name: string, options: AuditOptions) => {
      const config = readConfig();
      if (isPublication(name)) return showPublicationAudit(name, await publicationAudit(config, name, options), options.json === true);
      const { store, run } = await locate(config, name);
      showAudit(await audit(config, store, run, options), options.json === true);
    });
}

export function exportCommand(): Command {
  return new Command('export')
    .description('copy everything an auditor needs into one directory')
    .argument('<run>', 'run, or workflow id for its newest run')
    .argument('<directory>', 'new or empty directory, or one that an interrupted export left')
    .option('--private', 'also where a scan found secrets or was not complete: for an auditor who may see them')
    .option('--json', 'print reprise.export/v1')
    .addHelpText('after', '\nExample:\n  reprise export addition-3f9c2a1b0d evidence/')
    .action(async (name: string, directory: string, options: { json?: true; private?: true }) => {
      const config = readConfig();
      const { store, run } = await locate(config, name);
      const copied = await exportRun(store, run, directory, { publicKey: await trustedKey(config, undefined), isPrivate: options.private });
      if (options.json) printJson({ schema: 'reprise.export/v1', run, directory, ...copied });
      else say(`${copied.objects} objects, ${copied.bytes} bytes. Verify them anywhere: reprise audit ${directory}`);
    });
}

/** Verifies a run; with `rescore` also recomputes its score. Never throws for evidence that does not hold: the report says so. */
export async function audit(config: Config, store: ObjectStore, run: string, options: AuditOptions): Promise<AuditReport> {
  const suiteKeyFile = options.suiteKey ?? config.suiteKeyFile;
  return auditRun(store, run, { trustedKeys: await trustedKeys(config, options.key), ...(options.rescore ? { rescore: { suiteKeyFile } } : {}) });
}

async function publicationAudit(config: Config, directory: string, options: AuditOptions): Promise<PublicationAudit> {
  if (options.rescore) throw new UsageError(`${directory} is a publication, which holds no answers to rescore`, 'Leave --rescore out, or name a directory made by `reprise export`.');
  return auditPublication(directory, await trustedKeys(config, options.key));
}

function showPublicationAudit(directory: string, report: PublicationAudit, json: boolean): void {
  if (json) printJson(report);
  else print(renderPublicationAudit(report, directory));
  if (!report.verified) process.exitCode = exitCodes.evidence;
}

function showAudit(report: AuditReport, json: boolean): void {
  if (json) printJson(report);
  else print(renderAudit(report));
  if (!report.verified) process.exitCode = exitCodes.evidence;
}

/** A directory is audited as it lies there; anything else is a run of the configured stack. */
export async function locate(config: Config, name: string): Promise<{ store: ObjectStore; run: string }> {
  if (existsSync(name)) return { store: createDirectoryStore(name), run: await exportedRunIn(name) };
  if (/[/\\]/.test(name)) throw new UsageError(`there is no directory ${name}`, howToName);
  const store = storeOf(config);
  // A run's full name is enough: auditing must not need the Temporal server.
  for await (const _ of store.list(`runs/${name}/manifest.json`)) return { store, run: name };
  const reprise = await connect(config);
  try {
    return { store, run: (await findRun(reprise, name)).run };
  } finally {
    await reprise.close();
  }
}

const howToName = 'Name a run (`reprise list` shows them), or a directory made by `reprise export`.';

async function exportedRunIn(directory: string): Promise<string> {
  return findRunIn(directory).catch((error: unknown) => {
    throw outcomeOf(error)?.code === 'REQUEST_INVALID' ? new UsageError((error as Error).message, howToName, { cause: error }) : error;
  });
}

async function trustedKeys(config: Config, file: string | undefined): Promise<KeyObject[]> {
  const key = await trustedKey(config, file);
  return key ? [key] : [];
}

async function trustedKey(config: Config, file: string | undefined): Promise<KeyObject | undefined> {
  if (file === undefined && !existsSync(config.signingKeyFile)) return undefined;
  try {
    return createPublicKey(await readFile(file ?? config.signingKeyFile));
  } catch (cause) {
    throw new UsageError(`${file ?? config.signingKeyFile} ${existsSync(file ?? config.signingKeyFile) ? 'holds no key' : 'is not there'}`, 'Give the signer’s public key in PEM form with --key.', { cause });
  }
}
