"""The lint of regular expressions: what takes exponential time, and what only looks like it."""

import re

import pytest

from consumers.sampler.importers.patterns import catastrophic

SLOW = [
    r"^(a+)+$",
    r"^(a*)*$",
    r"^(a|a)*$",
    r"^(\w|\d)*$",
    r"^(aa?)+$",
    r"^([a-z]+\.?)+$",
    r"^(a*-a*)*$",
    r"^(\s*\w+\s*)*$",
    r"^(.*,)*x$",
    r"^(x+x+)+y$",
    r"^(?:(a+)b?)*$",
    r"^(?P<name>a+)+$",
    r"^((a{1,9}){1,9}){1,90}$",
    r"(?=(a+)+$)a",
    r"^(\d{1,3},?)+$",
    r"^[a-zA-Z]+(?:[_-]?[a-zA-Z0-9]+)*$",
    r"^(https?:\/\/)?([\da-z.-]+)\.([a-z.]{2,6})([\/\w .-]*)*\/?$",
]

QUICK = [
    "",
    r"^\d{4}-\d{2}-\d{2}$",
    r"^[a-z0-9]+(?:-[a-z0-9]+)*$",
    r"^[a-zA-Z]+(?: [a-zA-Z]+)*$",
    r"^(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,}$",
    r"^[\w.+-]+@(?:[\w-]+\.)+\w{2,4}$",
    r"^\d{1,3}(\.\d{1,3}){3}$",
    r"^([0-9]+[hms])+$",
    r"^#[0-9a-fA-F]{6}(,\s*#[0-9a-fA-F]{6})*$",
    r"^(\w\s?)*$",
    r"^(\d{4}-?)+$",
    r"^(ab|ac)*$",
    r"^(?:red|green|blue)(?:,(?:red|green|blue))*$",
    r"^(?!.*\.\.)[a-z.]+$",
    r"^\(\+?\d+\)$",
    r"^[^\]]+$",
]


@pytest.mark.parametrize("pattern", SLOW)
def test_patterns_that_take_exponential_time_are_found(pattern):
    assert catastrophic(pattern)


@pytest.mark.parametrize("pattern", QUICK)
def test_separated_and_plain_patterns_pass(pattern):
    assert not catastrophic(pattern)
    # They pass because they are quick: this returns.
    assert not re.search(f"(?:{pattern})(?!)", "ab-12.cd " * 40)


@pytest.mark.parametrize("pattern", [r"^(a?){30}a{30}$", r"^((\w{1,16},?){1,16};?){1,16}$"])
def test_counted_repeats_are_judged_by_what_they_multiply_to(pattern):
    assert catastrophic(pattern)


@pytest.mark.parametrize("pattern", ["(", ")", "*a", "(?", "[", "a{2", "(?i", "(" * 5000])
def test_what_is_no_pattern_is_left_to_the_compiler(pattern):
    assert not catastrophic(pattern)


def test_a_large_pattern_is_judged_in_bounded_time():
    assert catastrophic(f"(?:{'(?:a{1,16}){1,16}' * 50})+")
