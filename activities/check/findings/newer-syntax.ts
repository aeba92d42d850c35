import { ApplicationFailure } from '@temporalio/common';
import type { CheckFinding } from '../../../domain/index.ts';
import { forClassicBuilder } from '../../build/classic-builder.ts';
import { passingMounts } from '../../build/passing-mounts.ts';
import { finding, type Checked } from './finding.ts';

/** What BuildKit takes and the builder of recorded builds does not; most of its syntax is said otherwise there. */
export function notBuilt({ dockerfile }: Checked): CheckFinding[] {
  if (!/<<|--(?:chmod|link|mount|security)/.test(dockerfile.text)) return [];
  const steps = dockerfile.stages.flatMap(({ instructions }) => instructions).filter(({ keyword }) => keyword === 'RUN');
  return [() => forClassicBuilder('Dockerfile', dockerfile.text), ...steps.map(({ options, line }) => () => passingMounts(options, `Dockerfile line ${line}`))].flatMap(refusalOf);
}

function refusalOf(attempt: () => unknown): CheckFinding[] {
  try {
    attempt();
    return [];
  } catch (error) {
    if (!(error instanceof ApplicationFailure) || (error.type !== 'DOCKERFILE_UNSUPPORTED' && error.type !== 'DOCKERFILE_INVALID')) throw error;
    const [, line = '1', message = error.message] = /^Dockerfile line (\d+): (.*)$/s.exec(error.message) ?? [];
    return [finding('NOT_BUILT_HERE', 'warning', Number(line), message)];
  }
}
