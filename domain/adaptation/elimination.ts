/** Scores of one model by scenario: one value in [0, 1] for each drawn question, the same questions in the same order for all models. */
export interface ModelScores {
  model: string;
  scenarios: readonly (readonly number[])[];
}

export interface EliminationSettings {
  /** How many of the best are wanted. */
  keep: number;
  /** Bound on the probability that a model that belongs to them is eliminated. */
  risk: number;
}

export interface Eliminated {
  model: string;
  /** Models that are better than this one with the stated risk, `keep` of them at least. */
  beatenBy: string[];
}

/**
 * Which models need no further questions: those that at least `keep` others beat. Model j beats model i when the wealth of a gambler
 * who bets on "j scores more than i" reaches k (m - 1) / risk. Were j not better, the wealth would be a supermartingale that starts
 * at 1 and so would ever reach this with a probability of at most risk / (k (m - 1)) (Ville 1939; Waudby-Smith and Ramdas 2024, JRSS B
 * 86(1)). A model of the best k can only be eliminated when one of these at most k (m - 1) bets is won wrongly, so that the probability
 * of any wrong elimination is at most `risk`, whenever and however often one looks. A model's score is here its expectation over the
 * questions that the suite's are a sample of: the mean of its scenarios' means. Equal scores count as not better.
 */
export function eliminate(models: readonly ModelScores[], { keep, risk }: EliminationSettings): Eliminated[] {
  const wealthNeeded = (keep * (models.length - 1)) / risk;
  return models.flatMap((model) => {
    const beatenBy = models
      .filter((rival) => rival !== model && mostWealth(rival, model) >= wealthNeeded)
      .map((rival) => rival.model);
    return beatenBy.length >= keep ? [{ model: model.model, beatenBy }] : [];
  });
}

/** Never all is put at stake: one lost bet would end the game. */
const stakeMost = 0.75;

/**
 * The most that a gambler's wealth reached. Each round takes the next question of every scenario: their mean difference lies in
 * [-1, 1], and its expectation is the difference of the scores. The stake follows from the rounds before (Waudby-Smith and Ramdas,
 * section B.2, aGRAPA). Questions beyond the shortest scenario are not used.
 */
function mostWealth(better: ModelScores, worse: ModelScores): number {
  const rounds = Math.min(...better.scenarios.map((values) => values.length));
  let [wealth, most, sum, squares] = [1, 1, 0, 1 / 4];
  for (let round = 0; round < rounds; round += 1) {
    const mean = sum / (round + 1);
    const variance = Math.max(squares / (round + 1) - mean ** 2, 1e-6);
    const stake = Math.max(0, Math.min(mean / (variance + mean ** 2), stakeMost));
    const difference = meanDifference(better, worse, round);
    wealth *= 1 + stake * difference;
    most = Math.max(most, wealth);
    sum += difference;
    squares += difference ** 2;
  }
  return most;
}

function meanDifference(better: ModelScores, worse: ModelScores, round: number): number {
  const differences = better.scenarios.map((values, index) => (values[round] ?? 0) - (worse.scenarios[index]?.[round] ?? 0));
  return differences.reduce((sum, each) => sum + each, 0) / differences.length;
}
