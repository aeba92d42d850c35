/** One family of base models that the contest allowed, in all its sizes. */
export interface BaseModelFamily {
  family: string;
  /** The start of a model's name on the hub, in lower case. */
  names: readonly RegExp[];
  /** Who publishes the family itself; a copy by another may be something else. */
  publishers: readonly string[];
}

/**
 * The approved base models of the NeurIPS 2023 LLM Efficiency Challenge, by its own list (llm-efficiency-challenge.github.io,
 * page "challenge", as of October 2023). Names and publishers are those of the Hugging Face hub.
 */
const baseModelFamilies: readonly BaseModelFamily[] = [
  family('ALBERT', [/^albert-/], ['albert']),
  family('BART', [/^bart-/], ['facebook']),
  family('BERT', [/^bert-/], ['google-bert', 'google']),
  family('Bloom', [/^bloom(?!z)/], ['bigscience']),
  family('Cerebras', [/^btlm-/, /^cerebras-gpt-/], ['cerebras']),
  family('Colossal-LLaMA-2-7b-base', [/^colossal-llama-2-7b-base$/], ['hpcai-tech', 'hpcaitech']),
  family('DeBERTa', [/^(?:m)?deberta-/], ['microsoft']),
  family('DeciLM-6B', [/^decilm-6b$/], ['deci']),
  family('DistilBERT', [/^distilbert-/], ['distilbert']),
  family('Electra', [/^electra-/], ['google']),
  family('Falcon', [/^falcon-/], ['tiiuae']),
  family('GPT2', [/^gpt2(?:$|-)/], ['openai-community']),
  family('GPT Neo, J, NeoX, Pythia', [/^gpt-neo-/, /^gpt-j-/, /^gpt-neox-/, /^pythia-/], ['eleutherai']),
  family('InternLM', [/^internlm-/], ['internlm']),
  family('LLaMA or Llama 2', [/^llama-(?:2-)?\d+b/], ['meta-llama', 'facebook', 'huggyllama']),
  family('Mistral', [/^mistral-7b-/], ['mistralai']),
  family('MPT', [/^mpt-/], ['mosaicml']),
  family('OpenLLaMA', [/^open_llama_/], ['openlm-research']),
  family('OPT', [/^opt-(?!iml)/], ['facebook']),
  family('Persimmon', [/^persimmon-/], ['adept']),
  family('Qwen', [/^qwen-/], ['qwen']),
  family('Red Pajama Base', [/^redpajama-incite-(?:.*-)?base/], ['togethercomputer']),
  family('RoBERTa', [/^(?:xlm-)?roberta-/], ['facebookai', 'facebook']),
  family('T5', [/^(?:m?t5|t5-v1_1)-/], ['google-t5', 'google']),
  family('UL2', [/^ul2$/], ['google']),
];

export type BaseModelVerdict = 'allowed' | 'other-publisher' | 'instruction-tuned' | 'not-listed' | 'undeclared';

export interface BaseModelCheck {
  verdict: BaseModelVerdict;
  family?: string;
  reason: string;
}

/**
 * Whether a declared base model (`publisher/name` of the hub, or a name alone) is on the contest's list. A name says what was
 * declared, not what was trained: `allowed` is no proof.
 */
export function checkBaseModel(declared: string | undefined): BaseModelCheck {
  if (declared === undefined || declared.trim() === '') return { verdict: 'undeclared', reason: 'reprise.yaml names no baseModel' };
  const [name = '', publisher] = declared.trim().toLowerCase().split('/').toReversed();
  const found = baseModelFamilies.find(({ names }) => names.some((pattern) => pattern.test(name)));
  if (tuned.test(name)) return { verdict: 'instruction-tuned', ...named(found), reason: `${declared} is tuned to instructions, and the list has base models only` };
  if (!found) return { verdict: 'not-listed', reason: `${declared} is of no family on the list` };
  if (publisher !== undefined && !found.publishers.includes(publisher)) {
    return { verdict: 'other-publisher', ...named(found), reason: `${declared} is named like ${found.family}, whose publishers are ${found.publishers.join(', ')}` };
  }
  return { verdict: 'allowed', ...named(found), reason: `${found.family} is on the list` };
}

/** Words in names of models that were tuned to instructions or conversations. */
const tuned = /(?:^|[-_.])(?:chat|it|sft|rlhf|dpo|alpaca|vicuna|zephyr|orca|flan|dolly|assistant|oasst\w*|storywriter)(?=$|[-_.])|instruct/;

function family(name: string, names: RegExp[], publishers: string[]): BaseModelFamily {
  return { family: name, names, publishers };
}

function named(found: BaseModelFamily | undefined): { family?: string } {
  return found ? { family: found.family } : {};
}
