import type { ShellCommand } from '../shell.ts';

const trainingFile = /(^|[/_.-])(train|training|finetune|finetuning|fine_tune|fine-tune|fine_tuning|sft|qlora|lora)([/_.-]|\d|$)/i;
const preparing = /(download|prepare|convert|install|setup|tokeniz|requirements|data|test)/i;

/** What of a command looks like a training: the script, or the launcher; undefined where nothing does. */
export function trainingIn(command: ShellCommand): string | undefined {
  const launcher =
    /^(torchrun|deepspeed|accelerate|axolotl)$/.test(command.name) && command.words.some((word) => /\.(py|ya?ml)$|^launch$/.test(word.value));
  const script = /^python[\d.]*$/.test(command.name) ? command.words.find((word) => word.value.endsWith('.py'))?.value : undefined;
  const trains = script !== undefined && trainingFile.test(script) && !preparing.test(script.split('/').at(-1) ?? '');
  return trains ? script : launcher ? command.name : undefined;
}

/** Why a command makes something else each time, whatever it takes in; undefined where nothing says so. */
export function nondeterminismOf(command: ShellCommand): string | undefined {
  if (trainingIn(command) !== undefined) return 'a training, whose result differs from run to run';
  if (/^(?:uuidgen|ssh-keygen|mkpasswd|pwgen)$/.test(command.name)) return `${command.name} makes something else each time`;
  return command.name === 'openssl' && /^(?:rand|genrsa|genpkey|req)$/.test(command.words[0]?.value ?? '') ? `openssl ${command.words[0]?.value ?? ''} makes something else each time` : undefined;
}
