import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkPaths } from '../activities/check/check.ts';

export interface CheckBench {
  dockerfiles: number;
  inputs: number;
  seconds: number;
  /** Largest resident set of this process. */
  rssBytes: number;
  /** One Dockerfile of 10,000 RUN lines. */
  longestSeconds: number;
}

const commit = '0123456789abcdef0123456789abcdef01234567';
const server = `import torch\nfrom fastapi import FastAPI\nfrom helper import load\napp = FastAPI()\n\n@app.post("/process")\nasync def process(request: dict) -> dict:\n    return {"text": load(request)}\n\n@app.post("/tokenize")\nasync def tokenize(request: dict) -> dict:\n    return {"tokens": []}\n`;

/** Time and memory of `reprise check` over Dockerfiles as large as the contest's, each with a context of its own (target: 250 in 5 s, 400 MB). */
export async function benchCheck(count = 250): Promise<CheckBench> {
  const root = await mkdtemp(join(tmpdir(), 'reprise-bench-'));
  try {
    for (let index = 0; index < count; index += 1) await writeSubmission(join(root, `team-${index}`, 'submission'), index);
    const startedAt = performance.now();
    const { dockerfiles } = await checkPaths([root]);
    const seconds = (performance.now() - startedAt) / 1000;
    const inputs = dockerfiles.reduce((sum, each) => sum + each.inputs.length, 0);
    return {
      dockerfiles: dockerfiles.length,
      inputs,
      seconds,
      rssBytes: process.resourceUsage().maxRSS * 1024,
      longestSeconds: await longest(join(root, 'longest')),
    };
  } finally {
    await rm(root, { recursive: true });
  }
}

/** About 40 lines and 25 inputs, as the contest's median; 40 files of code beside them. */
async function writeSubmission(directory: string, index: number): Promise<void> {
  const packages = Array.from({ length: 12 }, (_, each) => (each % 3 === 0 ? `package-${each}==1.${index}.${each}` : `package-${each}`));
  const files: Record<string, string> = {
    Dockerfile: dockerfile(index),
    'requirements.txt': packages.join('\n'),
    'setup.sh': '#!/bin/bash\nset -e\npip install ninja\ncurl -fsSLO https://example.org/tool.tar.gz\n',
    'main.py': server,
    'helper.py': `def load(request):\n${Array.from({ length: 150 }, (_, line) => `    value_${line} = [request.get("key-${line}", ${line})] * ${line}\n`).join('')}    return value_1\n`,
  };
  for (let each = 0; each < 35; each += 1) files[`lit/module_${each}.py`] = `def f${each}():\n    return ${each}\n`;
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
}

function dockerfile(index: number): string {
  return `# syntax=docker/dockerfile:1
ARG CUDA=12.1
FROM pytorch/pytorch:2.1.0-cuda\${CUDA}-cudnn8-devel AS base
ENV DEBIAN_FRONTEND=noninteractive PYTHONUNBUFFERED=1
WORKDIR /submission
RUN apt-get update && apt-get install -y --no-install-recommends git git-lfs curl build-essential \\
    # the compiler is for the kernels
    ninja-build && rm -rf /var/lib/apt/lists/*
COPY requirements.txt setup.sh /submission/
COPY lit /submission/lit
RUN pip install --upgrade pip && pip install --no-cache-dir -r requirements.txt "torch>=2.0,<2.2" accelerate==0.24.1 \\
    git+https://github.com/example/transformers.git git+https://github.com/example/peft@${commit}
RUN git clone --depth 1 https://github.com/example/kernels-${index} && cd kernels-${index} && git checkout v1.${index} && pip install -e .
RUN bash setup.sh
FROM base
RUN huggingface-cli download example/model-${index} --local-dir /submission/weights
COPY main.py helper.py ./
EXPOSE 80
CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "80"]
`;
}

async function longest(directory: string): Promise<number> {
  await mkdir(directory);
  const lines = Array.from({ length: 10_000 }, (_, index) => `RUN pip install package-${index} && apt-get install -y tool-${index}`);
  await writeFile(join(directory, 'Dockerfile'), `FROM debian:12\n${lines.join('\n')}\n`);
  const startedAt = performance.now();
  await checkPaths([directory]);
  return (performance.now() - startedAt) / 1000;
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(await benchCheck(), null, 2)}\n`);
