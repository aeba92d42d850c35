import type { Struck } from '../chaos.ts';
import type { Options } from '../options.ts';
import { quantilesOf, type Finding, type Summary } from '../summary.ts';
import type { Submitted } from '../workload.ts';
import type { World } from '../world.ts';
import { checkAnswers } from './answers.ts';
import { checkEngine } from './engine.ts';
import { checkEvidence } from './evidence.ts';
import { checkObjects } from './objects.ts';
import { checkTraining } from './training.ts';

/** Looks at what is there, past everything that the platform says of itself, and counts. */
export async function judge(world: World, { seed, minutes }: Options, submitted: Submitted[], struck: Struck[]): Promise<Summary> {
  const findings: Finding[] = [];
  let answers = 0;
  let trainingSecondsLost = 0;
  for (const each of submitted) {
    findings.push(...givenUpWrongly(each));
    if (each.result?.status !== 'completed') {
      const failed = each.result?.stages.find(({ outcome }) => outcome?.status === 'failed');
      findings.push({ kind: 'lost', of: each.run, message: `the run did not complete: ${each.error ?? failed?.outcome?.code ?? each.result?.status ?? 'it has not ended'}: ${failed?.outcome?.message ?? ''}` });
      continue;
    }
    try {
      answers += await checkAnswers(world, each, findings);
      trainingSecondsLost += await checkTraining(world, each, findings);
    } catch (error) {
      findings.push({ kind: 'lost', of: each.run, message: `what it stored cannot be read: ${String(error)}` });
    }
  }
  const objectsVerified = await checkObjects(world, findings);
  await checkEngine(world, findings);
  const completed = submitted.filter(({ result }) => result?.status === 'completed');
  for (const each of completed.slice(-auditedRuns)) await checkEvidence(world, each, findings);
  findings.push(...submitted.flatMap(historyTooLong));
  const count = (kind: Finding['kind']): number => findings.filter((finding) => finding.kind === kind).length;
  const events = (of: Submitted[]): number => Math.max(0, ...of.map(({ historyEvents }) => historyEvents));
  const byKind: Summary['killsByKind'] = {};
  for (const { kind } of struck) byKind[kind] = (byKind[kind] ?? 0) + 1;
  const recoveries = struck.flatMap(({ kind, recoveryMs }) => (recoveryMs === undefined ? [] : [{ kind, recoveryMs }]));
  return {
    schema: 'reprise.chaos/v1',
    seed,
    minutes,
    kills: struck.length,
    killsByKind: byKind,
    submissions: submitted.length,
    answers,
    lost: count('lost'),
    doubled: count('doubled'),
    wrong: count('wrong'),
    left: count('left'),
    trainingSecondsLost,
    mostHistoryEvents: { undisturbed: events(submitted.slice(0, 1)), disturbed: events(submitted.slice(1)) },
    objectsVerified,
    recoveryMs: quantilesOf(recoveries.map(({ recoveryMs }) => recoveryMs)),
    slowest: recoveries.toSorted((a, b) => b.recoveryMs - a.recoveryMs).slice(0, 5),
    holds: findings.length === 0,
    findings,
    ...(findings.length === 0 ? {} : { timeline: world.events }),
  };
}

/** Each costs some seconds; the objects of all runs are read anyway. */
const auditedRuns = 3;

/** Of a run that nothing disturbs, and of one whose every stage was disturbed: far below what the server refuses, 51,200. */
const mostEvents = { undisturbed: 200, disturbed: 1_000 };

function historyTooLong({ name, run, historyEvents }: Submitted): Finding[] {
  const most = name === 'undisturbed' ? mostEvents.undisturbed : mostEvents.disturbed;
  return historyEvents <= most ? [] : [{ kind: 'wrong', of: run, message: `its history has ${historyEvents} events, more than ${most}` }];
}

/** A stage that no attempt was left for is the platform's fault, and nobody else's. */
function givenUpWrongly({ retryOf }: Submitted): Finding[] {
  const failed = retryOf?.stages.filter(({ outcome }) => outcome?.status === 'failed') ?? [];
  return failed.filter(({ outcome }) => outcome?.fault !== 'platform').map(({ name, outcome }) => ({ kind: 'wrong', of: retryOf?.run ?? '', message: `${name} was given up as ${outcome?.code} of ${outcome?.fault}` }));
}
