import { lastPiece, strip, wordCharacter, words } from './python-text.ts';

/*
 * HELM 0.5.16, helm/benchmark/metrics/evaluate_reference_metrics.py: each function is written from the behaviour of the one of the
 * same name and compared with it on recorded inputs (test/fixtures/helm). All give 0 or 1, f1Score a fraction.
 */

/** `exact_match`: equal after strip. An empty prediction never matches. */
export function exactMatch(gold: string, prediction: string): number {
  return matches(prediction, () => strip(gold) === strip(prediction));
}

/** `quasi_exact_match`: equal after normalize_text. "!!!" and "???" are equal: both normalise to nothing. */
export function quasiExactMatch(gold: string, prediction: string): number {
  return matches(prediction, () => normalize(gold) === normalize(prediction));
}

/** `quasi_leave_articles_exact_match`: as quasi-exact, articles kept. */
export function quasiLeaveArticlesExactMatch(gold: string, prediction: string): number {
  return matches(prediction, () => normalizeKeepingArticles(gold) === normalizeKeepingArticles(prediction));
}

/** `prefix_exact_match`: the prediction begins with the reference. An empty reference is a prefix of everything. */
export function prefixExactMatch(gold: string, prediction: string): number {
  return matches(prediction, () => strip(prediction).startsWith(strip(gold)));
}

/** `quasi_prefix_exact_match`: as prefix, both normalised. */
export function quasiPrefixExactMatch(gold: string, prediction: string): number {
  return matches(prediction, () => normalize(prediction).startsWith(normalize(gold)));
}

/** `f1_score`: over the sets of normalised words (nltk.metrics.scores.f_measure); 0 where either set is empty. */
export function f1Score(gold: string, prediction: string): number {
  const goldWords = new Set(words(normalize(gold)));
  const predictedWords = new Set(words(normalize(prediction)));
  const common = [...goldWords].filter((word) => predictedWords.has(word)).length;
  if (common === 0) return 0;
  return 1 / (0.5 / (common / predictedWords.size) + 0.5 / (common / goldWords.size));
}

/** `exact_match_indicator`: exact match of what follows the last space. */
export function exactMatchIndicator(gold: string, prediction: string): number {
  return exactMatch(lastPiece(gold, ' '), strip(lastPiece(prediction, ' ')));
}

/** `final_number_exact_match`: exact match of the last number, commas removed. "10 20" is one number, as the original's dot is unescaped. */
export function finalNumberExactMatch(gold: string, prediction: string): number {
  return exactMatch(finalNumber(gold), finalNumber(prediction));
}

/** HELM's normalize_text (from QuAC's scorer): lower case, no ASCII punctuation, no articles, single spaces. */
export function normalize(text: string): string {
  return words(withoutPunctuation(text).replace(articles, ' ')).join(' ');
}

const articles = new RegExp(`(?<!${wordCharacter})(?:a|an|the)(?!${wordCharacter})`, 'gu');
const asciiPunctuation = /[!-/:-@[-`{-~]/g;
const number = /-?[\p{Nd},]+(?:[^\n]\p{Nd}+)?/gu;

/** normalize_text with should_remove_articles=False. */
export function normalizeKeepingArticles(text: string): string {
  return words(withoutPunctuation(text)).join(' ');
}

function withoutPunctuation(text: string): string {
  return text.toLowerCase().replace(asciiPunctuation, '');
}

function finalNumber(text: string): string {
  return (text.match(number)?.at(-1) ?? '').replaceAll(',', '');
}

function matches(prediction: string, condition: () => boolean): number {
  return prediction !== '' && condition() ? 1 : 0;
}
