import { createRequire } from 'node:module';
import type { Ignore } from '@balena/dockerignore';
import { treeOf, type Tree } from '../../domain/index.ts';
import { failure } from '../failure.ts';

// The package is CommonJS without named exports; its declaration says otherwise.
const dockerignore = createRequire(import.meta.url)('@balena/dockerignore') as (options: { ignorecase: boolean }) => Ignore;

/** Where the patterns for a Dockerfile are looked for, in the context: its own file goes before the general one. */
export function ignoreFilesOf(dockerfileInContext: string | undefined): string[] {
  return [...(dockerfileInContext === undefined ? [] : [`${dockerfileInContext}.dockerignore`]), '.dockerignore'];
}

/**
 * The entries of a context that are sent to the engine, by the patterns of .dockerignore. The Dockerfile needs no exception,
 * since the pinned one is added afterwards. Failures: DOCKERFILE_INVALID for a pattern that cannot be read.
 */
export function withoutIgnored(context: Tree, patterns: string): Tree {
  try {
    const ignore = dockerignore({ ignorecase: false }).add(patterns.replace(/^\uFEFF/, ''));
    return treeOf(context.entries.filter((entry) => !ignore.ignores(entry.path)));
  } catch (error) {
    throw failure('DOCKERFILE_INVALID', `.dockerignore holds a pattern that cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
