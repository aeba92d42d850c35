import { z } from 'zod';

export const Split = z.enum(['train', 'valid', 'test']);
export type Split = z.infer<typeof Split>;

/** One possible answer; `correct` ones are accepted, the others are the options of a multiple choice. */
export const Reference = z.strictObject({ text: z.string(), correct: z.boolean(), tags: z.array(z.string()).default([]) });
export type Reference = z.infer<typeof Reference>;

/** Which perturbed copy of an instance this is. */
export const PerturbationOf = z.strictObject({
  name: z.string().min(1),
  /** Whose worst case it counts for. */
  kind: z.enum(['robustness', 'fairness']),
});
export type PerturbationOf = z.infer<typeof PerturbationOf>;

/** A raw question before it becomes a prompt: HELM's Instance. */
export const Instance = z.strictObject({
  /** HELM's id, "id<n>" by the order of all splits: perturbations are seeded by it. Copies of one instance share it. */
  id: z.string().min(1),
  input: z.string(),
  references: z.array(Reference),
  split: Split,
  perturbation: PerturbationOf.optional(),
});
export type Instance = z.infer<typeof Instance>;

export function correctTexts({ references }: Pick<Instance, 'references'>): string[] {
  return references.filter(({ correct }) => correct).map(({ text }) => text);
}

/** Gives instances HELM's ids in their order (helm/benchmark/scenarios/scenario.py, with_instance_ids). */
export function withIds(instances: readonly Omit<Instance, 'id'>[]): Instance[] {
  return instances.map((instance, index) => ({ ...instance, id: `id${index}` }));
}
