import { readConfig, type Config } from '../infra/config.ts';
import { namespaceStep } from '../infra/namespace.ts';
import { runSteps } from '../infra/step.ts';

/** The configuration of the stack that global-setup.ts has brought up, optionally with a namespace of the test's own. */
export async function stackConfig(namespace?: string): Promise<Config> {
  const config = readConfig();
  if (namespace === undefined) return config;
  const own = { ...config, namespace: `${config.namespace}-${namespace}` };
  await runSteps([namespaceStep(own)], () => {});
  return own;
}
