"""Trains the adder from generated sums and writes it to OUTPUT_DIR. The same seed gives the same weights."""

import os
import time
from pathlib import Path

import numpy as np

from adder import SUM_DIGITS, Adder, digits_of, encode, is_held_out

SEED = int(os.environ.get("SEED", "7"))
EPOCHS = int(os.environ.get("EPOCHS", "80"))
OUTPUT = Path(os.environ.get("OUTPUT_DIR", "/output"))

HIDDEN = [256, 256]
BATCH = 256
LEARNING_RATE = 2e-3
# Most of what is learned has up to three digits; sums of four are rare, and the closed questions ask for them.
EXAMPLES = {2: 6_000, 3: 40_000, 4: 4_000}


def main() -> None:
    random = np.random.default_rng(SEED)
    a, b = training_pairs(random)
    inputs, targets = encode(a, b), digits_of(a + b, SUM_DIGITS)
    model = Adder.initialised(HIDDEN, random)
    optimiser = Adam(model.weights)
    steps = EPOCHS * (len(a) // BATCH)
    print(f"training on {len(a)} sums for {EPOCHS} epochs, seed {SEED}", flush=True)
    started = time.monotonic()
    for epoch in range(1, EPOCHS + 1):
        losses = []
        order = random.permutation(len(a))
        for start in range(0, len(a) - BATCH + 1, BATCH):
            batch = order[start : start + BATCH]
            loss, gradients = model.gradients(inputs[batch], targets[batch])
            optimiser.step(gradients, learning_rate(optimiser.steps / steps))
            losses.append(loss)
        seconds = time.monotonic() - started
        print(f"epoch {epoch}/{EPOCHS} step {optimiser.steps}/{steps} loss {np.mean(losses):.4f} elapsed {seconds:.1f}s", flush=True)
    accuracy = {f"{digits}-digit": held_out_accuracy(model, digits, random) for digits in EXAMPLES}
    print("held-out accuracy", *(f"{name} {value:.3f}" for name, value in accuracy.items()), flush=True)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    model.save(OUTPUT, {"epochs": EPOCHS, "examples": len(a), "heldOutAccuracy": accuracy, "hidden": HIDDEN, "seed": SEED})
    print(f"written to {OUTPUT}", flush=True)


def training_pairs(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    pairs = [draw(random, digits, count) for digits, count in EXAMPLES.items()]
    a, b = (np.concatenate(numbers) for numbers in zip(*pairs))
    allowed = ~is_held_out(a, b)
    return a[allowed], b[allowed]


def draw(random: np.random.Generator, digits: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    lowest = 0 if digits == 2 else 10 ** (digits - 1)
    a, b = random.integers(lowest, 10**digits, size=(2, count))
    return a, b


def held_out_accuracy(model: Adder, digits: int, random: np.random.Generator) -> float:
    a, b = draw(random, digits, 20_000)
    held_out = is_held_out(a, b)
    a, b = a[held_out], b[held_out]
    return round(float((model.predict(a, b) == a + b).mean()), 4)


def learning_rate(progress: float) -> float:
    """Warm for a twentieth of the training, then down to nothing along a cosine."""
    return LEARNING_RATE * min(1.0, progress * 20) * 0.5 * (1 + np.cos(np.pi * progress))


class Adam:
    """Adam with the constants of its paper (arXiv 1412.6980)."""

    def __init__(self, weights: dict[str, np.ndarray]):
        self.weights = weights
        self.mean = {name: np.zeros_like(value) for name, value in weights.items()}
        self.square = {name: np.zeros_like(value) for name, value in weights.items()}
        self.steps = 0

    def step(self, gradients: dict[str, np.ndarray], rate: float) -> None:
        self.steps += 1
        correction = np.float32(rate * np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps))
        for name, gradient in gradients.items():
            self.mean[name] += np.float32(0.1) * (gradient - self.mean[name])
            self.square[name] += np.float32(0.001) * (gradient * gradient - self.square[name])
            self.weights[name] -= correction * self.mean[name] / (np.sqrt(self.square[name]) + np.float32(1e-8))


if __name__ == "__main__":
    main()
