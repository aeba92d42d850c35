import { limits } from '../../domain/index.ts';
import type { ListedFile } from './listing.ts';
import { unitOf } from './restless.ts';
import type { Snapshot } from './snapshot.ts';

/** What of a checkpoint directory is not kept, so that nobody counts on it. */
export interface Unkept {
  /** The whole directory. */
  all(): void;
  /** After a look: what still moves, and what was to be copied of it. */
  saw(listed: readonly ListedFile[], moving: ReadonlySet<string>, copied: readonly string[], snapshot: Snapshot | undefined): void;
  /** One line for people; undefined where all is kept. */
  words(): string | undefined;
}

export function createUnkept(): Unkept {
  let whole = false;
  const reasons = new Map<string, string>();
  return {
    all: () => void (whole = true),
    saw(listed, moving, copied, snapshot) {
      whole = false;
      const present = new Set(listed.map(({ path }) => unitOf(path)));
      for (const unit of reasons.keys()) if (!present.has(unit) || !moving.has(unit)) reasons.delete(unit);
      if (!snapshot) return;
      for (const unit of copied) if ('because' in snapshot) reasons.set(unit, why[snapshot.because]); else reasons.delete(unit);
    },
    words() {
      if (whole) return `no checkpoint is kept: more than ${limits.checkpointFiles} files or ${limits.checkpointBytes / 1024 ** 3} GiB`;
      const [first] = reasons;
      if (!first) return undefined;
      const others = reasons.size === 1 ? '' : ` and ${reasons.size - 1} more`;
      return `${first[0].slice(0, shownCharacters)}${others} not kept as written last: ${first[1]}`;
    },
  };
}

/** A name is the submission's, and may have 255. */
const shownCharacters = 60;

const why = {
  moving: 'it changes while it is copied',
  slow: `copying it takes longer than ${limits.checkpointCopyMs / 1_000} s`,
  full: 'the disk has no room for a copy of it',
} as const;
