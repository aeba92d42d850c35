import { describe, expect, it } from 'vitest';
import { parseDockerfile } from '../../../../activities/pin/dockerfile.ts';
import { writeCommit } from '../../../../activities/pin/by-date/git-rewrite.ts';

const commit = '0123456789abcdef0123456789abcdef01234567';
const url = 'https://git.example.org/team/tool.git';

function written(text: string, spec = url, line = 2): string | undefined {
  const dockerfile = parseDockerfile(Buffer.from(`FROM base\n${text}\n`));
  const lines = [...dockerfile.lines];
  return writeCommit(dockerfile, { line, spec, commit }, lines) ? lines.slice(1, -1).join('\n') : undefined;
}

const checkout = `git -C tool checkout --quiet ${commit}`;

describe('a commit in the place of a repository', () => {
  it.each([
    ['a clone', `RUN git clone ${url}`, `RUN { git clone ${url} && ${checkout}; }`],
    ['a clone before others', `RUN git clone ${url} && cd tool && make`, `RUN { git clone ${url} && ${checkout}; } && cd tool && make`],
    ['a clone that may fail', `RUN ls tool || git clone ${url} || true`, `RUN ls tool || { git clone ${url} && ${checkout}; } || true`],
    ['a clone to a directory', `RUN git clone ${url} "/opt/x" ; ls`, `RUN { git clone ${url} "/opt/x" && git -C "/opt/x" checkout --quiet ${commit}; } ; ls`],
    ['a quoted address', `RUN git clone '${url}'`, `RUN { git clone '${url}' && ${checkout}; }`],
    ['a clone over several lines', `RUN apt-get update && \\\n    git clone ${url} \\\n    && make`, `RUN apt-get update && \\\n    { git clone ${url} && ${checkout}; } \\\n    && make`],
    ['a shallow clone', `RUN git clone --depth 1 ${url}`, `RUN { git clone --depth 1 ${url} && git -C tool fetch --quiet --depth 1 origin ${commit} && ${checkout}; }`],
    ['submodules', `RUN git clone --recursive ${url}`, `RUN { git clone --recursive ${url} && ${checkout} && git -C tool submodule --quiet update --init --recursive; }`],
    ['a comment after it', `RUN git clone ${url} # the tool`, `RUN { git clone ${url} && ${checkout}; } # the tool`],
  ])('is checked out after %s', (_, before, after) => {
    expect(written(before)).toBe(after);
  });

  it.each([
    ['a bare git requirement', `RUN pip install git+${url}`, `git+${url}`, `RUN pip install git+${url}@${commit}`],
    ['one with a branch and a fragment', `RUN pip install "git+${url}@main#egg=tool" numpy`, `git+${url}@main#egg=tool`, `RUN pip install "git+${url}@${commit}#egg=tool" numpy`],
    ['a named one', `RUN pip install 'tool @ git+${url}'`, `tool @ git+${url}`, `RUN pip install 'tool @ git+${url}@${commit}'`],
    ['a download beside another', 'RUN hf download a/b --revision v1 && hf download team/model; x', 'team/model', `RUN hf download a/b --revision v1 && hf download team/model --revision ${commit}; x`],
    ['a download from the hub', 'RUN huggingface-cli download team/model --local-dir /m', 'team/model', `RUN huggingface-cli download team/model --revision ${commit} --local-dir /m`],
    ['a clone from the hub', 'RUN git clone https://huggingface.co/team/model', 'team/model', `RUN { git clone https://huggingface.co/team/model && git -C model checkout --quiet ${commit}; }`],
  ])('is written into %s', (_, before, spec, after) => {
    expect(written(before, spec)).toBe(after);
  });

  it.each([
    ['a requirements file names it', 'RUN pip install -r requirements.txt', `git+${url}`],
    ['the command goes on below', `RUN git clone ${url} \\\n    /opt/x`, url],
    ['a variable names it', 'RUN git clone $URL', url],
    ['it is in exec form', `RUN ["git", "clone", "${url}"]`, url],
    ['another repository begins alike', `RUN git clone ${url.replace('.git', '-two.git')}`, url],
    ['its output goes elsewhere', `RUN git clone ${url} 2> log`, url],
  ])('is not written where %s', (_, before, spec) => {
    expect(written(before, spec)).toBeUndefined();
  });
});
