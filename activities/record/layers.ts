import type Docker from 'dockerode';
import { z } from 'zod';
import { cacheKey, mediaTypes, RecordedExchange } from '../../domain/index.ts';
import type { ObjectStore } from '../io/store.ts';
import { sha256Of } from '../stage.ts';

/** What the engine says of one step. */
export interface StepLayer {
  number: number;
  text: string;
  /** A container ran for it. */
  ran: boolean;
  /** Its layer, or that of an ONBUILD trigger of it, was there already. */
  cached: boolean;
  /** Id of the layer's image as the engine prints it; undefined while the step runs, and after it failed. */
  layer: string | undefined;
}

/** Follows the classic builder's words. */
export interface StepLayers {
  onStep(step: { number: number; text: string }): void;
  /** True where the output ends a step whose layer the engine had already. */
  onOutput(text: string): boolean;
  steps(): readonly StepLayer[];
  current(): number;
  reset(): void;
}

export function createStepLayers(): StepLayers {
  let steps: StepLayer[] = [];
  return {
    onStep({ number, text }) {
      steps.push({ number, text, ran: false, cached: false, layer: undefined });
    },
    onOutput(text) {
      const step = steps.at(-1);
      if (!step) return false;
      if (/^ ---> Running in [0-9a-f]{12}/.test(text)) step.ran = true;
      if (text.startsWith(' ---> Using cache')) step.cached = true;
      const layer = /^ ---> ([0-9a-f]{12,64})\s*$/.exec(text)?.[1];
      if (layer === undefined) return false;
      step.layer = layer;
      return step.cached;
    },
    steps: () => steps,
    current: () => steps.at(-1)?.number ?? 0,
    reset: () => void (steps = []),
  };
}

/** Only these reach out: RUN, and what a base image's ONBUILD adds to FROM. */
export function mayAsk({ text, ran, cached }: StepLayer): boolean {
  const keyword = text.split(/\s/, 1)[0]?.toUpperCase();
  return keyword === 'RUN' || (keyword === 'FROM' && (ran || cached));
}

/** What a step took in when its layer was made, kept for builds that find the layer in the engine's cache. */
const KeptLayer = z.object({ exchanges: z.array(RecordedExchange) });

/** Undefined where the layer was made without a recording, or its recording is gone. */
export async function exchangesOfLayer(docker: Docker, store: ObjectStore, layer: string): Promise<RecordedExchange[] | undefined> {
  const bytes = await store.get(await keyOf(docker, layer));
  return bytes && KeptLayer.parse(JSON.parse(Buffer.from(bytes).toString('utf8'))).exchanges;
}

export async function keepLayer(docker: Docker, store: ObjectStore, layer: string, exchanges: readonly RecordedExchange[]): Promise<void> {
  await store.putIfAbsent(await keyOf(docker, layer), Buffer.from(JSON.stringify({ exchanges })), mediaTypes.json);
}

/** The engine prints the first twelve digits; the whole id is the layer's for good. */
async function keyOf(docker: Docker, layer: string): Promise<string> {
  const { Id } = await docker.getImage(layer).inspect();
  return cacheKey('recording-layer', sha256Of({ layer: Id }));
}
