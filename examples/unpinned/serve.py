"""Serves the rules: POST /process and POST /tokenize in the shapes of the contest's OpenAPI."""

import json
import os
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

RULES = json.loads((Path(os.environ.get("MODEL_DIR", "/model")) / "rules.json").read_text())
IRREGULAR = json.loads(Path("irregular.json").read_text())
QUESTION = re.compile(r'plural of "([a-z]+)"')
LARGEST_REQUEST_BYTES = 1_000_000


def plural(noun: str) -> str:
    """By the rule of the longest ending that one is known for: how many letters go, and what comes instead."""
    if noun in IRREGULAR:
        return IRREGULAR[noun]
    for length in range(len(noun), -1, -1):
        rule = RULES.get(noun[len(noun) - length :])
        if rule:
            return noun[: len(noun) - rule["cut"]] + rule["add"]
    return noun


def process(request: dict) -> dict:
    found = QUESTION.search(request["prompt"])
    text = plural(found.group(1)) if found else ""
    token = {"text": text, "logprob": 0.0, "top_logprob": {text: 0.0}}
    shown = request["prompt"] + text if request.get("echo_prompt", False) else text
    return {"text": shown, "tokens": [token], "logprob": 0.0}


def tokenize(request: dict) -> dict:
    return {"tokens": list(request["text"].encode())}


ROUTES = {"/process": process, "/tokenize": tokenize}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        started = time.perf_counter()
        size = int(self.headers.get("Content-Length", "0"))
        if size > LARGEST_REQUEST_BYTES:
            self.close_connection = True
            return self.reply(413, {"detail": "request too large"})
        body = self.rfile.read(size)
        route = ROUTES.get(self.path)
        if route is None:
            return self.reply(404, {"detail": "not found"})
        try:
            answer = route(json.loads(body))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return self.reply(422, {"detail": repr(error)})
        self.reply(200, {**answer, "request_time": time.perf_counter() - started})

    def reply(self, status: int, answer: dict) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """One line for every request would only repeat what the evaluator records."""


if __name__ == "__main__":
    print("serving on port 80", flush=True)
    ThreadingHTTPServer(("0.0.0.0", 80), Handler).serve_forever()
