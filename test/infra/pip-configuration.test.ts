import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { askClients, hostPipIndex } from '../../infra/pip-configuration.ts';

const directory = mkdtempSync(join(tmpdir(), 'reprise-pip-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('the index of this machine’s pip', () => {
  it.each([
    ['of a file', '[global]\nindex-url = https://mirror.example.org/simple\n', 'https://mirror.example.org/simple'],
    ['for installing, before that for all', '[install]\nindex-url: https://i.example.org/simple\n[global]\nindex-url=https://g.example.org/simple\n', 'https://i.example.org/simple'],
    ['not for other commands', '[list]\nindex-url = https://l.example.org/simple\n[global]\nindex_url = https://g.example.org/simple\n', 'https://g.example.org/simple'],
  ])('is that %s', (_, text, url) => {
    const file = join(directory, 'pip.conf');
    writeFileSync(file, text);
    expect(hostPipIndex({ PIP_CONFIG_FILE: file })).toBe(url);
  });

  it('is that of the environment before all', () => {
    expect(hostPipIndex({ PIP_INDEX_URL: 'https://e.example.org/simple' })).toBe('https://e.example.org/simple');
  });

  it('is what the programs themselves say where nothing is configured, and what is configured where it is', async () => {
    expect(await askClients({})).toMatchObject({ npmRegistryUrl: expect.stringMatching(/^https?:/) });
    expect(await askClients({ pipIndexUrl: 'https://p.example.org/simple', npmRegistryUrl: 'https://n.example.org/' })).toEqual({
      pipIndexUrl: 'https://p.example.org/simple',
      npmRegistryUrl: 'https://n.example.org/',
    });
  });
});
