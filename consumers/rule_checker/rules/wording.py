"""Is the text whole and clean: no leaked prompts, placeholders, stray characters, or cut-off ends?"""

import re
from collections import Counter
from collections.abc import Iterator

from consumers.rule_checker.rules.registry import Problem, rule
from consumers.rule_checker.screen import screen
from consumers.rule_checker.text import STOPWORDS
from consumers.rule_checker.tool import spell
from consumers.rule_checker.view import View
from schemas.dialogue import AssistantMessage, ToolMessage, UserMessage


def _spoken(view: View) -> Iterator[tuple[int, str]]:
    """(index, text) of what users and assistant say."""
    for index, message in enumerate(view.messages):
        if not isinstance(message, ToolMessage) and message.content:
            yield index, message.content


def _arguments(view: View) -> Iterator[tuple[int, str, str]]:
    """(index, where, text) of every text in an argument."""
    for placed in view.calls:
        for path, value in placed.leaves:
            if isinstance(value, str):
                yield placed.message, f"{placed.call.name}: {spell(path)}", value


# Tab, line feed and carriage return are text; U+200E and U+200F belong to Arabic and Hebrew, U+200D to emoji.
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffd\ud800-\udfff]"
)


def _is_unprintable(view: View) -> bool:
    return "\ufffd" in view.everything or not view.everything.replace("\n", " ").isprintable()


@rule("structure", "error", "Take the character out.", when=_is_unprintable)
def control_character(view: View) -> Iterator[Problem]:
    """No control, bidirectional override, replacement or lone surrogate character anywhere."""
    texts = [(index, "the message", message.content) for index, message in enumerate(view.messages)]
    for index, where, text in (*texts, *_arguments(view)):
        if match := _CONTROL.search(text):
            yield Problem(f"{where} holds the character U+{ord(match[0]):04X}", index)


_OWN_SECTIONS = (
    "tools|tool|conversation|persona|turn|plan|calls|call|candidates|candidate|guidance|system|instructions|"
    "instruction|memory|dialogue|result|results"
)
_LEAKS = (
    # Sections of our own prompts, and the markers of chat templates.
    rf"</?(?:{_OWN_SECTIONS})>",
    r"</?(?:tool_call|tool_calls|tool_response|think|thinking|function_call|functions|s)>",
    r"<\|[a-z_]+\|>|\[/?INST\]|<<SYS>>",
    # What models say of themselves, and users of a tool never do.
    r"\bas an? (?:ai|artificial intelligence)(?: language)? (?:model|assistant)\b",
    r"\bas a (?:large )?language model\b",
    r"\bmy (?:knowledge|training) (?:cut-?off|data)\b|\b(?:my|the) system prompt\b",
    # Stage directions of a model that plays a role.
    r"^[ \t]*(?:user|human|assistant|system|tool)\s*:\s",
    r"^[ \t]*(?:sure[,!]? )?here(?:'s| is) (?:the|a) (?:next )?user(?:'s)? (?:message|utterance|reply)\b",
)
LEAK = re.compile("|".join(_LEAKS), re.IGNORECASE | re.MULTILINE)


_VAGUE = (
    "name|city|date|time|location|address|email|id|number|value|amount|token|key|url|user|place|country|"
    "placeholder|string|text|here"
)
_PLACEHOLDERS = (
    rf"<(?:[a-z]+[ _-])*(?:{_VAGUE})>",
    r"\[(?:your|insert|enter|user(?:'s)?|add|placeholder|specify)\b[^\]\n]{0,40}\]",
    r"\[(?:name|city|date|time|location|address|email|phone(?: number)?|company(?: name)?|amount|value)\]",
    r"\{\{\s*[\w. ]+\s*\}\}|\$\{\w+\}",
    r"\b(?:TODO|TBD|FIXME)\b|\blorem ipsum\b|\bx{4,}\b",
    r"\b(?:your|insert)[_-][a-z_-]*(?:key|token|id|name|here|password)\b",
    r"\bplaceholder_?\w*\b|\bexample_(?:value|string|id|name)\b",
)
_PLACEHOLDER = re.compile("|".join(_PLACEHOLDERS), re.IGNORECASE)
_is_odd = screen(LEAK, _PLACEHOLDER)


def _looks_odd(view: View) -> bool:
    return _is_odd(view.written)


@rule(
    "grounding",
    "error",
    "Leave out everything that belongs to the prompt or to the model itself.",
    when=_looks_odd,
)
def leaked_prompt(view: View) -> Iterator[Problem]:
    """No prompt tags, chat-template markers, role labels or talk of being a language model."""
    for index, text in _spoken(view):
        if match := LEAK.search(text):
            yield Problem(f"the text shows its prompt: {match[0].strip()!r}", index)


_RAW_CALL = re.compile(
    r'\{\s*"(?:name|function|tool|tool_name|action)"\s*:\s*"[^"]+"\s*,\s*"(?:arguments|parameters|args)"'
)


def _may_spell_call(view: View) -> bool:
    said = view.spoken
    return "{" in said or ("(" in said and any(f"{tool.name}(" in said for tool in view.tools))


@rule("structure", "error", "Make the call as a call, not in words.", when=_may_spell_call)
def call_in_text(view: View) -> Iterator[Problem]:
    """The assistant's text does not spell out a call: `{"name": …, "arguments": …}` or `tool(…)`."""
    names = [tool.name for tool in view.tools if tool.name]
    for index, message in enumerate(view.messages):
        if not isinstance(message, AssistantMessage) or not message.content:
            continue
        spelled = _RAW_CALL.search(message.content) is not None
        spelled = spelled or any(
            f"{name}(" in message.content and re.search(rf"(?<![\w.]){re.escape(name)}\(", message.content)
            for name in names
        )
        if spelled:
            yield Problem("the assistant's text spells out a call", index)


# Shouted only: in lower case these are words of task tools.
_SHOUTED = frozenset(("todo", "tbd", "fixme"))

_EMPTY_WORDS = (
    "string|str|value|some_value|unknown|<unknown>|n/a|none|null|undefined|placeholder|not_provided|unspecified|"
    "foo|bar|?|???|...|…|not provided|not specified|not given|to be determined|user input"
)
_NO_VALUE = frozenset(_EMPTY_WORDS.split("|"))


def _placeholder(text: str, by_user: bool = False) -> str:
    """The first stand-in in a text; a user's TODO is a note."""
    for match in _PLACEHOLDER.finditer(text):
        if match[0].lower() not in _SHOUTED or (match[0].isupper() and not by_user):
            return match[0]
    return ""


@rule("grounding", "error", "Write the real value; if nobody gave it, ask for it.", when=_looks_odd)
def placeholder(view: View) -> Iterator[Problem]:
    """No stand-in such as `<city>`, `[Your Name]`, `{{date}}` or TODO, unless it was said before."""
    spoken = ((index, "the text", text) for index, text in _spoken(view))
    for index, where, text in (*spoken, *_arguments(view)):
        found = _placeholder(text, isinstance(view.messages[index], UserMessage))
        if found and found not in view.said_before(index):
            yield Problem(f"{where} has the stand-in {found!r}", index)


def _may_say_nothing(view: View) -> bool:
    return any(text.strip().casefold() in _NO_VALUE for text in view.argument_texts)


@rule("grounding", "error", "Leave an optional argument out; ask for a required one.", when=_may_say_nothing)
def argument_says_nothing(view: View) -> Iterator[Problem]:
    """No argument says only that there is no value ("unknown", "N/A", "string"), unless that is an option."""
    for placed in view.calls:
        offered = placed.tool.stated_values if placed.tool is not None else frozenset()
        for path, value in placed.leaves:
            if not isinstance(value, str) or value.strip().casefold() not in _NO_VALUE or value in offered:
                continue
            if value.casefold() not in view.said_before(placed.message).casefold():
                text = f"{placed.call.name}: {spell(path)} is {value!r}, which says nothing"
                yield Problem(text, placed.message)


_UNFINISHED = "a an the and or but of with your my our its because between including"
_CUT_WORDS = frozenset(_UNFINISHED.split())
_OPEN_END = re.compile(r"[,;–—-]\s*$|(?<![:;=-])[(\[{]\s*$|\w\s*[“‘]\s*$")


def _cut_off(text: str, assistant: bool) -> str:
    """Why a text looks as if it was cut; empty if it does not. Only plain cases, as people are sloppy."""
    text = text.rstrip()
    if text.count("```") % 2:
        return "a code block is not closed"
    if assistant and _OPEN_END.search(text):
        return f"it ends with {text[-1]!r}"
    last = re.search(r"([A-Za-z]+)$", text[-40:])
    if last and last[1] in _CUT_WORDS and len(text.split()) > 3:
        return f"it ends with {last[1]!r}"
    tail = text[-400:] if len(text) <= 400 else ""
    # 6" is inches, so a quote after a digit does not count.
    if assistant and tail and len(re.findall(r'(?<!\d)"', tail)) % 2 and not re.search(r'\d"', tail):
        return "a quotation is not closed"
    if assistant and text.count("“") > text.count("”"):
        return "a quotation is not closed"
    if assistant and text.count("(") > text.count(")") and not re.search(r"[:;=]-?\(", text):
        return "a bracket is not closed"
    return ""


def _may_be_cut_off(text: str) -> bool:
    return text != "" and (
        text.rstrip()[-1:] not in ".!?"
        or text.count('"') % 2 == 1
        or text.count("(") > text.count(")")
        or text.count("“") > text.count("”")
        or "```" in text
    )


def some_text_may_be_cut_off(view: View) -> bool:
    return any(map(_may_be_cut_off, view.said))


@rule("structure", "error", "Finish the sentence.", when=some_text_may_be_cut_off)
def truncated_text(view: View) -> Iterator[Problem]:
    """No text that breaks off: an open quotation, bracket or code block, a last word that needs another."""
    for index, message in enumerate(view.messages):
        if isinstance(message, ToolMessage) or not message.content.strip():
            continue
        if why := _cut_off(message.content, isinstance(message, AssistantMessage)):
            yield Problem(f"the text breaks off: {why}", index)


_SENTENCE = re.compile(r"[^.!?\n]+")


def _repeats_itself(text: str) -> bool:
    """Parts of a text repeat others at least three times, as they do where one stands four times.

    Empty parts, of which blank lines make some, do not count.
    """
    parts = text.casefold().replace("!", ".").replace("?", ".").replace("\n", ".").split(".")
    if len(parts) < 4:
        return False
    parts = [part for part in map(str.strip, parts) if part]
    return len(parts) - len(set(parts)) >= 3


def _some_text_repeats_itself(view: View) -> bool:
    return any(len(text) >= 120 and _repeats_itself(text) for text in view.said)


@rule("structure", "error", "Say it once.", when=_some_text_repeats_itself)
def repeated_text(view: View) -> Iterator[Problem]:
    """No sentence of six words or more stands four times in one message: the mark of a model in a loop."""
    for index, text in _spoken(view):
        if len(text) < 120:
            continue
        sentences = (match[0].strip().casefold() for match in _SENTENCE.finditer(text))
        counts = Counter(sentence for sentence in sentences if len(sentence.split()) >= 6)
        for sentence, count in counts.items():
            if count >= 4:
                yield Problem(f"{sentence[:60]!r} stands {count} times in one message", index)


def _users_repeat_themselves(view: View) -> bool:
    return len({message.content for message in view.users}) < len(view.users)


@rule("structure", "error", "Let every user message say something new.", when=_users_repeat_themselves)
def repeated_user_message(view: View) -> Iterator[Problem]:
    """No user message is word for word an earlier one."""
    seen: set[str] = set()
    for index, message in enumerate(view.messages):
        if not isinstance(message, UserMessage):
            continue
        words = [word for word in message.content.casefold().split() if word not in STOPWORDS]
        if len(words) >= 4 and message.content in seen:
            yield Problem("the user says the very same again", index)
        seen.add(message.content)
