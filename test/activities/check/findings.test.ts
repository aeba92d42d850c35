import { describe, expect, it, test } from 'vitest';
import { checkDockerfile } from '../../../activities/check/check.ts';
import { filesOf } from '../pin/table.ts';

const server = 'from fastapi import FastAPI\napp = FastAPI()\n@app.post("/process")\ndef p(): ...\n@app.post("/tokenize")\ndef t(): ...\n';
const serving = 'FROM python:3.10\nWORKDIR /app\nCOPY main.py .\n';
const start = 'CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "80"]\n';

/** `severity CODE line` of each finding. */
async function findings(dockerfile: string, texts: Record<string, string> = { 'main.py': server }): Promise<string[]> {
  const checked = await checkDockerfile(filesOf({ ...texts, Dockerfile: dockerfile }), 'Dockerfile');
  return checked.findings.map(({ severity, code, line }) => `${severity} ${code} ${line}`);
}

test('a submission that is in order has no finding', async () => {
  expect(await findings(serving + start)).toEqual([]);
});

describe('a build', () => {
  it.each([
    ['COPY nowhere.txt .', ['error COPY_SOURCE_MISSING 2']],
    ['COPY Main.py .', ['error COPY_SOURCE_MISSING 2']],
    ['COPY --from=0 /a /b', []],
    ['RUN pip install torch>=2.0.1', ['error UNQUOTED_REDIRECT 2']],
    ['RUN pip install a \\\n  torch<2', ['error UNQUOTED_REDIRECT 3']],
    ['RUN pip install "torch>=2.0.1" > log.txt 2>&1', []],
    ['RUN conda install -y python>=3.8', ['error UNQUOTED_REDIRECT 2']],
    ['RUN pip install --no-cahe-dir a', ['error MISSPELT_OPTION 2']],
    ['RUN pip install -upgrade a', ['error MISSPELT_OPTION 2']],
    ['RUN pip install —no-cache-dir a', ['error MISSPELT_OPTION 2']],
    ['RUN pip install --no-cache --upgrade -qU a', []],
    ['RUN pip install --some-later-option a', ['warning MISSPELT_OPTION 2']],
    ['git clone https://example.org/a', ['error NOT_AN_INSTRUCTION 2']],
    ['RUN', ['error INSTRUCTION_INCOMPLETE 2']],
    ['RUN git clone https://example.org/a && cd a && git checkout 0123456789abcdef0123456789abcdef0123456789', ['error NOT_A_COMMIT 2']],
    ['RUN pip install git+https://example.org/a@0123456789abcdef0123456789abcdef012345', ['error NOT_A_COMMIT 2']],
    ['COPY --chmod=755 --link main.py /m\nRUN --mount=type=cache,target=/c --mount=type=ssh true\nCOPY <<EOF /x\na\nEOF', []],
    ['RUN --mount=type=bind,source=main.py,target=/m cat /m', []],
    ['RUN --mount=type=bind,source=main.py,target=/m exec cat /m', ['warning NOT_BUILT_HERE 2']],
    ['COPY --from=0 --chmod=755 /a /b', []],
    ['COPY --from=0 --chmod=u=rwX /a /b', ['warning NOT_BUILT_HERE 2']],
    ['COPY <<EOF /x\n$PATH\nEOF', ['warning NOT_BUILT_HERE 2']],
    ["CMD ['python', '/a.py']", ['error EXEC_FORM_INVALID 2']],
    ['RUN ["pip", "install", "a==1",]', ['error EXEC_FORM_INVALID 2']],
    ['CMD [\u201cpython\u201d, \u201cx\u201d]', ['error EXEC_FORM_INVALID 2']],
    ['CMD ["python", "a.py", "&&", "b"]', ['warning EXEC_FORM_INVALID 2']],
    ['CMD ["sh", "-c", "a && b"]', []],
    ['RUN [ "$A" = "b" ] && [ "a" ]', []],
    ['RUN if [ -f a ]; then echo b', ['warning SHELL_SYNTAX 2']],
    ['RUN pip install -r requirements.txt', ['warning FILE_NOT_IN_IMAGE 2']],
    ['RUN python train.py --epochs 3', ['warning TRAINING_IN_BUILD 2']],
    ['COPY main.py .\nRUN python absent.py', ['warning FILE_NOT_IN_IMAGE 3']],
    ['RUN cd a && git checkout 0123456789abcdef0123456789abcdef0123456789', ['error NOT_A_COMMIT 2']],
    ['COPY finetune.py .\nRUN accelerate launch finetune.py', ['warning TRAINING_IN_BUILD 3']],
    ['COPY go.sh .\nRUN bash go.sh', ['warning TRAINING_IN_BUILD 3']],
    ['COPY prepare_train_data.py .\nRUN python prepare_train_data.py', []],
    ['RUN git clone https://$TOKEN@example.org/a', ['warning NEEDS_CREDENTIAL 2']],
    ['RUN huggingface-cli download meta-llama/Llama-2-7b-hf', ['warning GATED_MODEL 2']],
  ])('with %j', async (instructions, expected) => {
    const texts = { 'main.py': '', 'finetune.py': '', 'prepare_train_data.py': '', 'go.sh': 'torchrun --nproc_per_node=1 finetune.py\n' };
    expect(await findings(`FROM debian\n${instructions}\n`, texts)).toEqual(expected);
  });

  it.each([
    ['data.csv', '.dockerignore leaves it out'],
    ['model.bin', 'Model.bin'],
    ['../x', 'outside'],
  ])('says why %s is missing', async (source, why) => {
    const files = filesOf({ Dockerfile: `FROM a\nCOPY ${source} .\n`, 'data.csv': '', 'Model.bin': '', '.dockerignore': 'data.csv\r\n' });
    expect((await checkDockerfile(files, 'Dockerfile')).findings[0]?.message).toContain(why);
  });

  it.each([
    ['a base without a value', 'ARG X\nFROM $X\n', ['error BASE_WITHOUT_VALUE 2']],
    ['nothing', '', ['error DOCKERFILE_UNREADABLE 1']],
  ])('of %s', async (_what, dockerfile, expected) => {
    expect(await findings(dockerfile)).toEqual(expected);
  });
});

describe('a server', () => {
  it.each([
    ['without a port', 'CMD ["uvicorn", "main:app"]', {}, ['error PORT_NOT_80 4']],
    ['on another port', 'CMD uvicorn main:app --host 0.0.0.0 --port=8080', {}, ['error PORT_NOT_80 4']],
    ['on a port that shows only when it runs', 'CMD uvicorn main:app --port $PORT', {}, []],
    ['on another port, by a script that COPY writes', 'COPY <<EOF /app/go.sh\nuvicorn main:app --port 8000\nEOF\nCMD ["bash", "go.sh"]', {}, ['error PORT_NOT_80 7']],
    ['on another port, by a script that RUN writes', "RUN cat <<'EOF' > go.sh && chmod +x go.sh\nexec uvicorn main:app --port 8000\nEOF\nENTRYPOINT [\"./go.sh\"]", {}, ['error PORT_NOT_80 7']],
    ['bound by gunicorn', 'CMD gunicorn main:app -k uvicorn.workers.UvicornWorker -b 0.0.0.0:80', {}, []],
    [
      'that sets its port itself',
      'CMD python main.py',
      { 'main.py': `${server}uvicorn.run(app, host="0.0.0.0", port=8000)\n` },
      ['warning PORT_NOT_80 4'],
    ],
    [
      'started by a script',
      'COPY start.sh .\nENTRYPOINT ["bash", "start.sh"]',
      { 'main.py': server, 'start.sh': 'exec uvicorn main:app --port 8000\n' },
      ['error PORT_NOT_80 5'],
    ],
    ['without an endpoint', start, { 'main.py': server.replace('/tokenize', '/other') }, ['error ENDPOINT_MISSING 4']],
    [
      'whose endpoints are in a module',
      `COPY . .\n${start}`,
      { 'main.py': 'from fastapi import FastAPI\nfrom routes import app\n', 'routes.py': server },
      [],
    ],
    [
      'whose routes are put together',
      start,
      { 'main.py': `${server.replace('"/tokenize"', 'path')}app.include_router(x)\n` },
      ['warning ENDPOINT_MISSING 4'],
    ],
    ['that is no Python', start, { 'main.py': `${server}def f(:\n  pass\n` }, ['error PYTHON_SYNTAX 4']],
    ['with an indentation that fits nothing', start, { 'main.py': `${server}def f():\n  a()\n    b()\n` }, ['error PYTHON_SYNTAX 4']],
    ['of Python 2', start, { 'main.py': `${server}print "hello"\n` }, ['warning PYTHON_SYNTAX 4']],
    [
      'that imports what is no Python',
      `COPY . .\n${start}`,
      { 'main.py': `import broken\n${server}`, 'broken.py': 'def f(\n' },
      ['warning PYTHON_SYNTAX 5'],
    ],
    ['with a gated model', start, { 'main.py': `${server}M.from_pretrained("meta-llama/Llama-2-7b-hf")\n` }, ['warning GATED_MODEL 4']],
    [
      'with a gated model and a token',
      start,
      { 'main.py': `${server}M.from_pretrained("meta-llama/Llama-2-7b-hf", token=os.environ["HF_TOKEN"])\n` },
      [],
    ],
    ['whose weights are not there', start, { 'main.py': `${server}M.from_pretrained("./weights")\n` }, ['warning WEIGHTS_MISSING 4']],
    [
      'whose weights are there',
      `COPY weights weights\n${start}`,
      { 'main.py': `${server}M.from_pretrained("./weights")\n`, 'weights/a.bin': '' },
      [],
    ],
    ['whose weights are the training’s', start, { 'main.py': `${server}M.from_pretrained("/model/a")\n` }, []],
    [
      'whose weights are fetched',
      `RUN git clone https://huggingface.co/a/b weights\n${start}`,
      { 'main.py': `${server}M.from_pretrained("./weights")\n` },
      [],
    ],
  ])('%s', async (_what, instructions, texts, expected) => {
    expect(await findings(`${serving}${instructions}\n`, { 'main.py': server, ...texts })).toEqual(expected);
  });

  it('may listen where it is declared', async () => {
    const files = filesOf({ Dockerfile: `${serving}CMD ["uvicorn", "main:app"]\n`, 'main.py': server });
    expect((await checkDockerfile(files, 'Dockerfile', { port: 8000 })).findings).toEqual([]);
  });
});

test('a .dockerignore that the builder refuses is found', async () => {
  expect(await findings('FROM debian\nCOPY a .\n', { a: '', '.dockerignore': 'a[\n' })).toEqual(['error DOCKERIGNORE_INVALID 1']);
});

test.each([
  ['whose program answers the contest', server, 'serve'],
  ['whose program does not', server.replace('/process', '/run'), 'train'],
])('a Dockerfile in a directory of training %s', async (_what, text, role) => {
  const files = filesOf({ 'lm-train/Dockerfile': `${serving}${start}`, 'lm-train/main.py': text });
  expect((await checkDockerfile(files, 'lm-train/Dockerfile')).role).toBe(role);
});
