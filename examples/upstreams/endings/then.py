"""Rules for the endings of words."""

from collections import Counter, defaultdict

LONGEST = 4


def learn(pairs):
    """From (word, form): for every ending the change that is most frequent, how many letters go and what comes instead."""
    counts = defaultdict(Counter)
    for word, form in pairs:
        common = 0
        while common < min(len(word), len(form)) and word[common] == form[common]:
            common += 1
        change = (len(word) - common, form[common:])
        for length in range(min(LONGEST, len(word)) + 1):
            if length >= change[0]:
                counts[word[len(word) - length :]][change] += 1
    rules = {}
    for ending, changes in sorted(counts.items()):
        (cut, add), _ = min(changes.items(), key=lambda item: (-item[1], item[0]))
        rules[ending] = {"cut": cut, "add": add}
    return rules
