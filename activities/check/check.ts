import type { CheckedDockerfile, CheckedManifest, CheckFinding, CheckReport } from '../../domain/index.ts';
import { exposedPorts, roleOf, type RoleEvidence } from '../intake/evidence.ts';
import { type Dockerfile, parseDockerfile } from '../pin/dockerfile.ts';
import type { SourceFiles } from '../pin/source-files.ts';
import { readContext } from './context.ts';
import { readDisk } from './disk.ts';
import { buildFindings, problemFinding } from './findings/builds.ts';
import type { Checked } from './findings/finding.ts';
import { programFindings } from './findings/programs.ts';
import { servingFindings } from './findings/serving.ts';
import { type Declared, readManifests } from './manifests.ts';
import { readStarted, type Started } from './started.ts';
import { checkSummary } from './text.ts';

export interface CheckOptions {
  /** Port at which serving images are asked; else the manifest's, the only one that the image exposes, or 80. */
  port?: number;
  /** Build context of every Dockerfile, relative to the path that holds it; found by evidence unless given. */
  context?: string;
}

/**
 * Everything that is visible without building, for any number of directories and Dockerfiles. Reads, executes nothing, and goes
 * nowhere. Failures: SOURCE_NOT_FOUND, NO_DOCKERFILE, SOURCE_TOO_LARGE.
 */
export async function checkPaths(paths: readonly string[], options: CheckOptions = {}): Promise<CheckReport> {
  const dockerfiles: CheckedDockerfile[] = [];
  const manifests: CheckedManifest[] = [];
  for (const path of paths) {
    const source = await readDisk(path);
    const prefix = source.root === '.' ? '' : `${source.root.replace(/\/+$/, '')}/`;
    const { checked: read, declared } = await readManifests(source.files);
    manifests.push(...read.map((each) => ({ ...each, path: `${prefix}${each.path}` })));
    for (const dockerfile of source.dockerfiles) {
      const checked = await checkDockerfile(source.files, dockerfile, options, declared.get(dockerfile));
      dockerfiles.push({
        ...checked,
        path: `${prefix}${checked.path}`,
        context: checked.context === '.' ? source.root : `${prefix}${checked.context}`,
      });
    }
  }
  return { schema: 'reprise.check/v1', dockerfiles, manifests, summary: checkSummary(dockerfiles, manifests) };
}

/** Checks one Dockerfile of any kind of source; paths in the result are relative to it. */
export async function checkDockerfile(files: SourceFiles, path: string, options: CheckOptions = {}, declared?: Declared): Promise<CheckedDockerfile> {
  const dockerfile = parseDockerfile(await files.read(path));
  const { path: contextPath, evidence, analysis } = await readContext(files, path, dockerfile, givenContext(options, declared));
  const { context } = analysis;
  const started = await readStarted(dockerfile, analysis, context);
  const role = declared ? { role: declared.role, why: declared.evidence } : refined(roleOf(path, dockerfile), started);
  const checked: Checked = { dockerfile, analysis, context, role: role.role, started, port: options.port ?? declared?.port ?? exposedPort(dockerfile), api: declared?.api ?? 'contest' };
  const findings = [
    ...dockerfile.problems.slice(0, mostProblems).map(problemFinding),
    ...buildFindings(checked),
    ...servingFindings(checked),
    ...(await programFindings(checked)),
  ];
  return {
    path,
    context: contextPath,
    role: role.role,
    evidence: { context: evidence, role: role.why },
    findings: distinct(findings).sort((a, b) => a.line - b.line),
    inputs: analysis.inputs,
  };
}

function givenContext({ context }: CheckOptions, declared: Declared | undefined): { context: string; why: string } | undefined {
  if (context !== undefined) return { context, why: 'as requested' };
  return declared && { context: declared.context, why: declared.evidence };
}

/** As intake has it: the contest's rule is port 80; an image that exposes exactly one port says another. */
function exposedPort(dockerfile: Dockerfile): number {
  const [port = 80, ...others] = exposedPorts(dockerfile);
  return others.length === 0 ? port : 80;
}

/** A text that is no Dockerfile at all has a problem in each line. */
const mostProblems = 20;

/** A directory's name is weaker evidence than a program that answers the contest's endpoint. */
function refined(role: RoleEvidence, started: Started | undefined): Pick<RoleEvidence, 'role' | 'why'> {
  if (role.role === 'serve' || !role.why.startsWith('the directory')) return role;
  const serving = [...(started?.python ?? [])].find(([, file]) => /["']\/process["']/.test(file.text));
  return serving ? { role: 'serve', why: `${serving[0]} answers /process` } : role;
}

function distinct(findings: CheckFinding[]): CheckFinding[] {
  return [...new Map(findings.map((each) => [`${each.code} ${each.line} ${each.message}`, each])).values()];
}
