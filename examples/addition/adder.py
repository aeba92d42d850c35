"""A small network that adds two numbers digit by digit, and the text it reads and writes."""

import json
import re
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

# Operands have at most four digits, so a sum has at most five.
OPERAND_DIGITS = 4
SUM_DIGITS = 5
INPUTS = 2 * OPERAND_DIGITS * 10

# One token per character: the vocabulary is what a question and its answer are written with.
VOCABULARY = "\n !\"'()*+,-./0123456789:;=?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
UNKNOWN = len(VOCABULARY)
QUESTION = re.compile(r"(\d{1,4})\s*\+\s*(\d{1,4})(?!\d)")


def tokenize(text: str) -> list[int]:
    return [index if (index := VOCABULARY.find(character)) >= 0 else UNKNOWN for character in text]


def decode(tokens: list[int]) -> str:
    return "".join(VOCABULARY[token] if 0 <= token < UNKNOWN else "\ufffd" for token in tokens)


def operands(prompt: str) -> tuple[int, int] | None:
    """The last "a + b" of a prompt: what stands before it are examples."""
    found = QUESTION.findall(prompt)
    return (int(found[-1][0]), int(found[-1][1])) if found else None


def is_held_out(a, b):
    """One pair in ten, the same for a + b and b + a. Questions are drawn from these, training data from the rest."""
    return (a * b * 7919 + (a + b) * 104729) % 1000003 % 10 == 0


def digits_of(numbers: np.ndarray, count: int) -> np.ndarray:
    """The last `count` decimal digits, the units first."""
    return numbers[:, None] // 10 ** np.arange(count) % 10


def encode(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    digits = np.concatenate([digits_of(a, OPERAND_DIGITS), digits_of(b, OPERAND_DIGITS)], axis=1)
    return np.eye(10, dtype=np.float32)[digits].reshape(len(a), INPUTS)


class Adder:
    """Multilayer perceptron: one-hot digits in, one softmax for every digit of the sum out."""

    def __init__(self, weights: dict[str, np.ndarray]):
        self.weights = weights
        self.layers = len(weights) // 2

    @classmethod
    def initialised(cls, hidden: list[int], random: np.random.Generator) -> "Adder":
        sizes = [INPUTS, *hidden, SUM_DIGITS * 10]
        weights = {}
        for layer, (before, after) in enumerate(zip(sizes, sizes[1:])):
            scale = np.sqrt(2 / before, dtype=np.float32)
            weights[f"weight.{layer}"] = random.standard_normal((before, after), dtype=np.float32) * scale
            weights[f"bias.{layer}"] = np.zeros(after, dtype=np.float32)
        return cls(weights)

    def activations(self, inputs: np.ndarray) -> list[np.ndarray]:
        """The input of every layer, and the logits at the end."""
        values = [inputs]
        for layer in range(self.layers):
            value = values[-1] @ self.weights[f"weight.{layer}"] + self.weights[f"bias.{layer}"]
            values.append(np.maximum(value, 0) if layer < self.layers - 1 else value)
        return values

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        logits = logits.reshape(len(logits), SUM_DIGITS, 10)
        exponentials = np.exp(logits - logits.max(axis=2, keepdims=True))
        return exponentials / exponentials.sum(axis=2, keepdims=True)

    def gradients(self, inputs: np.ndarray, targets: np.ndarray) -> tuple[float, dict[str, np.ndarray]]:
        """Mean cross-entropy of a batch and its gradient; `targets` are digits, units first."""
        values = self.activations(inputs)
        probabilities = self.probabilities(values[-1])
        chosen = np.take_along_axis(probabilities, targets[:, :, None], axis=2)
        loss = float(-np.log(np.maximum(chosen, 1e-12)).mean())
        delta = (probabilities - np.eye(10, dtype=np.float32)[targets]).reshape(len(inputs), -1)
        delta /= len(inputs) * SUM_DIGITS
        gradients = {}
        for layer in reversed(range(self.layers)):
            gradients[f"weight.{layer}"] = values[layer].T @ delta
            gradients[f"bias.{layer}"] = delta.sum(axis=0)
            if layer > 0:
                delta = (delta @ self.weights[f"weight.{layer}"].T) * (values[layer] > 0)
        return loss, gradients

    def predict(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The sums, as numbers."""
        logits = self.activations(encode(a, b))[-1].reshape(len(a), SUM_DIGITS, 10)
        return logits.argmax(axis=2) @ 10 ** np.arange(SUM_DIGITS)

    def answer(self, a: int, b: int) -> list[tuple[str, float]]:
        """The sum's digits as it is written, each with the logarithm of its probability."""
        logits = self.activations(encode(np.array([a]), np.array([b])))[-1]
        probabilities = self.probabilities(logits)[0]
        digits = [(str(place.argmax()), float(np.log(place.max()))) for place in reversed(probabilities)]
        leading = next((index for index, (digit, _) in enumerate(digits) if digit != "0"), SUM_DIGITS - 1)
        return digits[leading:]

    def save(self, directory: Path, about: dict) -> None:
        save_file(self.weights, directory / "model.safetensors")
        (directory / "config.json").write_text(json.dumps(about, indent=2, sort_keys=True) + "\n")

    @classmethod
    def load(cls, directory: Path) -> "Adder":
        return cls(load_file(directory / "model.safetensors"))
