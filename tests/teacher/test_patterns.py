"""Values for patterns: what the generator makes, the pattern matches."""

import random
import re

import pytest

from agents.teacher.patterns import sample


@pytest.mark.parametrize(
    "pattern",
    [
        r"^([01]?[0-9]|2[0-3]):[0-5][0-9]$",
        r"^#(?:[0-9a-fA-F]{3}){1,2}$",
        r"^\d+\s(Gbps|Mbps)$",
        r"^[A-Z]{2}-\d{4,6}$",
        r"^(http|https)://[a-zA-Z0-9./]+$",
        r"^[^aeiou]{3}$",
        r"v\d+\.\d+(\.\d+)?",
        r"^[]-]x*$",
    ],
)
def test_samples_match(pattern):
    texts = {sample(pattern, random.Random(seed)) for seed in range(30)}

    assert None not in texts
    assert len(texts) > 1
    assert all(re.search(pattern, text) for text in texts)


@pytest.mark.parametrize("pattern", [r"(?=a)b", r"(a", r"[", r"(.)\1", r"*"])
def test_what_is_not_understood_is_left_alone(pattern):
    assert sample(pattern, random.Random(1)) is None
