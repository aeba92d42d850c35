"""Serves the adder: POST /process, POST /tokenize and POST /decode in the shapes of the contest's OpenAPI."""

import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from adder import Adder, decode, operands, tokenize

MODEL = Path(os.environ.get("MODEL_DIR", "/model"))
PORT = int(os.environ.get("PORT", "80"))
LARGEST_REQUEST_BYTES = 1_000_000


def main() -> None:
    model = Adder.load(MODEL)
    routes = {
        "/process": lambda request: process(model, request),
        "/tokenize": tokenize_reply,
        "/decode": lambda request: {"text": decode(request["tokens"])},
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            started = time.perf_counter()
            size = int(self.headers.get("Content-Length", "0"))
            if size > LARGEST_REQUEST_BYTES:
                self.close_connection = True
                return self.reply(413, {"detail": "request too large"})
            body = self.rfile.read(size)
            route = routes.get(self.path)
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

    print(f"serving {MODEL} on port {PORT}", flush=True)
    ThreadingHTTPServer(("0.0.0.0", PORT), Handler).serve_forever()


def process(model: Adder, request: dict) -> dict:
    prompt = request["prompt"]
    pair = operands(prompt)
    # Without a sum to do there is nothing to say: an empty text is an answer, and a wrong one.
    generated = model.answer(*pair)[: request.get("max_new_tokens", 50)] if pair else []
    text = "".join(digit for digit, _ in generated)
    return {
        "text": prompt + text if request.get("echo_prompt", False) else text,
        "tokens": [{"text": digit, "logprob": logprob, "top_logprob": {digit: logprob}} for digit, logprob in generated],
        "logprob": sum(logprob for _, logprob in generated),
    }


def tokenize_reply(request: dict) -> dict:
    tokens = tokenize(request["text"])
    return {"tokens": tokens[: request.get("max_length", 2048)] if request.get("truncation", True) else tokens}


if __name__ == "__main__":
    main()
