import { z } from 'zod';
import { BuildInput } from './pin.ts';

export const CheckSeverity = z.enum(['error', 'warning', 'note']);
export type CheckSeverity = z.infer<typeof CheckSeverity>;

/** What breaks a build or a run, seen without building. What is not certain is a warning that says why. */
export const CheckFinding = z.object({
  code: z.string(),
  severity: CheckSeverity,
  line: z.number().int().positive(),
  message: z.string(),
  nextStep: z.string(),
});
export type CheckFinding = z.infer<typeof CheckFinding>;

export const CheckedDockerfile = z.object({
  path: z.string(),
  context: z.string(),
  role: z.enum(['serve', 'train', 'other']),
  /** What made us think so. */
  evidence: z.object({ context: z.string(), role: z.string() }),
  findings: z.array(CheckFinding),
  inputs: z.array(BuildInput),
});
export type CheckedDockerfile = z.infer<typeof CheckedDockerfile>;

/** A `reprise.yaml`, with what intake would refuse in it. */
export const CheckedManifest = z.object({ path: z.string(), findings: z.array(CheckFinding) });
export type CheckedManifest = z.infer<typeof CheckedManifest>;

/** What `reprise check` prints. */
export const CheckReport = z.object({
  schema: z.literal('reprise.check/v1'),
  dockerfiles: z.array(CheckedDockerfile),
  /** Absent in reports of before manifests were checked. */
  manifests: z.array(CheckedManifest).optional(),
  summary: z.string(),
});
export type CheckReport = z.infer<typeof CheckReport>;

/** Every finding of `reprise check`, with what to do next. `npm run docs` prints it into docs/failures.md. */
export const checkCodes = {
  MANIFEST_INVALID: 'Correct the named line of reprise.yaml.',
  DOCKERFILE_UNREADABLE: 'Save the Dockerfile as UTF-8 text of less than 1 MiB with at least a FROM.',
  NOT_AN_INSTRUCTION: 'Begin the line with an instruction (RUN?), or end the line before it with a backslash.',
  INSTRUCTION_INCOMPLETE: 'Give the instruction its argument, or remove it.',
  BASE_WITHOUT_VALUE: 'Give the ARG a default, since nobody passes a value when the submission is built.',
  DOCKERIGNORE_INVALID: 'Correct the pattern; the builder refuses the whole file.',
  COPY_SOURCE_MISSING: 'Add the file to the build context, correct the name, or take it out of .dockerignore.',
  COPY_SOURCE_EMPTY: 'Fill the directory; where it is a submodule, run `git submodule update --init`.',
  FILE_NOT_IN_IMAGE: 'COPY the file into the image before the line that reads it.',
  UNQUOTED_REDIRECT: 'Quote the requirement ("name>=1.0"): without quotes the shell reads > and < as redirections.',
  MISSPELT_OPTION: 'Correct the option; `pip install --help` lists them.',
  NOT_BUILT_HERE: 'Say it as the message does: builds run without BuildKit, on a network that records what they take in.',
  EXEC_FORM_INVALID: 'Write the list as JSON (double quotes, no comma at its end), or as plain shell text.',
  SHELL_SYNTAX: 'Correct the shell text of this RUN; `sh -n` shows the place.',
  NOT_A_COMMIT: 'Give the full commit id of 40 hexadecimal digits, as `git rev-parse HEAD` prints it.',
  PYTHON_SYNTAX: 'Correct the named line; `python -m py_compile FILE` shows it.',
  ENDPOINT_MISSING: 'Serve POST /process and POST /tokenize.',
  PORT_NOT_80: 'Listen on port 80, or declare the port in reprise.yaml (serve.port).',
  WEIGHTS_MISSING: 'COPY the weights, fetch them while building, or read them from MODEL_DIR.',
  GATED_MODEL: 'Declare a token in reprise.yaml (secrets), or use a model that needs none.',
  NEEDS_CREDENTIAL: 'Fetch from a public address, or declare the secret in reprise.yaml; a credential in a Dockerfile is public.',
  TRAINING_IN_BUILD: 'Train in a training image of its own; a build has no GPU and is stopped after its time.',
} as const satisfies Record<string, string>;
export type CheckCode = keyof typeof checkCodes;
