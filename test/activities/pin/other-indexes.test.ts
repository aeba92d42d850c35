import { expect, test } from 'vitest';
import { inputsOf } from './table.ts';

const elsewhere = 'https://example.org/simple';
/** What the programs ask where nothing is configured. */
const own = { pip: `https://${['pypi', 'org'].join('.')}/simple`, npm: `https://${['registry', 'npmjs', 'org'].join('.')}/` };

test.each([
  ['ENV', `ENV PIP_INDEX_URL=${elsewhere}\nRUN pip install a`],
  ['ENV, beside its own', `ENV PIP_EXTRA_INDEX_URL=${elsewhere}\nRUN pip install a`],
  ['ARG', `ARG PIP_INDEX_URL=${elsewhere}\nRUN pip install a`],
  ['pip config', `RUN pip config set global.index-url ${elsewhere}\nRUN pip install a`],
  ['pip config, in the same step', `RUN python3 -m pip config --user set global.extra-index-url ${elsewhere} && pip install a`],
  ['a copied file', 'COPY pip.conf /etc/pip.conf\nRUN pip install a'],
  ['a copied file of the user', 'COPY pip.conf /root/.config/pip/\nRUN pip install a'],
  ['a copied file of another user', 'COPY home /home/me\nRUN pip install a'],
  ['a file that a variable names', 'COPY pip.conf /x/my.ini\nENV PIP_CONFIG_FILE=/x/my.ini\nRUN pip install a'],
  ['a written file', `RUN printf '[global]\\nindex-url = ${elsewhere}\\n' > /etc/pip.conf && pip install a`],
  ['a here-document', `COPY <<EOF /root/.pip/pip.conf\n[global]\nextra-index-url =\n    ${own.pip}\n    ${elsewhere}\nEOF\nRUN pip install a`],
  ['a variable of uv', `ENV UV_INDEX_URL=${elsewhere}\nRUN uv pip install a`],
  ['the new variable of uv', `RUN UV_DEFAULT_INDEX=${elsewhere} uv pip install a`],
  ['an option of uv', `RUN uv pip install --default-index ${elsewhere} a`],
  ['a file of uv', 'COPY uv.toml /etc/uv/\nRUN uv pip install a'],
  ['the project’s file of uv', 'WORKDIR /w\nCOPY pyproject.toml .\nRUN uv pip install a'],
])('another index of pip or uv, named by %s, is seen', async (_how, instructions) => {
  const pip = `[global]\nindex-url = ${elsewhere}\n`;
  const texts = { 'pip.conf': pip, 'home/.config/pip/pip.conf': pip, 'uv.toml': `[[index]]\nurl = "${elsewhere}"\ndefault = true\n`, 'pyproject.toml': `[project]\nname = "x"\n[[tool.uv.index]]\nname = "own"\nurl = "${elsewhere}"\n` };
  const inputs = (await inputsOf(`FROM scratch\n${instructions}`, texts)).filter(({ kind }) => kind === 'pip');
  expect(inputs).toMatchObject([{ spec: 'a', verdict: 'by-recording', reason: expect.stringContaining(elsewhere) }]);
});

test.each([
  ['a registry of npm', 'RUN npm install --registry https://example.org a', 'npm'],
  ['a registry that npm is told', 'RUN npm config set registry https://example.org && npm i -g a', 'npm'],
  ['a registry by a variable', 'ENV npm_config_registry=https://example.org\nRUN npx a', 'npm'],
  ['a registry by a file', 'WORKDIR /w\nCOPY .npmrc ./\nRUN npm install a', 'npm'],
  ['a channel', 'RUN conda install -c https://example.org/c a', 'conda'],
  ['a channel that conda is told', 'RUN conda config --add channels https://example.org/c && conda install a', 'conda'],
  ['a channel by a file', 'COPY .condarc /root/\nRUN conda install a', 'conda'],
  ['a channel of an environment', 'COPY e.yml /\nRUN conda env create -f /e.yml', 'conda'],
])('%s is seen', async (_how, instructions, kind) => {
  const texts = { '.npmrc': 'registry=https://example.org/\n//example.org/:_authToken=x\n', '.condarc': 'channels:\n  - conda-forge\n  - https://example.org/c\n', 'e.yml': 'channels:\n  - https://example.org/c\ndependencies:\n  - a\n' };
  const inputs = (await inputsOf(`FROM scratch\n${instructions}`, texts)).filter((each) => each.kind === kind);
  expect(inputs).toMatchObject([{ spec: 'a', verdict: 'by-recording', reason: expect.stringContaining('https://example.org') }]);
});

test.each([
  `RUN pip config set global.index-url ${own.pip} && pip install a`,
  'RUN pip config set global.timeout 60 && pip install a',
  'COPY plain.conf /etc/pip.conf\nRUN pip install a',
  `RUN npm config set registry ${elsewhere} && pip install a`,
  `RUN pip install a\nFROM b\nRUN pip config set global.index-url ${elsewhere}`,
  'COPY pyproject.toml /w/\nRUN cd /w && uv pip install a',
  `RUN npm config set registry ${own.npm} && npm i -g a`,
  'RUN conda config --add channels conda-forge && conda install a',
])('no other index is seen in %j', async (instructions) => {
  const texts = { 'plain.conf': `[global]\n# index-url = ${elsewhere}\nno-cache-dir = true\n`, 'pyproject.toml': `[project.urls]\nurl = "${elsewhere}"\n[[tool.poetry.source]]\nurl = "${elsewhere}"\n` };
  expect((await inputsOf(`FROM scratch\n${instructions}`, texts)).find(({ spec }) => spec === 'a')).toMatchObject({ verdict: 'by-date' });
});

test('an index that needs a password is named without it', async () => {
  const inputs = await inputsOf('FROM scratch\nRUN pip config set global.index-url https://me:word@example.org/simple && pip install a');
  expect(JSON.stringify(inputs)).toContain('https://…@example.org/simple');
  expect(JSON.stringify(inputs)).not.toContain('word');
});
