"""Well-known formulas, computed when a tool's name and parameters leave no doubt which one is meant."""

import math
import re
import statistics
from collections.abc import Callable
from typing import Any

Number = int | float
Formula = Callable[..., Any]


def _round(value: Any) -> Any:
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        if value == int(value) and abs(value) < 1e15:
            return int(value)
        return float(f"{value:.6g}") if abs(value) < 1e-3 or abs(value) >= 1e6 else round(value, 4)
    if isinstance(value, int) and abs(value) >= 2**63:
        return float(f"{value:.6g}")
    if isinstance(value, list):
        return [_round(child) for child in value]
    return value


def _factors(n: int) -> list[int]:
    found, divisor = [], 2
    while divisor * divisor <= n:
        while n % divisor == 0:
            found.append(divisor)
            n //= divisor
        divisor += 1
    return [*found, n] if n > 1 else found


def _is_prime(n: int) -> bool:
    return n > 1 and _factors(n) == [n]


def _fibonacci(n: int) -> list[int]:
    found = [0, 1]
    while len(found) < n:
        found.append(found[-1] + found[-2])
    return found[:n]


def _heron(a: Number, b: Number, c: Number) -> float | None:
    s = (a + b + c) / 2
    under = s * (s - a) * (s - b) * (s - c)
    return math.sqrt(under) if under > 0 else None


def _small(n: Number, top: int) -> bool:
    return isinstance(n, int) and 0 <= n <= top


_LIST = ("numbers", "data", "values", "list", "nums", "elements", "array", "dataset", "number_list", "scores")

# (pattern over name and first words of the description, parameters by alternative names, formula). Every
# group of names has to match exactly one argument, and no numeric argument may be left over.
_FORMULAS: tuple[tuple[str, tuple[tuple[str, ...], ...], Formula], ...] = (
    (
        r"factorial",
        (("number", "n", "num", "value"),),
        lambda n: math.factorial(n) if _small(n, 20) else None,
    ),
    (r"triangle.*area|area.*triangle", (("base", "b"), ("height", "h")), lambda b, h: b * h / 2),
    (
        r"triangle.*area|area.*triangle|heron",
        (("side1", "a", "side_a"), ("side2", "b", "side_b"), ("side3", "c", "side_c")),
        _heron,
    ),
    (
        r"triangle.*perimeter|perimeter.*triangle",
        (("side1", "a"), ("side2", "b"), ("side3", "c")),
        lambda a, b, c: a + b + c,
    ),
    (r"area.*circle|circle.*area", (("radius", "r"),), lambda r: math.pi * r * r),
    (r"circumference", (("radius", "r"),), lambda r: 2 * math.pi * r),
    (
        r"area.*rectangle|rectangle.*area",
        (("length", "l", "width1"), ("width", "w", "breadth", "height")),
        lambda a, b: a * b,
    ),
    (
        r"perimeter.*rectangle|rectangle.*perimeter",
        (("length", "l"), ("width", "w", "breadth")),
        lambda a, b: 2 * (a + b),
    ),
    (r"area.*square\b|square.*area", (("side", "side_length", "length"),), lambda a: a * a),
    (r"volume.*sphere|sphere.*volume", (("radius", "r"),), lambda r: 4 / 3 * math.pi * r**3),
    (
        r"volume.*cylinder|cylinder.*volume",
        (("radius", "r"), ("height", "h")),
        lambda r, h: math.pi * r * r * h,
    ),
    (
        r"volume.*cuboid|volume.*box|cuboid.*volume",
        (("length",), ("width", "breadth"), ("height", "depth")),
        lambda a, b, c: a * b * c,
    ),
    (
        r"hypot|euclidean norm|pythag",
        (("x", "a", "side1"), ("y", "b", "side2")),
        lambda a, b: math.hypot(a, b),
    ),
    (
        r"\bgcd\b|greatest common|\bhcf\b|highest common",
        (("a", "num1", "number1", "x"), ("b", "num2", "number2", "y")),
        lambda a, b: math.gcd(int(a), int(b)),
    ),
    (
        r"\blcm\b|least common",
        (("a", "num1", "number1", "x"), ("b", "num2", "number2", "y")),
        lambda a, b: math.lcm(int(a), int(b)),
    ),
    (r"prime factor", (("number", "n", "num"),), lambda n: _factors(n) if _small(n, 10**9) else None),
    (
        r"is.?prime|prime.*check|check.*prime",
        (("number", "n", "num"),),
        lambda n: _is_prime(n) if _small(n, 10**9) else None,
    ),
    (
        r"fibonacci",
        (("number", "n", "length", "limit", "count", "terms"),),
        lambda n: _fibonacci(n) if _small(n, 60) else None,
    ),
    (r"\bmean\b|average", (_LIST,), lambda v: statistics.fmean(v)),
    (r"median", (_LIST,), lambda v: statistics.median(v)),
    (r"standard.?dev|std.?dev", (_LIST,), lambda v: statistics.pstdev(v)),
    (r"variance", (_LIST,), lambda v: statistics.pvariance(v)),
    (r"\bsum\b|\badd(s|ition)?\b.*(list|numbers)|total of", (_LIST,), lambda v: math.fsum(v)),
    (r"\bmax(imum)?\b.*(list|numbers)|largest", (_LIST,), lambda v: max(v)),
    (r"\bmin(imum)?\b.*(list|numbers)|smallest", (_LIST,), lambda v: min(v)),
    (
        r"^(math )?add|adds? two|sum of two|addition",
        (("a", "num1", "number1", "x", "first"), ("b", "num2", "number2", "y", "second")),
        lambda a, b: a + b,
    ),
    (r"subtract", (("a", "num1", "number1", "x"), ("b", "num2", "number2", "y")), lambda a, b: a - b),
    (
        r"multipl|product of two|\bmult\b",
        (("a", "num1", "number1", "x"), ("b", "num2", "number2", "y")),
        lambda a, b: a * b,
    ),
    (
        r"divi(de|sion)",
        (("a", "num1", "number1", "x", "dividend"), ("b", "num2", "number2", "y", "divisor")),
        lambda a, b: a / b if b else None,
    ),
    (r"square.?root|sqrt", (("number", "n", "x", "value"),), lambda n: math.sqrt(n) if n >= 0 else None),
    (
        r"power|exponent",
        (("base", "number", "x"), ("exponent", "power", "n", "y")),
        lambda a, b: a**b if abs(b) < 40 and abs(a) < 1e6 else None,
    ),
    (
        r"\bbmi\b|body mass",
        (("weight", "weight_kg", "mass"), ("height_m",)),
        lambda w, h: w / h**2 if h else None,
    ),
    (
        r"\bbmi\b|body mass",
        (("weight", "weight_kg", "mass"), ("height", "height_cm")),
        lambda w, h: (w / (h / 100) ** 2 if h > 3 else w / h**2) if h else None,
    ),
    (r"density", (("mass", "m"), ("volume", "v")), lambda m, v: m / v if v else None),
    (r"kinetic energy", (("mass", "m"), ("velocity", "v", "speed")), lambda m, v: m * v * v / 2),
    (r"newton.*force|\bforce\b", (("mass", "m"), ("acceleration", "a")), lambda m, a: m * a),
    (r"speed|velocity", (("distance", "d"), ("time", "t", "duration")), lambda d, t: d / t if t else None),
    (
        r"final velocity|final.?speed",
        (("initial_velocity", "initial_speed", "u"), ("acceleration", "a"), ("time", "t", "duration")),
        lambda u, a, t: u + a * t,
    ),
    (
        r"electric field",
        (("charge", "q"), ("distance", "r")),
        lambda q, r: 8.9875517923e9 * q / r**2 if r else None,
    ),
    (
        r"simple interest",
        (
            ("principal", "principle", "amount"),
            ("rate", "annual_rate", "interest_rate"),
            ("time", "years", "term"),
        ),
        lambda p, r, t: p * (r if r < 1 else r / 100) * t,
    ),
    (
        r"probability",
        (("event_outcomes", "favorable_outcomes", "desired_outcomes"), ("total_outcomes", "total")),
        lambda e, t: e / t if t and e <= t else None,
    ),
    (
        r"compound interest",
        (
            ("principal", "principle", "amount"),
            ("rate", "annual_rate", "interest_rate"),
            ("time", "years", "term"),
            ("n",),
        ),
        lambda p, r, t, n: p * (1 + (r if r < 1 else r / 100) / n) ** (n * t) if n else None,
    ),
    (
        r"future value",
        (
            ("present_value", "initial_investment", "principal", "investment"),
            ("annual_interest_rate", "interest_rate", "annual_rate", "rate"),
            ("years", "time", "term", "duration"),
        ),
        lambda p, r, t: p * (1 + (r if r < 1 else r / 100)) ** t,
    ),
    (
        r"\btip\b",
        (("bill_total", "bill", "amount"), ("tip_percentage", "tip_percent")),
        lambda b, t: b * t / 100,
    ),
    (
        r"electro(magnetic|static) force|coulomb",
        (("charge1", "q1"), ("charge2", "q2"), ("distance", "r")),
        lambda a, b, r: 8.9875517923e9 * a * b / r**2 if r else None,
    ),
    (
        r"discount",
        (("price", "original_price", "amount"), ("discount", "discount_rate", "discount_percentage")),
        lambda p, d: p * (1 - (d if d < 1 else d / 100)),
    ),
    (
        r"sales tax|calculate tax",
        (("purchase_amount", "amount", "price"), ("tax_rate", "rate")),
        lambda p, r: p * (r if r < 1 else r / 100),
    ),
    (r"gallon to liter", (("gallon", "gallons"),), lambda g: g * 3.785411784),
    (r"liter to gallon", (("liter", "liters"),), lambda v: v / 3.785411784),
    (r"percentage", (("part",), ("whole", "total")), lambda p, w: p / w * 100 if w else None),
    (r"round", (("number",), ("decimal_places",)), lambda n, d: round(n, int(d))),
    (r"absolute value", (("number", "n", "x"),), abs),
    (
        r"displacement",
        (("initial_velocity", "initial_speed"), ("acceleration",), ("time",)),
        lambda u, a, t: u * t + a * t * t / 2,
    ),
    (
        r"final velocity",
        (("height",), ("gravity",)),
        lambda h, g: math.sqrt(2 * g * h) if g * h >= 0 else None,
    ),
    (r"perimeter.*square|square.*perimeter", (("side", "side_length"),), lambda a: 4 * a),
    (
        r"(return on investment|\broi\b)",
        (
            ("purchase_price", "cost", "investment", "initial_investment", "investment_amount"),
            ("sale_price", "final_value", "ending_value"),
        ),
        lambda a, b: (b - a) / a if a else None,
    ),
    (
        r"(return on investment|\broi\b)",
        (("investment_amount", "investment", "cost"), ("net_profit", "profit")),
        lambda a, b: b / a if a else None,
    ),
    (r"celsius.*fahrenheit", (("celsius", "temperature", "temp"),), lambda c: c * 9 / 5 + 32),
    (r"fahrenheit.*celsius", (("fahrenheit", "temperature", "temp"),), lambda f: (f - 32) * 5 / 9),
    (
        r"slope",
        (("x1",), ("y1",), ("x2",), ("y2",)),
        lambda a, b, c, d: (d - b) / (c - a) if c != a else None,
    ),
)
_TABLE = tuple((re.compile(pattern), names, formula) for pattern, names, formula in _FORMULAS)


_PER_DOLLAR = {
    "USD": 1.0,
    "EUR": 0.92,
    "GBP": 0.79,
    "JPY": 150.0,
    "CAD": 1.36,
    "AUD": 1.52,
    "CHF": 0.88,
    "SEK": 10.5,
    "INR": 83.2,
    "DKK": 6.87,
    "NOK": 10.7,
    "PLN": 3.98,
    "KRW": 1340.0,
    "MXN": 17.1,
    "ZAR": 18.6,
    "SGD": 1.34,
}
"""Rates of a fixed day: the teacher has no market to ask."""


def _exchange(arguments: dict[str, Any]) -> float | None:
    """An amount, or one unit, in another currency; None if the arguments are not two currencies."""
    codes = [
        (key, value) for key, value in arguments.items() if isinstance(value, str) and value in _PER_DOLLAR
    ]
    amounts = [v for v in arguments.values() if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(codes) != 2 or len(amounts) > 1:
        return None
    if any(word in codes[1][0].lower() for word in ("from", "base", "source")):
        codes.reverse()
    rate = _PER_DOLLAR[codes[1][1]] / _PER_DOLLAR[codes[0][1]]
    return round((amounts[0] if amounts else 1) * rate, 2 if amounts else 4)


_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def calculate(name: str, description: str, arguments: dict[str, Any]) -> Any:
    """The computed result; None if no formula fits the tool and all of its numeric arguments."""
    if (exchanged := _exchange(arguments)) is not None:
        return exchanged
    numeric = {
        key: value
        for key, value in arguments.items()
        if (isinstance(value, int | float) and not isinstance(value, bool))
        or (
            isinstance(value, list)
            and value
            and all(isinstance(v, int | float) and not isinstance(v, bool) for v in value)
        )
    }
    if not numeric or len(numeric) < sum(not isinstance(v, str | bool) for v in arguments.values()):
        return None
    spaced = _CAMEL.sub(" ", name)
    words = " ".join(re.findall(r"[a-z0-9]+", f"{spaced} {description[:120]}".lower()))
    for pattern, groups, formula in _TABLE:
        if len(groups) != len(numeric) or not pattern.search(words):
            continue
        values = _assigned(groups, numeric)
        if values is None:
            continue
        try:
            found = _round(formula(*values))
        except (ArithmeticError, TypeError, ValueError):
            continue
        if found is not None:
            return found
    return None


def _assigned(groups: tuple[tuple[str, ...], ...], numeric: dict[str, Any]) -> list[Any] | None:
    lowered = {key.lower(): value for key, value in numeric.items()}
    values = []
    for names in groups:
        found = next((name for name in names if name in lowered), None)
        if found is None:
            return None
        if (names is _LIST) != isinstance(lowered[found], list):
            return None
        values.append(lowered[found])
    return values
