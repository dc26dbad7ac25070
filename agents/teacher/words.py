"""Small pieces of English: names into words, articles, lists, verb forms."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_]+")
_WORD = re.compile(r"[^\W_]+(?:['’][a-z]+)?")


def word_set(text: str) -> frozenset[str]:
    """The words of a text; a table of words reads better as prose than as a list of literals."""
    return frozenset(text.split())


_LONG = {
    "num": "number",
    "nb": "number",
    "no": "number",
    "qty": "quantity",
    "desc": "description",
    "lat": "latitude",
    "lon": "longitude",
    "lng": "longitude",
    "long": "longitude",
    "temp": "temperature",
    "max": "maximum",
    "min": "minimum",
    "avg": "average",
    "amt": "amount",
    "addr": "address",
    "dob": "date of birth",
    "pct": "percentage",
    "prob": "probability",
    "std": "standard",
    "dev": "deviation",
    "src": "source",
    "dest": "destination",
    "dst": "destination",
    "loc": "location",
    "lang": "language",
    "msg": "message",
    "img": "image",
    "pwd": "password",
    "prev": "previous",
    "cert": "certificate",
    "func": "function",
    "db": "database",
    "dir": "directory",
    "tgt": "target",
    "var": "variable",
    "vec": "vector",
    "params": "parameters",
    "config": "configuration",
    "apikey": "API key",
}
_ACRONYMS = word_set(
    """
    id url uri uuid ui api ip dna rna bmi sql http https csv js json xml html pdf iata icao isbn vin
    ssn gps cik gpa gdp usd eur gbp nba nfl mlb nhl ph os tv pin sku eta utc roi cpi bpm sms faq crm
    aws cpu ram rgb hex dns ssl ssh cpe purl bom vat ev isp
    """
)
STOPWORDS = word_set(
    """
    a an the he of for or i in on at to from by with it and as is are be this his that these those
    its their our you your my me we they she her given specific if specified particular certain
    provided based using use used can which who whom whose what when where then than into over under
    about between within per via no not any all each some such etc will would should could may might
    do does did has have had was were been being one more other user users please thanks just also
    need want like
    """
)


@lru_cache(maxsize=16384)
def split_name(name: str) -> tuple[str, ...]:
    """Lower-case words of an identifier: `numTickets_2` -> (num, tickets, 2)."""
    return tuple(part.lower() for part in _PARTS.findall(name))


def humanise(name: str) -> str:
    """An identifier as a person would say it: `num_tickets` -> `number of tickets`."""
    tokens = list(split_name(name))
    if not tokens:
        return name
    if (
        len(tokens) > 1
        and tokens[0] in ("num", "nb", "no", "number")
        and tokens[1] != "of"
        and not tokens[1].isdigit()
    ):
        tokens[0:1] = ["number", "of"]
    if tokens[:2] in (["is", "a"], ["is", "an"]):
        tokens = tokens[2:]
    elif len(tokens) > 1 and tokens[0] in ("is", "the"):
        tokens = tokens[1:]
    words = [_LONG.get(token, token) for token in tokens]
    if words[0] == "min" or tokens[0] == "long":
        words[0] = tokens[0]
    if len(words) > 1 and words[0] == "x":
        words = words[1:]
    return " ".join(_acronym(word) for word in words).replace("co 2", "CO2")


def _acronym(word: str) -> str:
    if word in _ACRONYMS:
        return word.upper()
    return word[:-1].upper() + "s" if word[:-1] in _ACRONYMS and word.endswith("s") else word


@lru_cache(maxsize=16384)
def content_words(text: str) -> frozenset[str]:
    """Lower-case roots of the words that carry meaning."""
    return frozenset(
        root(word)
        for word in (w.lower() for w in _WORD.findall(text))
        if word not in STOPWORDS and len(word) > 1
    )


def root(word: str) -> str:
    """A crude root, so that `cities` meets `city` and `calculates` meets `calculate`."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 5 and word.endswith("ing"):
        return word[:-3]
    if len(word) > 4 and word.endswith(("ses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def is_plural(phrase: str) -> bool:
    last = phrase.lower().rsplit(" ", 1)[-1]
    return last in ("people", "children", "data", "criteria", "media") or (
        len(last) > 3
        and last.endswith("s")
        and not last.endswith(("ss", "us", "is"))
        and not (
            last.endswith("ics")
            and last not in ("metrics", "statistics", "topics", "graphics", "characteristics")
        )
        and last not in ("address", "status", "series", "species", "news", "gas", "lens", "canvas", "alias")
    )


_SILENT = re.compile(r"(?:hour|honest|heir)", re.IGNORECASE)
_YOU_SOUND = re.compile(r"(?:uni(?!n|m)|use|usa|eu|one|ut[aeio]|u[a-z]?\b)", re.IGNORECASE)


def article(phrase: str) -> str:
    """`a` or `an`."""
    first = phrase.split(" ", 1)[0]
    if first.isupper() and len(first) > 1:
        return "an" if first[0] in "AEFHILMNORSX" else "a"
    if _SILENT.match(first):
        return "an"
    return "an" if first[:1].lower() in "aeiou" and not _YOU_SOUND.match(first) else "a"


def fix_articles(text: str) -> str:
    return re.sub(
        r"\b([Aa])n?\s+(?=([A-Za-z][\w-]*))",
        lambda m: ("An " if m[1] == "A" else "an ") if article(m[2]) == "an" else m[1] + " ",
        text,
    )


def join(parts: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


_OTHER_PERSON = {
    "my": "your", "me": "you", "mine": "yours", "our": "your", "ours": "yours", "us": "you", "I": "you",
    "your": "my", "you": "me", "yourself": "myself", "am": "are",
    "'m": "'re", "’m": "’re",
}  # fmt: skip


def turned(text: str) -> str:
    """The user's words in the assistant's mouth: `my boss` becomes `your boss`, `by yourself` `by myself`."""
    parts = re.split(r"([^\w'’]+|(?<=\bI)(?=['’]))", text)
    return "".join(_OTHER_PERSON.get(part, part) for part in parts)


def spelled(texts: Iterable[str]) -> str:
    """A regular expression for any of the texts, the longest first."""
    return "|".join(re.escape(text) for text in sorted(set(texts), key=lambda text: (-len(text), text)))


_HEAD_END = re.compile(
    r"\s(?:of|for|in|from|between|on|at|by|to|with|about|near|using|during|as|within|across|over|per|under|after|before|"
    r"achieved|required|available|placed|scored|caused|used|owned|made|given|due)\b"
)


def head_noun(phrase: str) -> str:
    """The noun phrase before its complement: `the highest score achieved by …` -> `the highest score`."""
    return _HEAD_END.split(phrase, maxsplit=1)[0]


def lower_first(text: str) -> str:
    """Lower-case the first letter unless it begins an acronym or a name such as `IoT`."""
    first = text.split(" ", 1)[0]
    second = text[len(first) + 1 : len(first) + 2]
    if any(c.isupper() or c.isdigit() for c in first[1:]) or second.isupper():
        return text
    return text[:1].lower() + text[1:]


VERBS = word_set(
    """
    accept access acquire activate add adjust adopt aggregate alert align allocate amend analyse
    analyze append apply appraise approve archive arrange articulate assess assign assist associate
    attach attempt authenticate authorise authorize award backup balance bid block book borrow
    broadcast browse build bulk buy calculate call cancel capture cast categorise categorize change
    charge chart check checkout choose classify clean clear click clone close cluster collect
    combine comment commit compare compile complete compose compress compute concatenate conduct
    configure confirm connect construct consume contact control convert cook copy correct count
    create crop customise customize cut deactivate deal debug decode decrease decrypt deduct define
    delete deliver deploy deposit derive describe design destroy detect determine develop diagnose
    differentiate disable discard disconnect discover dispatch dispense display divide download
    draft draw drop duplicate echo edit eliminate email empty enable encode encrypt end enhance
    enqueue enroll ensure enter enumerate establish estimate evaluate examine exchange exclude
    execute expand explain explore export extend extract factor fetch file fill filter find fit fix
    flag flip fly follow forecast format forward free gather generate get give grant group grow
    guide handle hash help hide highlight hire hold identify implement import improve increase infer
    inform initialise initialize initiate insert inspect install integrate interact interpret invert
    investigate invite invoke issue join judge keep label launch learn lend like link list listen
    load locate lock log look lookup make manage map mark match measure merge mine mint mix model
    modify monitor move multiply navigate normalise normalize notify obtain offer open operate
    optimise optimize order orient organise organize output overlay own pack paint parse pass patch
    pause pay perform permit pick place plan play plot point post power predict preheat prepare
    present preview print prioritise prioritize process produce program project prompt propose
    provide publish pull purchase push put query quote raise randomise randomize rank rate reach
    read rearrange receive recommend record recover reduce refill refresh refund register reject
    release reload relocate remind remove rename render renew rent repair repeat replace reply
    report repost represent request reschedule reserve reset resize resolve respond restart restore
    resume retrieve retry return reverse review revoke rewrite ride roll rotate round route run sail
    sample save scale scan schedule score scrape search secure segment select sell send separate
    serialise serialize serve set setup share ship shorten show shuffle shut sign simplify simulate
    skip slice snap solve sort spawn specify spin split standardise standardize start stop store
    stream submit subscribe substitute subtract suggest sum summarise summarize supply suspend swap
    switch sync synchronise synchronize tag take talk tell terminate test text toggle trace track
    trade train transcribe transfer transform translate transmit transpose traverse trigger trim
    turn tweet unblock undo bypass invest greet donate retweet unfollow uninstall unlock unsubscribe
    update upgrade upload use utilise validate value verify view visit visualise visualize vote wait
    wake walk watch weigh withdraw wrap write zip lint harvest
    """
)


def base_verb(word: str) -> str | None:
    """The base form of a verb in any of its forms; None if the word is not a known verb."""
    word = word.lower()
    if word in VERBS:
        return word
    for ending, replacements in (
        ("ies", ("y",)),
        ("es", ("", "e")),
        ("s", ("",)),
        ("ing", ("", "e")),
        ("ed", ("", "e")),
    ):
        if word.endswith(ending):
            stem = word[: -len(ending)]
            for replacement in replacements:
                if stem + replacement in VERBS:
                    return stem + replacement
            if ending == "ing" and len(stem) > 2 and stem[-1] == stem[-2] and stem[:-1] in VERBS:
                return stem[:-1]
    return None
