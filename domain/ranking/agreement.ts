import { type Random, seededRandom } from '../random.ts';

/** Spearman's rank correlation with mean ranks for ties; null where one side is constant or fewer than two pairs are given. */
export function spearman(left: readonly number[], right: readonly number[]): number | null {
  return pearson(meanRanks(left), meanRanks(right));
}

/** Kendall's tau-b, which corrects for ties; null where one side is constant or fewer than two pairs are given. */
export function kendallTauB(left: readonly number[], right: readonly number[]): number | null {
  let difference = 0;
  let leftUntied = 0;
  let rightUntied = 0;
  for (let first = 0; first < left.length; first += 1) {
    for (let second = first + 1; second < left.length; second += 1) {
      const onLeft = Math.sign((left[first] ?? 0) - (left[second] ?? 0));
      const onRight = Math.sign((right[first] ?? 0) - (right[second] ?? 0));
      difference += onLeft * onRight;
      leftUntied += Math.abs(onLeft);
      rightUntied += Math.abs(onRight);
    }
  }
  return leftUntied === 0 || rightUntied === 0 ? null : difference / Math.sqrt(leftUntied * rightUntied);
}

export interface Agreement {
  /** Items drawn per scenario. */
  size: number;
  /** Means over the rounds. */
  spearman: number | null;
  kendall: number | null;
  /** 95 % of a model's ranks on the drawn items are within this distance of its rank on all items. */
  rankDistance: number;
}

/**
 * How well a ranking by few items agrees with that by all of them (coarse against fine, as in Flash-HELM): for each size, `rounds`
 * draws without replacement. `items` holds per scenario a row per model; a model's score is its mean over scenarios of mean items.
 */
export function rankAgreementBySize(
  items: readonly (readonly (readonly number[])[])[],
  sizes: readonly number[],
  options: { seed: string; rounds: number },
): Agreement[] {
  const fine = scoresOf(items, items.map((scenario) => indices(scenario[0]?.length ?? 0)));
  const fineRanks = descendingRanks(fine);
  return sizes.map((size) => {
    const random = seededRandom(`agreement ${options.seed} ${size}`);
    const rounds = Array.from({ length: options.rounds }, () => {
      const drawn = items.map((scenario) => drawWithout(indices(scenario[0]?.length ?? 0), size, random));
      const coarse = scoresOf(items, drawn);
      const distances = descendingRanks(coarse).map((rank, model) => Math.abs(rank - (fineRanks[model] ?? 0)));
      return { spearman: spearman(fine, coarse), kendall: kendallTauB(fine, coarse), distances };
    });
    const distances = rounds.flatMap((round) => round.distances).sort((a, b) => a - b);
    return {
      size,
      spearman: meanOf(rounds.map((round) => round.spearman)),
      kendall: meanOf(rounds.map((round) => round.kendall)),
      rankDistance: distances[Math.ceil(0.95 * distances.length) - 1] ?? 0,
    };
  });
}

/** Ranks from 1 for the least, the mean rank for equal values. */
function meanRanks(values: readonly number[]): number[] {
  return values.map((value) => {
    let below = 0;
    let equal = 0;
    for (const other of values) {
      if (other < value) below += 1;
      else if (other === value) equal += 1;
    }
    return below + (equal + 1) / 2;
  });
}

function descendingRanks(scores: readonly number[]): number[] {
  return meanRanks(scores).map((rank) => scores.length + 1 - rank);
}

function pearson(left: readonly number[], right: readonly number[]): number | null {
  const [leftMean, rightMean] = [meanOf(left) ?? 0, meanOf(right) ?? 0];
  let product = 0;
  let leftSquares = 0;
  let rightSquares = 0;
  left.forEach((value, index) => {
    const [x, y] = [value - leftMean, (right[index] ?? 0) - rightMean];
    product += x * y;
    leftSquares += x * x;
    rightSquares += y * y;
  });
  return leftSquares === 0 || rightSquares === 0 ? null : product / Math.sqrt(leftSquares * rightSquares);
}

function scoresOf(items: readonly (readonly (readonly number[])[])[], drawn: readonly number[][]): number[] {
  const models = items[0]?.length ?? 0;
  return Array.from({ length: models }, (_, model) => {
    const means = items.map((scenario, at) => meanOf((drawn[at] ?? []).map((item) => scenario[model]?.[item] ?? 0)) ?? 0);
    return meanOf(means) ?? 0;
  });
}

function drawWithout(pool: number[], size: number, random: Random): number[] {
  const count = Math.min(size, pool.length);
  for (let at = 0; at < count; at += 1) {
    const other = at + Math.floor(random() * (pool.length - at));
    [pool[at], pool[other]] = [pool[other] ?? 0, pool[at] ?? 0];
  }
  return pool.slice(0, count);
}

function indices(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

function meanOf(values: readonly (number | null)[]): number | null {
  const present = values.filter((value) => value !== null);
  return present.length === 0 ? null : present.reduce((sum, value) => sum + value, 0) / present.length;
}
