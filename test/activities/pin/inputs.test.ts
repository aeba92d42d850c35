import { expect, it, describe, test } from 'vitest';
import { inputsOf } from './table.ts';

const commit = '0123456789abcdef0123456789abcdef01234567';

/** `kind verdict spec` of what a RUN or another instruction takes in. */
async function verdicts(instructions: string, texts: Record<string, string> = {}): Promise<string[]> {
  const inputs = await inputsOf(`FROM scratch\n${instructions}`, texts);
  return inputs.map(
    ({ kind, verdict, spec, reason }) => `${kind} ${verdict} ${spec}${verdict === 'resists' ? ` (${reason?.split(':')[0] ?? ''})` : ''}`,
  );
}

describe('a command', () => {
  it.each([
    ['pip install a b==1 "c>=2" d==1.*', ['pip by-date a', 'pip exact b==1', 'pip by-date c>=2', 'pip by-date d==1.*']],
    ['python3 -m pip install -U --no-cache-dir a', ['pip by-date a']],
    ['pip3.10 --quiet install -q "a[b] == 1.0" ; uv pip install c===2', ['pip exact a[b] == 1.0', 'pip exact c===2']],
    ['pip install --index-url https://example.org/simple a', ['pip by-recording a']],
    ['PIP_EXTRA_INDEX_URL=https://example.org pip install a', ['pip by-recording a']],
    ['pip install a==2.0+cu118 -f https://example.org/whl', ['pip exact a==2.0+cu118']],
    [
      `pip install git+https://example.org/a.git git+https://example.org/a@${commit} "a @ git+ssh://git@example.org/a@v1"`,
      [
        'git by-date git+https://example.org/a.git',
        `git exact git+https://example.org/a@${commit}`,
        'git resists a @ git+ssh://git@example.org/a@v1 (credential)',
      ],
    ],
    [`pip install git+https://example.org/a@${commit}ab`, [`git resists git+https://example.org/a@${commit}ab (gone)`]],
    [
      'pip install https://example.org/a.whl https://example.org/b.whl#sha256=00',
      ['pip by-recording https://example.org/a.whl', 'pip exact https://example.org/b.whl#sha256=00'],
    ],
    ['pip install -e . && pip install ./sub', ['pip by-date .', 'pip by-date ./sub']],
    ['pip install $PACKAGES', ['pip by-recording $PACKAGES']],
    ['pip uninstall -y a && pip list', []],
    ['pip wheel -r https://example.org/r.txt -w /wheels a', ['pip by-recording -r https://example.org/r.txt', 'pip by-date a']],
    ['pip install --no-index --find-links=/wheels a', ['pip exact a']],
    ['pip install --find-links /wheels a', ['pip by-date a']],
    ['pip install "git+https://${TOKEN}@example.org/a.git"', ['git resists git+https://…@example.org/a.git (credential)']],
    ['cat r.txt | xargs -n 1 pip install', ['pip by-recording pip install']],
    ['uv pip install --index-strategy unsafe-best-match a==1', ['pip exact a==1']],
    ['uv tool install a && uvx b@1.0 --help && uv python install 3.11', ['pip by-date a', 'pip exact b==1.0', 'script by-recording uv python install 3.11']],
    ['pip install torch>=2.0.1', ['pip by-date torch']],
    ['apt-get update && apt-get install -y --no-install-recommends a b=1.2', ['apt by-date a', 'apt exact b=1.2']],
    ['add-apt-repository ppa:a/b && apt install -y c', ['url by-recording ppa:a/b', 'apt by-recording c']],
    ['apt install -y b && add-apt-repository ppa:a/b && apt install -y c', ['apt by-date b', 'url by-recording ppa:a/b', 'apt by-recording c']],
    ['echo "deb https://example.org/apt stable main" > /etc/apt/sources.list.d/a.list && apt install c', ['apt by-recording c']],
    ['echo deb | tee -a /etc/apt/sources.list.d/a.list && apt install c', ['apt by-recording c']],
    ['echo "deb https://example.org/apt stable main" >> /etc/apt/sources.list && apt install c', ['apt by-recording c']],
    ['echo "deb https://example.org/mirror stable main" > /etc/apt/sources.list && apt install c', ['apt by-date c']],
    ['echo "deb https://example.org/debian stable-backports main" >> /etc/apt/sources.list && apt install c', ['apt by-date c']],
    ['curl -fsSL https://example.org/setup_18.x | bash - && apt install c', ['script by-recording https://example.org/setup_18.x', 'apt by-recording c']],
    ['xargs -a list.txt apt-get install -y', ['apt by-recording apt-get install -y']],
    ['yum -y update', ['apt by-recording yum: update']],
    ['gpg --keyserver hkps://example.org --recv-keys A', ['url by-recording gpg --keyserver hkps://example.org --recv-keys A']],
    ['apk add --no-cache a', ['apt by-recording apk: a']],
    ['conda install -c conda-forge -y a=1=h0 b=2 c', ['conda exact a=1=h0', 'conda by-date b=2', 'conda by-date c']],
    ['npm install -g a@1.2.3 b && npm ci', ['npm exact a@1.2.3', 'npm by-date b', 'npm exact ci']],
    ['git clone https://example.org/a', ['git by-date https://example.org/a']],
    [`git clone https://example.org/a && cd a && git checkout ${commit}`, [`git exact https://example.org/a@${commit}`]],
    [`git clone https://example.org/a b && git -C b reset --hard ${commit}`, [`git exact https://example.org/a@${commit}`]],
    ['git clone --depth 1 -b v1 https://example.org/a /b', ['git by-date https://example.org/a@v1']],
    [`git clone https://example.org/a && cd a && git checkout ${commit}ab`, [`git resists https://example.org/a@${commit}ab (gone)`]],
    ['git clone https://$TOKEN@example.org/a', ['git resists https://…@example.org/a (credential)']],
    ['git clone git@example.org:a/b.git', ['git resists git@example.org:a/b.git (credential)']],
    [`git init a && cd a && git fetch --depth 1 origin ${commit}`, [`git exact fetch ${commit}`]],
    ['git config --global url."https://x:${T}@example.org/".insteadOf https://example.org/', ['git resists url.https://…@example.org/.insteadOf (credential)']],
    ['git lfs install && git clone https://huggingface.co/a/b', ['hub by-date a/b']],
    ['huggingface-cli download a/b x.bin --local-dir /m', ['hub by-date a/b']],
    [`hf download a/b --revision ${commit}`, [`hub exact a/b@${commit}`]],
    ['huggingface-cli download meta-llama/Llama-2-7b', ['hub resists meta-llama/Llama-2-7b (gated)']],
    ['HF_TOKEN=x huggingface-cli download meta-llama/Llama-2-7b', ['hub by-date meta-llama/Llama-2-7b']],
    [`python -c "from transformers import A; A.from_pretrained('a/b', revision='${commit}')"`, [`hub exact a/b@${commit}`]],
    [`python -c "from transformers import pipeline; pipeline('x')"`, ['script by-recording python -c']],
    ['python -c "import torch; print(torch.__version__)"', []],
    ['V=$(curl -s https://example.org/v) && export W="$(wget -qO- https://example.org/w)"', ['url by-recording https://example.org/v', 'url by-recording https://example.org/w']],
    ['curl -fsSLO https://example.org/a.sh', ['url by-recording https://example.org/a.sh']],
    ['curl -fsSL https://example.org/a.sh | sudo bash -s -- -y', ['script by-recording https://example.org/a.sh']],
    ['curl https://example.org/a | sh -s -- -y --default-toolchain 1.72.0', ['script by-recording https://example.org/a']],
    ['. /opt/conda/etc/profile.d/conda.sh && source ~/.bashrc && conda activate x', []],
    ['wget --user=a --password=b https://example.org/a', ['url resists https://example.org/a (credential)']],
    ['kaggle datasets download -d a/b', ['url resists kaggle datasets download -d a/b (credential)']],
    ['wget -q https://example.org/a && echo "00  a" | sha256sum -c -', ['url exact https://example.org/a']],
    ['curl -H "Authorization: Bearer x" https://example.org/a', ['url resists https://example.org/a (credential)']],
    ['curl http://localhost:80/health', []],
    [`wget https://raw.githubusercontent.com/a/b/${commit}/c`, [`url exact https://raw.githubusercontent.com/a/b/${commit}/c`]],
    ['wget https://example.org/releases/latest/download/a.tgz', ['url resists https://example.org/releases/latest/download/a.tgz (mutable-url)']],
    ['curl -O https://raw.githubusercontent.com/a/b/main/c', ['url resists https://raw.githubusercontent.com/a/b/main/c (mutable-url)']],
    ['curl -LO https://example.org/a/b/archive/refs/heads/main.zip', ['url resists https://example.org/a/b/archive/refs/heads/main.zip (mutable-url)']],
    ['curl -LO https://example.org/latest-model.zip && curl -LO https://example.org/greatest.zip', ['url resists https://example.org/latest-model.zip (mutable-url)', 'url by-recording https://example.org/greatest.zip']],
    ['wget https://example.org/a-latest.sh && echo "00  a-latest.sh" | sha256sum -c -', ['url exact https://example.org/a-latest.sh']],
    ['accelerate launch a.py', ['script resists accelerate launch a.py (nondeterministic-script)']],
    ['openssl rand -hex 16 > /key && openssl version', ['script resists openssl rand -hex 16 (nondeterministic-script)']],
    ['gdown 1a2b', ['url by-recording gdown 1a2b']],
    ['mkdir -p /a && cp b c && chmod +x c && echo d > e && export F=g', []],
    ['make -j4 && /opt/x/install --all', ['script by-recording make -j4', 'script by-recording /opt/x/install']],
    ['unheard-of --of', ['script by-recording unheard-of --of']],
    ['f() { pip install a; }; f', ['pip by-date a']],
  ])('%j gets its verdicts', async (command, expected) => {
    expect(await verdicts(`RUN ${command}`)).toEqual(expected);
  });
});

describe('an instruction', () => {
  it.each([
    ['ADD https://example.org/a /a', ['url by-recording https://example.org/a']],
    ['ADD --checksum=sha256:00 https://example.org/a /a', ['url exact https://example.org/a']],
    ['ADD https://example.org/a.git#main /a', ['git by-date https://example.org/a.git#main']],
    ['COPY --from=nginx:1 /a /b', ['base by-date nginx:1']],
    ['COPY here nowhere /a/', ['copy exact here', 'copy resists nowhere (missing-file)']],
    ['COPY here nothing* /a/', ['copy exact here', 'copy exact nothing*']],
    ['COPY nothing* /a/', ['copy resists nothing* (missing-file)']],
    ['RUN --mount=type=bind,source=here,target=/t --mount=type=cache,target=/c pip install -r /t', ['copy exact here']],
    ['RUN --mount=source=nowhere,target=/t cat /t', ['copy resists nowhere (missing-file)']],
    ['RUN --mount=type=bind,from=debian:12,source=/a,target=/b pip install -r /b', ['base by-date debian:12', 'pip by-recording -r /b']],
    ['COPY $X /a', ['copy by-recording ${X}']],
    ['COPY <<EOF /a\nhere\nEOF', []],
    ['ONBUILD RUN pip install a', []],
  ])('%j gets its verdicts', async (instruction, expected) => {
    expect(await verdicts(instruction, { here: '' })).toEqual(expected);
  });

  it.each([
    ['debian:bookworm', 'by-date'],
    ['debian', 'by-date'],
    [`debian@sha256:${'0'.repeat(64)}`, 'exact'],
    ['$NOTHING', 'resists'],
  ])('FROM %s is %s', async (base, verdict) => {
    expect(await inputsOf(`FROM ${base}`)).toMatchObject([{ kind: 'base', line: 1, verdict }]);
  });
});

test('with the escape character of Windows a backslash parts directories', async () => {
  const inputs = await inputsOf('# escape=`\nFROM scratch\nCOPY lib\\one.bat C:/\n', { 'lib/one.bat': '' });
  expect(inputs).toMatchObject([{ kind: 'copy', spec: 'lib/one.bat', verdict: 'exact' }]);
});

test('a requirements file is read where COPY put it, with what it includes', async () => {
  const texts = {
    'app/req.txt': 'a==1\nb # why\n-r more.txt\n--extra-index-url https://example.org\n',
    'app/more.txt': '-c fixed.txt\nc\nd==2 --hash=sha256:00\n',
    'app/fixed.txt': 'c==3\n',
  };
  expect(await verdicts('WORKDIR /w\nCOPY app /w/x\nRUN cd x && pip install -r req.txt', texts)).toEqual([
    'copy exact app',
    'pip exact a==1',
    'pip by-recording b',
    'pip exact c',
    'pip exact d==2 --hash=sha256:00',
  ]);
});

test.each([
  ['that no COPY brings', 'RUN pip install -r req.txt', 'pip resists -r req.txt (missing-file)'],
  ['that is copied later', 'RUN pip install -r req.txt\nCOPY req.txt .', 'pip resists -r req.txt (missing-file)'],
  ['that a step makes', 'COPY req.txt .\nRUN grep -v b req.txt > other.txt\nRUN pip install -r other.txt', 'pip by-recording -r other.txt'],
  ['that a step unpacks', 'COPY req.txt a.zip ./\nRUN unzip a.zip && pip install -r a/req.txt', 'pip by-recording -r a/req.txt'],
  ['of an earlier stage', 'RUN poetry export -o /r.txt\nFROM scratch\nCOPY --from=0 /r.txt /w/\nRUN pip install -r /w/r.txt', 'pip by-recording -r /w/r.txt'],
  ['that is mounted', 'RUN --mount=source=req.txt,target=r.txt pip install -r r.txt', 'pip by-date a'],
  ['of a cloned repository', 'RUN git clone https://example.org/a && cd a && pip install -r req.txt', 'pip by-recording -r req.txt'],
])('a requirements file %s gets its verdict', async (_what, instructions, expected) => {
  expect(await verdicts(instructions, { 'req.txt': 'a\n' })).toContain(expected);
});

test('a shell script of the context is followed, also one that calls itself', async () => {
  const texts = { 'setup.sh': '#!/bin/bash\npip install a\nbash setup.sh\n./tool\n', tool: '#!/usr/bin/env python\nimport requests\n' };
  expect(await verdicts('COPY . /w\nWORKDIR /w\nRUN chmod +x setup.sh && ./setup.sh', texts)).toEqual([
    'copy exact .',
    'script exact ./setup.sh',
    'pip by-date a',
    'script by-recording ./tool',
  ]);
});

test.each([
  ['that COPY writes', 'COPY <<EOF /app/run.sh\npip install a\nEOF\nRUN bash /app/run.sh'],
  ['that COPY writes into a directory', 'COPY <<run.sh <<other /app/\npip install a\nrun.sh\nother\nRUN /app/run.sh'],
  ['that RUN writes', 'RUN cat <<"EOF" > /app/run.sh && chmod +x /app/run.sh\npip install a\nEOF\nRUN /app/run.sh'],
  ['that tee writes', 'WORKDIR /app\nRUN tee run.sh <<EOF\npip install a\nEOF\nRUN sh ./run.sh'],
  ['that echo writes', 'RUN echo "#!/bin/sh" > /app/run.sh && echo "pip install a" >> /app/run.sh && sh /app/run.sh'],
  ['that printf writes', `RUN printf '#!/bin/sh\\npip install %s\\n' a > /x; printf '%s\\n' '#!/bin/sh' 'pip install a' > /app/run.sh && sh /app/run.sh`],
  ['that a step in a here-document writes', 'RUN <<EOF\ncat > /app/run.sh <<INNER\npip install a\nINNER\nsh /app/run.sh\nEOF'],
  ['of an earlier stage', 'COPY <<EOF /app/run.sh\npip install a\nEOF\nFROM scratch\nCOPY --from=0 /app/run.sh /b/\nRUN sh /b/run.sh'],
  ['in the place of a copied one', 'COPY run.sh /app/run.sh\nCOPY <<EOF /app/run.sh\npip install a\nEOF\nRUN sh /app/run.sh'],
])('a script %s is followed', async (_what, instructions) => {
  expect((await verdicts(instructions, { 'run.sh': 'pip install b' })).filter((each) => each.startsWith('pip'))).toEqual(['pip by-date a']);
});

test.each([
  ['another command writes', 'RUN echo "pip install a" > /run.sh && generate > /run.sh && sh /run.sh', ['script by-recording generate', 'script by-recording /run.sh']],
  ['a copied one takes the place of', 'COPY <<EOF /run.sh\npip install a\nEOF\nCOPY run.sh /run.sh\nRUN sh /run.sh', ['copy exact run.sh', 'script exact /run.sh', 'pip by-date b']],
])('a written script that %s is not', async (_what, instructions, expected) => {
  expect(await verdicts(instructions, { 'run.sh': 'pip install b' })).toEqual(expected);
});

test('requirements that a here-document writes are read', async () => {
  expect(await verdicts('COPY <<EOF /req.txt\na==1\nb\nEOF\nRUN pip install -r /req.txt')).toEqual(['pip exact a==1', 'pip by-date b']);
});

test('an environment file of conda is read, its pip part too', async () => {
  const texts = { 'environment.yml': 'name: e\ndependencies:\n  - python=3.10\n  - pip:\n    - a==1\n' };
  expect(await verdicts('COPY environment.yml .\nRUN conda env create -f environment.yml', texts)).toEqual([
    'copy exact environment.yml',
    'conda by-date python=3.10',
    'pip exact a==1',
  ]);
});

test('files that an earlier stage copied are found in the stage that continues it', async () => {
  const inputs = await inputsOf('FROM a AS b\nCOPY req.txt /\nFROM b\nRUN pip install -r /req.txt\n', { 'req.txt': 'x==1\n' });
  expect(inputs.map((input) => `${input.line} ${input.spec} ${input.verdict}`)).toEqual(['1 a by-date', '2 req.txt exact', '4 x==1 exact']);
});
