import { parseArgs } from 'node:util';

/** What the worker is told on its command line, as the variables that the configuration reads: `--host NAME --gpu UUID,…`. */
export function environmentOf(args: string[], environment: NodeJS.ProcessEnv): { environment: NodeJS.ProcessEnv; devices: string[] | undefined } {
  const { values } = parseArgs({ args, options: { host: { type: 'string' }, gpu: { type: 'string', multiple: true } } });
  const devices = values.gpu?.flatMap((each) => each.split(',')).filter((each) => each !== '');
  return { environment: values.host === undefined ? environment : { ...environment, REPRISE_HOST: values.host }, devices };
}
