import type { z } from 'zod';
import { GroupMetric, limits, Question, type SuiteStage } from '../../domain/index.ts';
import { createLinePlaces, type LinePlaces } from './line-places.ts';
import { invalid } from './suite-lines.ts';

export interface Place {
  stage: SuiteStage;
  file: string;
  line: number;
}

/** What all questions of a suite share: known metrics, and where each id stands. */
export interface Known {
  metricNames: ReadonlySet<string>;
  /** By id, in `places`. */
  seen: Map<string, number>;
  places: LinePlaces;
}

export function nothingKnown(metricNames: ReadonlySet<string>): Known {
  return { metricNames, seen: new Map(), places: createLinePlaces() };
}

/** "open/sums.jsonl line 3" */
function placeText({ file, line }: Place): string {
  return `${file} line ${line}`;
}

/** One line as a question. Failures: SUITE_INVALID naming file and line, for closed files never anything that stands in them. */
export function readQuestion(text: string, place: Place, known: Known): Question {
  const where = placeText(place);
  const parsed = Question.safeParse(parseLine(text, where));
  if (!parsed.success) throw invalid(where, place.stage === 'closed' ? shapeOnly(parsed.error) : described(parsed.error));
  checkQuestion(parsed.data, place, known);
  return parsed.data;
}

/** What the shape alone does not say. Failures: SUITE_INVALID. */
export function checkQuestion(question: Question, place: Place, { seen, places, metricNames }: Known): void {
  const { stage } = place;
  const where = placeText(place);
  const earlier = seen.get(question.id);
  const named = stage === 'closed' ? 'its id' : `the id ${JSON.stringify(question.id)}`;
  if (earlier !== undefined) throw invalid(where, `${named} stands in ${places.text(earlier)} already`);
  seen.set(question.id, places.add(place.file, place.line));
  if (question.prompt.length > limits.promptCharacters) throw invalid(where, `prompt: has ${question.prompt.length} characters; ${limits.promptCharacters} are the most`);
  const wrongWindow = windowProblem(question);
  if (wrongWindow !== undefined) throw invalid(where, `window: ${wrongWindow}`);
  const unknown = question.metrics.find((metric) => !metricNames.has(metric));
  if (unknown === undefined) return;
  const metric = stage === 'closed' ? 'metrics: one of them' : `metrics: ${JSON.stringify(unknown)}`;
  if (GroupMetric.safeParse(unknown).success) throw invalid(where, `${metric} is of all questions together; name it under groupMetrics`);
  throw invalid(where, `${metric} is unknown; known are ${[...metricNames].sort().join(', ')}`);
}

function windowProblem({ prompt, window, generation }: Question): string | undefined {
  if (window === undefined) return undefined;
  if (window.tokens <= generation.maxNewTokens) return `${window.tokens} tokens leave no room beside ${generation.maxNewTokens} new ones`;
  const ordered = window.examples.every(([start, end], index) => start < end && end <= prompt.length && start >= (window.examples[index - 1]?.[1] ?? 0));
  return ordered ? undefined : 'the examples are no ranges of the prompt, one after the other';
}

function parseLine(text: string, where: string): unknown {
  if (text.trim() === '') throw invalid(where, 'is empty');
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(where, 'is not valid JSON'); // JSON.parse would quote the line, and the line may be a closed question.
  }
}

function described(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'the line'}: ${wordsFor(issue)}`).join('; ');
}

function wordsFor({ code, message }: z.core.$ZodIssue): string {
  if (code === 'invalid_type' && message.endsWith('received undefined')) return 'is missing';
  return code === 'too_small' && message.includes('>=1 items') ? 'is empty; one at least is needed' : message;
}

/** Which known field is wrong, in zod's word for how; nothing that the line itself says. */
function shapeOnly(error: z.ZodError): string {
  const problems = error.issues.map(({ path, code }) => `${Object.keys(Question.shape).find((field) => field === path[0]) ?? 'the line'}: ${code}`);
  return [...new Set(problems)].join('; ');
}
