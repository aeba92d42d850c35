import type { Assignment, DoubleQuotedChild, Word, WordPart } from 'unbash';
import { longestValue, type Lookup } from './words.ts';

export interface ShellWord {
  value: string;
  /** Variables and substitutions whose value shows only while building. */
  unresolved: string[];
}

/** Values that are known where a word stands: the shell's own, then those of ENV and ARG. */
export interface Known {
  variables: ReadonlyMap<string, string>;
  lookup: Lookup;
}

/** What a word is after expansion. */
export function valueOf(word: Word | Assignment, known: Known): ShellWord {
  if (word.type === 'Assignment') {
    const value = word.value.type === 'Word' ? valueOf(word.value, known) : { value: '', unresolved: [] };
    return { value: `${word.name}=${value.value}`, unresolved: value.unresolved };
  }
  if (!word.parts) return { value: word.value, unresolved: [] };
  return joined(word.parts, known);
}

function joined(parts: readonly (WordPart | DoubleQuotedChild)[], known: Known): ShellWord {
  const all = parts.map((part) => partValue(part, known));
  const value = all.map((each) => each.value).join('');
  const unresolved = all.flatMap((each) => each.unresolved);
  // A variable that doubles itself in a loop of lines has no known value any more.
  return value.length > longestValue && all.length > 1
    ? { value: value.slice(0, longestValue), unresolved: [...unresolved, '…'] }
    : { value, unresolved };
}

function partValue(part: WordPart | DoubleQuotedChild, known: Known): ShellWord {
  switch (part.type) {
    case 'Literal':
    case 'SingleQuoted':
    case 'AnsiCQuoted':
      return { value: part.value, unresolved: [] };
    case 'DoubleQuoted':
    case 'LocaleString':
      return joined(part.parts, known);
    case 'SimpleExpansion':
      return variable(part.text.slice(1), part.text, known);
    case 'ParameterExpansion':
      return parameter(part, known);
    case 'CommandExpansion':
      // Only a comment, as in "`# why` command": nothing is left of it.
      if (part.script?.commands.length === 0 && !part.script.errors) return { value: '', unresolved: [] };
      return { value: part.text, unresolved: [part.text.slice(0, 60)] };
    case 'ArithmeticExpansion':
    case 'ProcessSubstitution':
      return { value: part.text, unresolved: [part.text.slice(0, 60)] };
    default:
      return { value: part.text, unresolved: [] };
  }
}

function variable(name: string, text: string, known: Known): ShellWord {
  const value = known.variables.get(name) ?? known.lookup(name) ?? wellKnown[name];
  return value === undefined ? { value: text, unresolved: [name] } : { value, unresolved: [] };
}

const wellKnown: Record<string, string> = { HOME: '/root' };

function parameter(part: Extract<WordPart, { type: 'ParameterExpansion' }>, known: Known): ShellWord {
  const plain = variable(part.parameter, part.text, known);
  const { operation } = part;
  if (!operation && part.prefix === undefined) return plain;
  if (operation?.type !== 'Default') return { value: part.text, unresolved: [part.text] };
  const present = plain.unresolved.length === 0 && (plain.value !== '' || !operation.operator.startsWith(':'));
  if (operation.operator.endsWith('+')) return present ? valueOf(operation.operand, known) : { value: '', unresolved: [] };
  if (operation.operator.endsWith('?')) return plain;
  return present ? plain : valueOf(operation.operand, known);
}
