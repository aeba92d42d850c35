import type { FindingSeverity } from '../scan.ts';
import { caseChanges, entropyBits } from './placeholder.ts';
import type { SecretRule } from './rule.ts';
import { namesHash } from './structure.ts';

/** Names of variables that hold secrets. No vendor's format stands behind the value, so these judge by entropy and warn. */
export const assignmentRules: readonly SecretRule[] = [
  {
    id: 'assigned-secret',
    kind: 'value assigned to the name of a secret',
    keywords: ['api_key', 'apikey', 'apiKey', 'api-key', 'secret', 'token', 'passwd', 'password', 'credential', 'access_key', 'auth_key'],
    anyCase: true,
    pattern:
      /[A-Za-z_-]{5,28}\\?["']?\]?[ \t]{0,3}(?::[ \t]?str[ \t]?=|=>|[:=,])[ \t]{0,3}\\?["'](?<value>[A-Za-z0-9_\-+/=.~!@#%^&*]{16,200})(?=\\?["'])/y,
    boundary: 'none',
    publicPrefix: 0,
    severity: 'warn',
    judge: byAssignedEntropy,
    mustMatch: ['COHERE_API_KEY = "<alnum:40>"', 'client_secret: "<base64:48>"', 'os.environ["MISTRAL_API_KEY"] = "<alnum:32>"'],
    mustNotMatch: ['tokenizer = "meta-llama/Llama-2-7b-hf"', 'pad_token="<|endoftext|>"', 'api_key="YOUR_API_KEY_GOES_HERE"', 'token="get_token_from_environment"'],
  },
  {
    id: 'assigned-environment-secret',
    kind: 'value given to an environment variable of a secret',
    keywords: ['API_KEY=', 'SECRET=', 'TOKEN=', 'PASSWORD=', 'ACCESS_KEY=', 'SECRET_KEY='],
    pattern: /[A-Z_]{5,10}=(?<value>[A-Za-z0-9_\-+/.~]{20,200})(?![A-Za-z0-9_\-+/.~(])/y,
    boundary: 'none',
    publicPrefix: 0,
    severity: 'warn',
    judge: byAssignedEntropy,
    mustMatch: ['ENV COHERE_API_KEY=<alnum:40>'],
    mustNotMatch: ['TOKEN=read_the_documentation_first', 'export TOKEN=$OTHER'],
  },
];

/** Secrets mix digits with letters or both cases at random; names, paths and sentences do not. */
function byAssignedEntropy(value: string, before: string): FindingSeverity | 'discard' {
  const kinds = Number(/[a-z]/.test(value)) + Number(/[A-Z]/.test(value)) + Number(/[0-9]/.test(value));
  const words = value.split(/[-_./ ]/).filter((part) => /^(?:[A-Z]?[a-z]{2,}|[A-Z]{2,}|\d{1,4})$/.test(part)).length;
  const separators = value.split(/[-_./ ]/).length;
  if (kinds < 2 || words * 2 > separators || namesHash(before)) return 'discard';
  const mixed = value.replace(/[^0-9]/g, '').length >= 2 || caseChanges(value) >= value.length / 5;
  return mixed && entropyBits(value) >= (/^[0-9a-f]+$/.test(value) ? 3 : 3.6) ? 'warn' : 'discard';
}
