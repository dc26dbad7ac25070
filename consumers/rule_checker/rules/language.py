"""Does everyone speak the dialogue's language?"""

import re
from collections.abc import Iterator
from functools import lru_cache

from consumers.rule_checker.rules.registry import Problem, rule
from consumers.rule_checker.screen import Screen, screen
from consumers.rule_checker.text import runs_of_letters
from consumers.rule_checker.tool import shorten
from consumers.rule_checker.view import View
from schemas.dialogue import ToolMessage, UserMessage

_RANGES = {
    "Cyrillic": "\u0400-\u052f",
    "Hebrew": "\u0590-\u05ff",
    "Arabic": "\u0600-\u077f",
    "Devanagari": "\u0900-\u097f",
    "Bengali": "\u0980-\u09ff",
    "Tamil": "\u0b80-\u0bff",
    "Thai": "\u0e00-\u0e7f",
    "Hangul": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af",
    "Kana": "\u3040-\u30ff\uff66-\uff9f",
    "Han": "\u3400-\u4dbf\u4e00-\u9fff",
}
"""Scripts and their letters. Greek is left out: its letters are symbols everywhere."""

_SCRIPTS = {
    "Arabic": ("Arabic",),
    "Bengali": ("Bengali",),
    "Bulgarian": ("Cyrillic",),
    "Chinese": ("Han",),
    "Hebrew": ("Hebrew",),
    "Hindi": ("Devanagari",),
    "Japanese": ("Kana", "Han"),
    "Korean": ("Hangul",),
    "Persian": ("Arabic",),
    "Russian": ("Cyrillic",),
    "Tamil": ("Tamil",),
    "Thai": ("Thai",),
    "Ukrainian": ("Cyrillic",),
    "Urdu": ("Arabic",),
}
"""Languages and the scripts they are written in; the others are taken to be written in Latin letters."""

_NOT_LATIN = re.compile(f"[{''.join(_RANGES.values())}]+")
_may_be_not_latin = screen(_NOT_LATIN)
_OF_LANGUAGE = {
    language: re.compile(f"[{''.join(_RANGES[script] for script in scripts)}]")
    for language, scripts in _SCRIPTS.items()
}
_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")

# What stands in quotes, code or brackets, or after a colon at the end of its line, is cited, not said.
_CITED = re.compile(
    r"```.*?```|`[^`\n]{0,200}`|\"[^\"\n]{0,200}\"|“[^”\n]{0,200}”|«[^»\n]{0,200}»|„[^“”\n]{0,200}[“”]|"
    r"「[^」\n]{0,200}」|『[^』\n]{0,200}』|\([^)\n]{0,200}\)|（[^）\n]{0,200}）|\*\*[^*\n]{0,200}\*\*|"
    r"(?<!\w)'[^'\n]{0,200}'(?!\w)|https?://\S+",
    re.DOTALL,
)


def _spoken(view: View) -> Iterator[tuple[int, str, bool]]:
    """(index, text, whether the user says it)."""
    for index, message in enumerate(view.messages):
        if not isinstance(message, ToolMessage) and message.content:
            yield index, message.content, isinstance(message, UserMessage)


def _foreign_letters(text: str, before: str) -> str:
    """The first run of letters of another script that is neither cited nor was there before."""
    for match in _NOT_LATIN.finditer(_CITED.sub(" ", text)):
        if match[0] not in before:
            return match[0]
    return ""


def _may_mix_scripts(view: View) -> bool:
    return view.dialogue.language in _OF_LANGUAGE or not view.spoken.isascii()


@rule(
    "structure",
    "error",
    "Write in the script of the dialogue's language; quote what is not.",
    when=_may_mix_scripts,
)
def another_script(view: View) -> Iterator[Problem]:
    """The talk keeps to the script of the dialogue's language.

    The assistant uses letters of another one only where it cites: in quotes, code or brackets, or what users
    or tools wrote before. Users may bring up names and texts of any script; they do not write in it.
    """
    own = _OF_LANGUAGE.get(view.dialogue.language)
    for index, text, is_user in _spoken(view):
        if own is not None:
            letters, words = len(own.findall(text)), _LATIN_WORD.findall(_CITED.sub(" ", text))
            if len(words) >= 5 and letters < len(words):
                language = view.dialogue.language
                yield Problem(f"the message is not written in {language}: {shorten(text, 60)}", index)
        elif not text.isascii() and _may_be_not_latin(text):
            latin = sum(map(len, _LATIN_WORD.findall(text)))
            foreign = sum(map(len, _NOT_LATIN.findall(_CITED.sub(" ", text))))
            if is_user:
                if foreign > latin:
                    yield Problem(f"the user writes in another script: {shorten(text, 60)}", index)
            elif found := _foreign_letters(text, view.said_before(index)):
                yield Problem(f"the assistant slips into another script: {shorten(found, 60)}", index)


_WORDS = {
    "English": "the and you your is are for with that have this was of to it can will be would which from",
    "German": "der das und ist nicht ich sie für mit ein eine auf wir haben wurde ihre ihr es von zu dem den",
    "French": "le les des et est pour une vous votre dans je que pas avec sur du au ce nous sont été qui il",
    "Spanish": "el los las y es por para una que su con está ya lo del se ha más como todo pero al usted le",
    "Italian": "il che di è per una non con sono del della ho le gli si più come anche lo nel questo ti",
    "Portuguese": "os as e é para uma que não com você seu sua do da em um no na foi mais está por ao",
    "Dutch": "het een en van niet voor met ik dat je uw zijn de op te is heb wordt kunt",
}
"""Function words of the languages that are told apart by them."""
_FUNCTION_WORDS = {language: frozenset(words.split()) for language, words in _WORDS.items()}
_OTHERS = {
    language: frozenset().union(*(w for other, w in _FUNCTION_WORDS.items() if other != language)) - own
    for language, own in _FUNCTION_WORDS.items()
}
_SENTENCE = re.compile(r"[^.!?\n]+")


def _language(words: list[str], expected: str) -> str:
    """The language of a sentence where it is plainly not the expected one; empty otherwise."""
    own = sum(word in _FUNCTION_WORDS[expected] for word in words)
    other, count = max(
        (
            (language, sum(word in known and word not in _FUNCTION_WORDS[expected] for word in words))
            for language, known in _FUNCTION_WORDS.items()
            if language != expected
        ),
        key=lambda found: found[1],
    )
    return other if count >= 3 and count > 2 * own and 4 * count >= len(words) else ""


@lru_cache
def _may_hold_three(language: str) -> Screen:
    """Whether an ASCII text holds three function words, the same perhaps, of other languages than this."""
    word = f"(?:{'|'.join(sorted(_OTHERS[language]))})"
    between = r"[^a-z](?:[\s\S]*[^a-z])?"
    return screen(re.compile(rf"(?:^|[^a-z]){word}(?:{between}{word}){{2}}(?:[^a-z]|$)", re.IGNORECASE))


def _may_mix_languages(view: View) -> bool:
    expected = view.dialogue.language or "English"
    if expected not in _OTHERS:
        return False
    text = view.spoken
    if text.isascii() and not _may_hold_three(expected)(text):
        return False
    return len(_OTHERS[expected].intersection(runs_of_letters(text))) >= 3


@rule("structure", "error", "Say it in the dialogue's language.", when=_may_mix_languages)
def another_language(view: View) -> Iterator[Problem]:
    """No sentence is in another language than the dialogue's, told by its function words.

    Seven languages in Latin letters are told apart. A sentence counts that has at least three function words
    of one, and few of the dialogue's own. What is cited does not count, nor what stood there before; of
    users' messages only such as are in the other language as a whole: people paste what they want translated.
    """
    expected = view.dialogue.language or "English"
    if expected not in _FUNCTION_WORDS:
        return
    others = _OTHERS[expected]
    for index, text, is_user in _spoken(view):
        if len(others.intersection(runs_of_letters(text))) < 3:
            continue
        sentences = [match[0].strip() for match in _SENTENCE.finditer(_CITED.sub(" ", text))]
        told = [
            (sentence, _language(runs_of_letters(sentence), expected))
            for sentence in sentences
            if sentence.count(" ") >= 3
        ]
        foreign = [(sentence, language) for sentence, language in told if language]
        if not foreign or (is_user and len(foreign) < len(told)):
            continue
        sentence, language = foreign[0]
        if is_user or not view.answer_sources(index).contains(sentence):
            yield Problem(f"it is {language}, not {expected}: {shorten(sentence, 80)}", index)
