import { describe, expect, it } from 'vitest';
import { onAbort } from '../../../activities/evaluate/on-abort.ts';

describe('what is to be done when a signal fires', () => {
  it('is done once for each that still waits, and not for who took it back', () => {
    const controller = new AbortController();
    const called: string[] = [];
    const forget = ['first', 'second', 'third'].map((name) => onAbort(controller.signal, () => void called.push(name)));
    forget[1]?.();
    controller.abort();
    expect(called).toEqual(['first', 'third']);
  });

  it('stays for who came after, though the one before takes it back twice', () => {
    const controller = new AbortController();
    const called: string[] = [];
    const forget = onAbort(controller.signal, () => void called.push('before'));
    forget();
    onAbort(controller.signal, () => void called.push('after'));
    forget();
    controller.abort();
    expect(called).toEqual(['after']);
  });
});
