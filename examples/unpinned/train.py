"""Learns the plurals of English nouns from their endings and writes the rules to OUTPUT_DIR."""

import json
import os
from pathlib import Path

import inflect
from endings import learn
from toolz import first, partition

OUTPUT = Path(os.environ.get("OUTPUT_DIR", "/output"))


def main() -> None:
    teacher = inflect.engine()
    nouns = Path("nouns.txt").read_text().split()
    pairs = [(noun, teacher.plural(noun)) for noun in nouns]
    print(f"learning from {len(pairs)} nouns; the first: {first(partition(3, nouns))}", flush=True)
    rules = learn(pairs)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "rules.json").write_text(json.dumps(rules, indent=1, sort_keys=True) + "\n")
    print(f"{len(rules)} rules written to {OUTPUT}", flush=True)


if __name__ == "__main__":
    main()
