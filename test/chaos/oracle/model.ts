/** As train.pl has them. */
export const steps = 120;
const draws = 20_000;
export const stepSeconds = 0.15;

/** What the model is after all steps, each done once. */
export function finalState(): number {
  if (known === undefined) {
    known = 1;
    for (let draw = 0; draw < steps * draws; draw += 1) known = (Math.imul(known, 1_103_515_245) + 12_345) & 0x7fff_ffff;
  }
  return known;
}
let known: number | undefined;
