/** Small Dockerfiles that together use everything that the analysis reads. */
export const dockerfiles: readonly string[] = [
  'FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y python3=3.11.2-1 git\nCMD ["python3", "main.py"]\n',
  '# syntax=docker/dockerfile:1\n# escape=`\nARG V=3.10\nFROM python:${V:-3.11} AS build\r\nWORKDIR /app\r\nCOPY requirements.txt .\r\nRUN pip install `\r\n  # a comment\r\n\r\n  -r requirements.txt\r\n',
  'ARG BASE\nFROM ${BASE:-pytorch/pytorch:2.1.0-cuda12.1-cudnn8-devel} AS a\nENV X=1 Y="b c" \\\n  Z=$X\nRUN pip install torch>=2.0.1 "x==$X" git+https://github.com/a/b@main\nFROM a\nCOPY --from=a --chown=1:1 ["a b", "/c"]\nUSER nobody\n',
  'FROM x\nRUN <<EOF\npip install a\ncd /b && git clone https://example.org/r.git && cd r && git checkout 0123456789abcdef0123456789abcdef01234567\nEOF\nCOPY <<A <<B /x/\n1\nA\n2\nB\nRUN cat <<E > f && bash setup.sh\nx\nE\n',
  'FROM scratch\nADD https://example.org/f.tar.gz#x /f\nADD --checksum=sha256:00 https://example.org/g /g\nONBUILD COPY . /src\nONBUILD RUN make\nHEALTHCHECK --interval=1s CMD curl localhost\nSHELL ["powershell", "-c"]\n',
  'FROM conda/miniconda3\nRUN conda env create -f environment.yml && conda run -n e pip install -e .[dev] -c constraints.txt\nRUN --mount=type=cache,target=/root/.cache npm ci && npm i x@1.2.3 && huggingface-cli download meta-llama/Llama-2-7b --revision main\nENTRYPOINT ["sh", "-c", "exec uvicorn main:app --port $PORT"]\nEXPOSE 80\n',
  'FROM a\nRUN set -ex; for i in a b; do if [ -f $i ]; then sudo -E bash -c "curl -fsSL https://example.org/$i | bash -"; else (cd $i; wget http://e.org/x && echo "0 x" | sha256sum -c -); fi; done; case $x in a) y;; esac; f() { pip install "$@"; }; f z\nRUN python - <<E\nfrom transformers import AutoModel\nAutoModel.from_pretrained("a/b", revision="c")\nE\n',
];
