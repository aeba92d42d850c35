import { createSignatureIndex, permutations, signatureOf, similarity } from './minhash.ts';
import { createHashIndex, forEachNgram, type HashIndex } from './ngrams.ts';
import { type CheckedQuestion, hashesOf, ngramTokens, shingleTokens } from './questions.ts';
import type { ContaminationReport, FoundQuestion, Place } from './report.ts';
import { addTokens, keepLast, newTokens, type Tokens } from './tokens.ts';

/** A piece of the training data: one record, or a part of a longer text. */
export interface TrainingText extends Place {
  text: string;
  /** Whether it goes on where the piece before ended, so that n-grams over the border count. */
  continues: boolean;
}

export interface ContaminationCheck {
  add(piece: TrainingText): void;
  report(): ContaminationReport;
}

/** Documents estimated to be at least so similar (Jaccard over shingles) count as near. */
const nearSimilarity = 0.5;

/** Looks for a suite's questions in training texts that are given one after the other; memory grows with the questions only. */
export function createContaminationCheck(questions: readonly CheckedQuestion[]): ContaminationCheck {
  const tokens = newTokens();
  const overlap = createOverlap(questions);
  const nearness = createNearness(questions);
  const files = new Set<string>();
  let [documents, tokenCount] = [0, 0];
  return {
    add(piece) {
      keepLast(tokens, piece.continues ? ngramTokens - 1 : 0);
      const carried = tokens.length;
      addTokens(tokens, piece.text);
      files.add(piece.file);
      tokenCount += tokens.length - carried;
      if (!piece.continues) documents += 1;
      overlap.look(tokens, piece);
      nearness.look(tokens, piece);
    },
    report: () => ({
      schema: 'reprise.contamination/v1',
      method: { ngramTokens, shingleTokens, permutations, similarity: nearSimilarity },
      training: { files: [...files], documents, tokens: tokenCount },
      ...results(questions, (question, index) => ({ ...overlap.of(question), nearest: nearness.of(index) })),
    }),
  };
}

interface Overlap {
  look(tokens: Tokens, place: Place): void;
  of(question: CheckedQuestion): Pick<FoundQuestion, 'found' | 'first'>;
}

function createOverlap(questions: readonly CheckedQuestion[]): Overlap {
  const indexes = new Map<number, HashIndex>();
  for (const { size, ngrams } of questions) {
    if (ngrams.length === 0) continue;
    const index = indexes.get(size) ?? createHashIndex();
    indexes.set(size, index);
    for (const hash of ngrams) index.add(hash);
  }
  const places = new Map<number, Map<number, Place>>([...indexes.keys()].map((size) => [size, new Map()]));
  return {
    look(tokens, { file, line }) {
      for (const [size, index] of indexes) {
        const found = places.get(size);
        forEachNgram(tokens, size, (low, high) => {
          const number = index.get(low, high);
          if (number !== undefined && !found?.has(number)) found?.set(number, { file, line });
        });
      }
    },
    of({ size, ngrams }) {
      const found = [...ngrams].flatMap((hash) => places.get(size)?.get(indexes.get(size)?.numberOf(hash) ?? -1) ?? []);
      return { found: found.length, first: found[0] ?? null };
    },
  };
}

interface Nearness {
  look(tokens: Tokens, place: Place): void;
  of(question: number): FoundQuestion['nearest'];
}

/** Signs only documents that can be near: at least the wanted share of their shingles must stand in some question. */
function createNearness(questions: readonly CheckedQuestion[]): Nearness {
  const known = createHashIndex();
  const signatures = questions.map(({ shingles }) => (shingles.length === 0 ? undefined : signatureOf(shingles)));
  const index = createSignatureIndex();
  questions.forEach(({ shingles }, question) => {
    for (const hash of shingles) known.add(hash);
    const signature = signatures[question];
    if (signature) index.add(signature, question);
  });
  const nearest: FoundQuestion['nearest'][] = [];
  return {
    look(tokens, { file, line }) {
      let hits = 0;
      let total = 0;
      forEachNgram(tokens, shingleTokens, (low, high) => {
        total += 1;
        if (known.get(low, high) !== undefined) hits += 1;
      });
      // A shingle that stands in the document often counts each time; only a document of repetitions could be lost by it.
      if (hits === 0 || hits < nearSimilarity * total) return;
      const signature = signatureOf(hashesOf(tokens, shingleTokens));
      for (const question of index.candidates(signature)) {
        const alike = similarity(signature, signatures[question] ?? signature);
        if (alike >= nearSimilarity && alike > (nearest[question]?.similarity ?? 0)) nearest[question] = { file, line, similarity: alike };
      }
    },
    of: (question) => nearest[question] ?? null,
  };
}

function results(
  questions: readonly CheckedQuestion[],
  find: (question: CheckedQuestion, index: number) => Pick<FoundQuestion, 'found' | 'first' | 'nearest'>,
): Pick<ContaminationReport, 'scenarios' | 'questions'> {
  const scenarios = new Map<string, ContaminationReport['scenarios'][number]>();
  const all: FoundQuestion[] = [];
  questions.forEach((question, index) => {
    const { id, stage, scenario, ngrams } = question;
    const found = find(question, index);
    const row = scenarios.get(`${stage}/${scenario}`) ?? { name: scenario, stage, questions: 0, unchecked: 0, overlapping: 0, near: 0 };
    scenarios.set(`${stage}/${scenario}`, row);
    row.questions += 1;
    if (ngrams.length === 0) row.unchecked += 1;
    if (found.found > 0) row.overlapping += 1;
    if (found.nearest) row.near += 1;
    if (found.found > 0 || found.nearest) all.push({ id, stage, scenario, ngrams: ngrams.length, ...found });
  });
  return { scenarios: [...scenarios.values()], questions: all };
}
