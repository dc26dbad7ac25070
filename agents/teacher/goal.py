"""What a tool is for, as its user would say it: a verb, an object, and where a value belongs in it.

`Calculate the factorial of a given number.` becomes: calculate / the factorial of {number}.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agents.teacher.words import (
    STOPWORDS,
    base_verb,
    fix_articles,
    head_noun,
    humanise,
    is_plural,
    lower_first,
    split_name,
    word_set,
)

RETRIEVE = word_set(
    """
    get retrieve fetch obtain return find locate lookup show display provide give list read load
    query identify pull gather collect access determine present view output recommend suggest
    discover search
    """
) | {"search for", "look for"}
CALCULATE = word_set("calculate compute determine evaluate estimate derive measure")

SYNONYMS: dict[str, tuple[str, ...]] = {
    "calculate": ("calculate", "work out", "figure out", "compute"),
    "compute": ("compute", "work out", "calculate"),
    "determine": ("determine", "work out", "figure out"),
    "get": ("get", "look up", "find"),
    "retrieve": ("get", "look up", "find", "pull up"),
    "fetch": ("fetch", "get", "look up"),
    "obtain": ("get", "look up"),
    "return": ("get", "find"),
    "find": ("find", "look up", "look for"),
    "locate": ("find", "locate"),
    "lookup": ("look up", "find"),
    "search": ("search", "look through"),
    "search for": ("search for", "look for", "find"),
    "look for": ("look for", "find"),
    "show": ("bring up", "display"),
    "display": ("bring up", "display"),
    "view": ("bring up", "view"),
    "provide": ("get", "find"),
    "give": ("get", "find"),
    "offer": ("get", "find"),
    "list": ("list", "bring up"),
    "purchase": ("buy", "purchase"),
    "generate": ("generate", "put together", "produce"),
    "create": ("create", "make", "set up"),
    "initiate": ("start", "begin"),
    "execute": ("run",),
    "perform": ("do", "carry out"),
    "utilize": ("use",),
    "utilise": ("use",),
    "modify": ("change", "modify"),
    "predict": ("predict", "forecast"),
}
NEED = (
    *(
        "need",
        "i'd like",
        "i would like",
        "want",
        "what is",
        "what's",
        "what are",
        "tell",
        "give",
        "show",
        "know",
    ),
    *("get", "have", "looking for", "ask for", "find out", "help me with", "help with"),
)
"""Words before an object that ask for it without a verb of the tool's own."""


@dataclass(frozen=True, slots=True)
class Goal:
    verb: str
    """Base form; empty where the description names a thing, not a deed."""
    head: str
    """The object up to where the value belongs: `the factorial of`; without a value slot, all of it."""
    general: str
    """What stands in the value's place if it is not named: `a number`; empty without a value slot."""
    slot: str = ""
    """Name of the parameter whose value ends the object."""

    @property
    def verbs(self) -> tuple[str, ...]:
        return SYNONYMS.get(self.verb, (self.verb,)) if self.verb else ()

    @property
    def noun(self) -> str:
        """The object alone, for `I need …` and for headings."""
        return f"{self.head} {self.general}".strip()

    @property
    def asks_for_thing(self) -> bool:
        """`I need <object>` says the same as `please <verb> <object>`."""
        return not self.verb or self.verb in RETRIEVE or self.verb in CALCULATE


_TOOL = r"(?:function|tool|api|method|endpoint|operation|service|request|command|utility|call|class|module)"
_PREAMBLE = re.compile(
    rf"""^(?:.*?tool\ description:\s*|note:.*?\.\s+)?
    (?:(?:this|the|a|an)\s+(?:\w+\s+)?{_TOOL}\s*
        (?:is\s+(?:called|invoked|triggered)\s+\w+[^,]*,\s*to\s+)?
        (?:(?:is|can\s+be|will\s+be)\s+(?:\w+ly\s+)?(?:used|designed|intended|responsible)\s*(?:to|for)?
          |(?:allows?|enables?|lets?|helps?)\s+(?:(?:the\s+)?users?|you|us|one)?\s*(?:to\s+)?
          |(?:that|which|to|for|will|can|is)\s+|)
      |use\s+(?:this|it)(?:\s+\w+)?\s+to\s+|used\s+(?:to|for)\s+
      |allows?\s+(?:(?:the\s+)?users?|you)\s+to\s+
      |{_TOOL}\s+(?:to|for|that)\s+)?\s*""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_SENTENCE_END = re.compile(r"(?<=[^.\s][^.\s])[.!?](?:\s|$)|\n\s*\n|;\s|\s[-–—:]\s")
_GENERIC = (
    r"(?:specific|specified|given|particular|certain|provided|desired|requested|designated|selected|chosen)"
)
_CUT = re.compile(
    rf"""(?:\s*[,:;(\[]
    |\s+\S*[\^=+*]
    |(?<!\ba)(?<!\bthe)(?<!\ban)(?<!\bof)(?<!\bfor)(?<!\bin)(?<!\bwith)\s+given\b
    |\s+(?:based\s+(?:up)?on|using|that|which|whose|where|when|whether|if|unless|including|such\s+as|like|until
        |for\s+which|in\s+which|according\s+to|via|optionally|filtered\s+by|filtering\s+by|along\s+with
        |as\s+well\s+as|depending|considering|so\s+that|in\s+order|through|utilizing|following|specified\s+by
        |identified\s+by|provided|belonging|associated\s+with|to\s+be|captured|allowing|enabling|aimed|intended
        |with\s+(?:the\s+)?(?:option|ability|an?\s+optional|optional|support|current)
        |with\s+(?:its|their|the|a|an|one|some|any|various)?\s*{_GENERIC}
        |by\s+(?:\w+ing|its|their|the)|without|(?:within|over|during)\s+(?:the|a|an)?\s*{_GENERIC}
        |from\s+(?:one|an?)\s+[\w ]+?\s+to\s+(?:another|an?)\b
        |between\s+an?\s+\w+\s+and\s+an?\s+\w+
        |(?:from|via|in|within|on|to|of)\s+(?:the|an?)\s+(?:[\w-]+\s+){{0,4}}
            (?:API|system|database|server|platform|application|service|library|repository)\b
        |(?:and|then)\s+(?:returns?|provides?|displays?|prints?|optionally|then))\b
    ).*""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_PREPOSITIONS = (
    "of|for|in|from|at|on|about|to|by|with|between|under|within|against|into|over|during|after|before|across|per|around"
    "|near|as|among"
)
_PHRASE = re.compile(
    rf"""\s({_PREPOSITIONS})\s+
    ((?:(?:a|an|the|any|some|two|multiple|one\ or\ more|all|each|its|their)\s+)?(?:{_GENERIC}\s+)?
    [\w'’/-]+(?:\s+(?!(?:{_PREPOSITIONS}|and|or)\b)[\w'’/-]+){{0,3}})""",
    re.IGNORECASE | re.VERBOSE,
)
_ANY_GENERIC = re.compile(rf"\b(?:(the|a|an)\s+)?{_GENERIC}\s+", re.IGNORECASE)
_DETERMINERS = word_set(
    """
    a an the all any some my your each every this that these those no one two three multiple several
    various available more how what which
    """
)
_LITTLE = (
    _DETERMINERS
    | frozenset(_PREPOSITIONS.split("|"))
    | {"it", "and", "or", "its", "their", "them", "is", "are"}
)
_LOOSE_END = re.compile(
    rf"(?:\s+(?:to\s+(?:determine|see|check|verify|know)"
    rf"|a|an|the|and|or|its|their|is|are|up|suitable|{_GENERIC}|{_PREPOSITIONS}))+$",
    re.IGNORECASE,
)
_HOLES = ("of", "for", "in", "from", "at", "on", "about", "by")
"""Prepositions after which a bare value reads well."""


def _object_end(text: str) -> str:
    whole = " " + text.strip(" .,:;-–—'\"")
    kept = _LOOSE_END.sub("", whole).strip()
    return f"{kept} of" if kept.endswith(" part") and whole.endswith(" part of") else kept


def _generalise(match: re.Match[str]) -> str:
    """`a specific order` -> `an order`, `the given text` -> `the text`."""
    before = (match[1] or "").lower()
    return "the " if before == "the" else "a " if before else ""


SlotNote = tuple[str, str, str, str]
"""Name, label, description and form of a parameter that holds one plain value."""
_PLACES = ("city", "location", "place", "region", "area", "destination")


def _slot_for(phrase: str, preposition: str, slots: Sequence[SlotNote]) -> str:
    """The parameter that a noun phrase stands for; empty if there is none."""
    words = [w for w in re.findall(r"[a-z0-9]+", phrase.lower()) if w not in STOPWORDS]
    if not words:
        return ""
    last = words[-1].removesuffix("s")
    for name, label, _, form in slots:
        tokens = [t.removesuffix("s") for t in re.findall(r"[a-z0-9]+", label.lower())]
        if not tokens:
            continue
        if form in ("integer", "number"):
            # A bare figure only makes sense as a number or a year: not "the fare for 12".
            if tokens == [last] and (last == "year" or (preposition == "of" and last in ("number", "value"))):
                return name
            continue
        if tokens[-1] == last or (tokens[-1] in ("name", "title", "symbol") and tokens[:-1][-1:] == [last]):
            return name
    named = " ".join(words)
    for name, label, description, form in slots:
        if form in ("integer", "number"):
            continue
        if last in _PLACES and label.lower() in _PLACES:
            return name
        if label.lower() in ("name", "title", "symbol") and named in description.lower():
            return name
    return ""


def _sentence(description: str) -> str:
    text = " ".join(description.split())
    text = _PREAMBLE.sub("", text, count=1)
    end = _SENTENCE_END.search(text)
    text = text[: end.start()] if end else text
    text = re.sub(r"\s*\([^)]*\)", "", text)
    return re.sub(r"\b(?:(?:the |a )?user[’']s|your)\b", "my", text).strip(" .'\"")


_IN_OUT = re.compile(
    r"^(?:takes?|accepts?|receives?|uses?)\b.*?\band\s+((?:\w+ly\s+)?\w+s)\s+(.*)$", re.IGNORECASE
)
_TRIES = re.compile(r"^(?:attempts?|tries|try|is)\s+to\s+(.*)$", re.IGNORECASE)


def _verb_and_rest(text: str) -> tuple[str, str]:
    if (inner := _IN_OUT.match(text)) and base_verb(inner[1].split(" ")[-1]):
        text = f"{inner[1]} {inner[2]}"
    if inner := _TRIES.match(text):
        text = inner[1]
    words = text.split(" ")
    if len(words) > 1 and words[0].lower().endswith("ly") and base_verb(words[1]):
        words = words[1:]
    if words[0].lower() == "for" and len(words) > 2 and words[1].endswith("ing") and base_verb(words[1]):
        words = words[1:]
    if not words or not words[0]:
        return "", ""
    verb = base_verb(words[0].strip(",/"))
    rest = words[1:]
    following = rest[0].lower() if rest else ""
    if verb is None and following in _DETERMINERS and words[0].lower().endswith("s") and len(words[0]) > 3:
        verb = words[0].lower()[:-1]
    if verb is None:
        return "", text
    # "Creates and schedules a job", "Encrypt, sign a file": the first verb says enough.
    while len(rest) > 2 and rest[0].lower() in ("and", "or", "and/or") and base_verb(rest[1]):
        rest = rest[2:]
    if verb in ("search", "look", "ask", "check", "apply", "wait") and following == "for":
        return f"{verb} for", " ".join(rest[1:])
    return verb, " ".join(rest)


def find_goal(name: str, description: str, slots: Sequence[SlotNote], required: frozenset[str]) -> Goal:
    """Read a tool's purpose off its description, or failing that off its name.

    Args:
        required: names of the required parameters; only these can take a place in the object.
    """
    sentence = _sentence(description)
    if not sentence.isascii():
        sentence = ""
    verb, rest = _verb_and_rest(sentence)
    cut = _object_end(_CUT.sub("", " " + rest[:400], count=1))
    if (
        (second := re.search(r"\s+and\s+(\w+s)(?:$|\s(?:it|them|the|a|an|its|their)\b)", cut))
        and base_verb(second[1])
        and base_verb(second[1]) != second[1]
    ):
        cut = _object_end(cut[: second.start()])
    if len(name) > 5 and name in cut:
        # A user has never seen the tool, let alone its name.
        return _goal_from_name(name)
    words = cut.split()
    weak = not any(w.lower() not in _LITTLE for w in words) or words[0].lower() in (
        "is",
        "are",
        "to",
        "after",
        "of",
    )
    if weak or (not verb and not 2 <= len(words) <= 9):
        return _goal_from_name(name)

    # The first phrase that only points at a parameter is where its value can stand.
    usable = [slot for slot in slots if slot[0] in required]
    for match in _PHRASE.finditer(" " + cut):
        preposition, phrase = match[1].lower(), match[2]
        generic = re.search(rf"\b{_GENERIC}\b", phrase, re.IGNORECASE)
        bare = re.fullmatch(r"(?:a|an|the)\s+([\w'’/-]+(?:\s+[\w'’/-]+)?)", phrase, re.IGNORECASE)
        if not generic and not bare:
            continue
        if phrase.rsplit(" ", 1)[-1] in ("type", "kind", "set", "list", "group", "range") and (" " + cut)[
            match.end() :
        ].startswith(" of "):
            continue
        head = _object_end((" " + cut)[: match.start()])
        if not any(w.lower() not in STOPWORDS for w in head.split()):
            continue
        slot = _slot_for(phrase, preposition, usable) if preposition in _HOLES else ""
        if slot:
            general = fix_articles(_ANY_GENERIC.sub("a ", phrase) if generic else phrase)
            if is_plural(general):
                general = re.sub(r"^an?\s+", "", general)
            return Goal(verb, _polished(f"{head} {preposition}", verb), general, slot)
        proper = re.search(r"\b[A-Z][a-z]", phrase) is not None
        if generic and not proper and preposition != "of" and len(head.split()) >= 2:
            cut = head
            break
    if len(cut.split()) > 12:
        shorter = cut
        while len(shorter.split()) > 12 and (
            breaks := list(re.finditer(rf"\s(?:{_PREPOSITIONS}|and)\s", shorter, re.IGNORECASE))
        ):
            shorter = shorter[: breaks[-1].start()]
        cut = _object_end(" ".join(shorter.split()[:14]))
    text = fix_articles(_ANY_GENERIC.sub(_generalise, cut))
    return Goal(verb, _polished(_object_end(text), verb), "")


def _polished(text: str, verb: str) -> str:
    text = lower_first(re.sub(r"\s+", " ", text).replace('"', "").strip())
    text = re.sub(r"\b(?:the|a) user is\b", "I am", text)
    text = re.sub(r"\b(?:the|a) user\b(?! \w)", "me", text)
    first = text.split(" ", 1)[0].lower()
    # "Calculate factorial of …": a lone noun before its preposition wants its article.
    if (
        first not in _DETERMINERS
        and re.match(r"^[\w-]+(?:\s[\w-]+)?\s(?:of|for|between)\b", text)
        and not is_plural(head_noun(text))
        and head_noun(text).split(" ")[-1]
        not in ("information", "data", "news", "weather", "access", "advice")
    ):
        text = "the " + text
    return fix_articles(text)


def _goal_from_name(name: str) -> Goal:
    tokens = list(split_name(name.rsplit(".", 1)[-1])) or ["it"]
    if len(tokens) < 2:
        tokens = list(dict.fromkeys(split_name(name))) or ["it"]
    verb = base_verb(tokens[0])
    if verb and len(tokens) > 1:
        noun = humanise("_".join(tokens[1:]))
        if noun.split(" ", 1)[0] not in _DETERMINERS and not is_plural(noun):
            noun = f"the {noun}"
        return Goal(verb, noun, "")
    if len(tokens) > 1 and (verb := base_verb(tokens[-1])):
        return Goal(verb, f"the {humanise('_'.join(tokens[:-1]))}", "")
    noun = humanise("_".join(tokens))
    return Goal("", noun if is_plural(noun) else f"the {noun}", "")
