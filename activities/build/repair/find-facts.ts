import { failure } from '../../failure.ts';
import type { Settings } from '../../dependencies.ts';
import { upstreamOf } from '../../pin/by-date/build-index.ts';
import { Unreachable } from '../../pin/by-date/http.ts';
import type { Breakage } from './breakages.ts';
import { packageFacts, readRequirement, requirementOf, type Facts, type PackageFacts } from './facts.ts';

export interface FactFinder {
  /** Failures: PACKAGE_INDEX_UNREACHABLE. */
  about(breakage: Breakage): Promise<Facts>;
  close(): void;
}

/** Finds out what decides whether a breakage can be repaired: from the pin report, the settings, and the package index. */
export function createFactFinder(settings: Settings, known: Pick<Facts, 'before' | 'replacedBase'> & { signal: AbortSignal }): FactFinder {
  const { before, replacedBase, signal } = known;
  const upstream = before === undefined ? undefined : upstreamOf(settings);
  const packageOf = async (breakage: Breakage): Promise<PackageFacts | undefined> => {
    const requirement = readRequirement(requirementOf(breakage) ?? '');
    if (!requirement || !upstream || before === undefined) return undefined;
    const page = await upstream.page(requirement.name, signal);
    return page && packageFacts(page, requirement.specifiers, before, breakage.python);
  };
  return {
    async about(breakage) {
      try {
        return { before, replacedBase, aptArchive: Object.keys(settings.aptArchive ?? {}).length > 0, package: await packageOf(breakage) };
      } catch (error) {
        if (error instanceof Unreachable) throw failure('PACKAGE_INDEX_UNREACHABLE', `the package index does not answer: ${error.message}`, { cause: error });
        throw error;
      }
    },
    close: () => upstream?.client.close(),
  };
}
