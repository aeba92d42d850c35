/**
 * Whether a value is written where a secret belongs, without being one: `hf_xxxx…`, `YOUR_TOKEN`, `<token>`, `${TOKEN}`,
 * `1234567890abcdef…`. Judged by structure (variables, words, repetition, sequences, too few different characters), never by
 * "has no digit": tokens of Hugging Face's first format are letters only.
 */
export function isPlaceholder(value: string): boolean {
  return value.length < 4 || isVariable(value) || hasPlaceholderWord(value) || isRepetitive(value) || isSequential(value);
}

/** Bits per character of a value's own distribution; 0 for one repeated character. */
export function entropyBits(value: string): number {
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length);
  return bits;
}

/** How often upper and lower case change in the letters: about half of the pairs in a random value, few in names. */
export function caseChanges(value: string): number {
  let changes = 0;
  for (let index = 1; index < value.length; index += 1) {
    if (isUpper(value[index] ?? '') !== isUpper(value[index - 1] ?? '')) changes += 1;
  }
  return changes;
}

const variable = /[<>{}[\]()*]|\$[A-Za-z_]|%[sd]|%[A-Za-z_]+%|\.\.\.|^os\.|^env[._]|getenv|environ|process\.env/;

/** Long words cannot stand in a random value by chance; short ones count only as a whole word. */
const longWord = /example|placeholder|changeme|change[-_]me|insert|replace|redacted|your[-_]?(?:api|token|key|hf|secret|password)|dummy|sample|notreal|not[-_]a[-_]real|undefined|xxxxx|secretkey|password/i;
const wholeWord = /(?:^|[_\-. ])(?:your|my|fake|test|todo|here|none|null|true|false|token|secret|key|foo|bar|example|abc|user|pass|passwd|string|enter|put|paste|default|value|reserved)(?=$|[_\-. ])/i;

function isVariable(value: string): boolean {
  return variable.test(value);
}

function hasPlaceholderWord(value: string): boolean {
  return longWord.test(value) || wholeWord.test(value.replace(/^(?:hf|sk|gh[pousr]|r8|api_org)[_-]/, ''));
}

function isRepetitive(value: string): boolean {
  const body = value.replace(/^[A-Za-z]{1,8}[_-]/, '');
  const distinct = new Set(body.toLowerCase()).size;
  return distinct <= Math.min(4, body.length / 3) || longestRun(body) >= Math.max(5, body.length / 4) || hasShortPeriod(body);
}

function longestRun(value: string): number {
  let longest = 0;
  let run = 0;
  for (let index = 0; index < value.length; index += 1) {
    run = value[index] === value[index - 1] ? run + 1 : 1;
    longest = Math.max(longest, run);
  }
  return longest;
}

/** `abc123abc123abc123`: one unit at least three times, the last one possibly cut. */
function hasShortPeriod(value: string): boolean {
  for (let period = 1; period <= value.length / 3; period += 1) {
    if (value.slice(period) === value.slice(0, -period)) return true;
  }
  return false;
}

/** `1234567890`, `abcdefgh`, `qwertyuiop`: most neighbours are neighbours in the alphabet or on a keyboard too. */
function isSequential(value: string): boolean {
  const body = value.replace(/^[A-Za-z]{1,8}[_-]/, '').toLowerCase();
  let steps = 0;
  for (let index = 1; index < body.length; index += 1) {
    const step = body.charCodeAt(index) - body.charCodeAt(index - 1);
    if (step === 1 || step === -1 || step === 0 || '90 qwertyuiop asdfghjkl zxcvbnm'.includes(body.slice(index - 1, index + 1))) steps += 1;
  }
  return body.length >= 6 && steps / (body.length - 1) > 0.6;
}

function isUpper(character: string): boolean {
  return character >= 'A' && character <= 'Z';
}
