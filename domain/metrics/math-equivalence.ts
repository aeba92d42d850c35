/*
 * Equality of LaTeX answers as HELM 0.5.16 has it (helm/benchmark/scenarios/math_scenario.py, after Hendrycks et al. 2021). Its
 * oddities are part of it: only "0.5" and ".5" become a half, and where its rewriting fails it compares the raw texts.
 */

/** `math_equiv` (is_equiv): 1 where both are equal after rewriting units, fractions, roots and superfluous LaTeX. */
export function mathEquivalent(gold: string, prediction: string): number {
  const rewrittenGold = rewrite(gold);
  const rewrittenPrediction = rewrittenGold === undefined ? undefined : rewrite(prediction);
  if (rewrittenPrediction === undefined) return gold === prediction ? 1 : 0;
  return rewrittenGold === rewrittenPrediction ? 1 : 0;
}

/** `math_equiv_chain_of_thought`: compares what the last \boxed{} holds. No box in both scores 1, in one of them 0. */
export function mathEquivalentChainOfThought(gold: string, prediction: string): number {
  const goldAnswer = boxed(gold);
  const predictedAnswer = boxed(prediction);
  if (goldAnswer === undefined || predictedAnswer === undefined) return goldAnswer === predictedAnswer ? 1 : 0;
  return mathEquivalent(goldAnswer, predictedAnswer);
}

/** The text in the last \boxed{…}. An \fbox is found where no \boxed is, but gives nothing, as in the original. */
function boxed(text: string): string | undefined {
  const start = text.lastIndexOf('\\boxed');
  if (start < 0) return undefined;
  const end = closingBrace(text, start);
  const opening = '\\boxed{';
  return end === undefined || !text.startsWith(opening, start) ? undefined : text.slice(start + opening.length, end);
}

function closingBrace(text: string, start: number): number | undefined {
  let open = 0;
  for (let index = start; index < text.length; index += 1) {
    if (text[index] === '{') open += 1;
    if (text[index] === '}' && (open -= 1) === 0) return index;
  }
  return undefined;
}

/** The rewritten text, or undefined where the original raises an exception. */
function rewrite(text: string): string | undefined {
  const withoutUnits = removeUnits(removeLayout(text));
  if (withoutUnits === undefined) return undefined;
  const withZeros = withoutUnits.replaceAll('\\%', '').replaceAll(' .', ' 0.').replaceAll('{.', '{0.');
  if (withZeros === '') return '';
  const withRoots = fixRoots(removeLeftSide(withZeros.startsWith('.') ? `0${withZeros}` : withZeros));
  const withFractions = withRoots === undefined ? undefined : fixFractions(withRoots.replaceAll(' ', ''));
  if (withFractions === undefined) return undefined;
  return fixQuotient(withFractions === '0.5' ? '\\frac{1}{2}' : withFractions);
}

/** In this order: removing one thing may make the next one appear. */
const layout: readonly (readonly [string, string])[] = [
  ['\n', ''],
  ['\\!', ''],
  ['\\\\', '\\'],
  ['tfrac', 'frac'],
  ['dfrac', 'frac'],
  ['\\left', ''],
  ['\\right', ''],
  ['^{\\circ}', ''],
  ['^\\circ', ''],
  ['\\$', ''],
];

function removeLayout(text: string): string {
  return layout.reduce((rest, [what, by]) => rest.replaceAll(what, () => by), text);
}

/** Cuts a unit on the right ("5 \text{ cm}"); two of them are an exception in the original. */
function removeUnits(text: string): string | undefined {
  const pieces = text.split('\\text{ ');
  return pieces.length > 2 ? undefined : pieces[0];
}

/** "x = 5" -> " 5" where the left side has at most two characters. */
function removeLeftSide(text: string): string {
  const [left, right, ...more] = text.split('=');
  return left === undefined || right === undefined || more.length > 0 || [...left].length > 2 ? text : right;
}

/** \sqrt3 -> \sqrt{3}; a root of nothing at the end is an exception in the original. */
function fixRoots(text: string): string | undefined {
  const [first = '', ...roots] = text.split('\\sqrt');
  if (roots.includes('')) return undefined;
  return first + roots.map((root) => `\\sqrt${root.startsWith('{') ? root : braceFirst(root)}`).join('');
}

function braceFirst(text: string): string {
  const [first = '', ...rest] = [...text];
  return `{${first}}${rest.join('')}`;
}

/** \frac12 -> \frac{1}{2}, \frac1{72} -> \frac{1}{72}; a single character after \frac leaves the whole text as it was. */
function fixFractions(text: string): string | undefined {
  const [first = '', ...fractions] = text.split('\\frac');
  let fixed = first;
  for (const fraction of fractions) {
    if (fraction === '') return undefined;
    const [numerator = '', denominator, ...rest] = [...fraction];
    if (numerator !== '{' && denominator === undefined) return text;
    if (numerator === '{') fixed += `\\frac${fraction}`;
    else fixed += `\\frac{${numerator}}${denominator === '{' ? '{' : `{${denominator}}`}${rest.join('')}`;
  }
  return fixed;
}

/** 2/3 -> \frac{2}{3} for integers in canonical form; Python reads at most 4,300 digits (sys.int_info.default_max_str_digits). */
function fixQuotient(text: string): string {
  const match = /^(0|-?[1-9]\d{0,4299})\/(0|-?[1-9]\d{0,4299})$/.exec(text);
  return match === null ? text : `\\frac{${match[1]}}{${match[2]}}`;
}
