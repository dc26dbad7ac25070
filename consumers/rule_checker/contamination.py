"""Questions that no dialogue may repeat: what is kept of a benchmark, and how near a text comes to it.

A question is cut into n-grams of normalised words, and of those only hashes are kept, in passages of at most
`PASSAGE` n-grams. A text overlaps when it holds a large enough share of one passage's n-grams. The share is
the passage's, not the text's: a question is found however much is said around it. `docs/contamination.md`
has the figures behind the constants.

The hashes keep a benchmark's text out of the data folder, of logs and of prompts. They are no secret code:
whoever has the file can test guesses against it.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from hashlib import blake2b, sha256
from itertools import chain
from math import ceil
from struct import Struct as Layout

import msgspec
from msgspec import Struct

from schemas.settings import Settings

N = 3
"""Words an n-gram."""
MAX_N = 8
"""Longer ones would outgrow the 64 bits of a hash, and leave out most questions."""
LIMIT = 0.5
"""Share of a passage's n-grams from which on a text repeats it."""
LEAST_WORDS = 5
"""Questions of fewer words ("Yes, please do that") are everybody's."""
LEAST_RUN = 7
"""Fewer n-grams than a run of so many words holds are chance, unless they are the whole passage."""
PASSAGE = 24
"""N-grams a passage at most: a longer question is cut evenly, so that a part of it is found as well."""

# Whoever changes how a text becomes hashes gives the files another number: old ones would match nothing.
_MAGIC = b"genesisfunc forbidden 1\n"
_KEY = b"genesisfunc forbidden"
_BREAK = ""
"""Stands between two texts; no text has such a word."""

# Scripts that put no space between words: each sign counts as a word.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_APOSTROPHES = str.maketrans("", "", "'’")
_ASCII = {code: char.lower() if (char := chr(code)).isalnum() else " " for code in range(128)} | _APOSTROPHES


class IndexUnusable(ValueError):
    """The index of forbidden questions cannot be read; says why and what helps."""


class Source(Struct, frozen=True, order=True):
    """What is kept of one benchmark file."""

    name: str
    questions: int
    """Those that were long enough; the same question twice counts once."""
    short: int
    """Questions left out: they have fewer than `LEAST_WORDS` words, or make no n-gram."""
    sizes: bytes
    """N-grams of each passage, one byte each."""
    grams: bytes
    """The passages' hashes in turn, sorted within a passage: 8 bytes each, little-endian."""

    @property
    def digest(self) -> str:
        """Content address: 8 hex digits."""
        return sha256(self.sizes + self.grams).hexdigest()[:8]

    def passages(self) -> Iterator[tuple[int, ...]]:
        start = 0
        for size in self.sizes:
            yield _integers(size).unpack_from(self.grams, start)
            start += 8 * size


class Overlap(Struct, frozen=True):
    """How a text repeats a benchmark."""

    share: float
    """Of the passage's n-grams; those that the tools' own definitions hold are left out of both sides."""
    source: str
    words: str
    """The text's words that are the passage's too, in normal form; an ellipsis for what lies between."""
    longest_run: int
    """Words in a row that are the passage's too."""


def words(text: str) -> list[str]:
    """The words of a text in normal form: Unicode NFKC, case folded, without punctuation and apostrophes."""
    if text.isascii():
        return text.translate(_ASCII).split()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _WORD.findall(folded.translate(_APOSTROPHES))


def grams(spoken: Sequence[str], n: int) -> list[int]:
    """A hash of every n words in a row, in order: the words' own hashes, each shifted by its place."""
    hashes = found = list(map(_hash, spoken))
    for place in range(1, n):
        found = [known << 1 ^ word for known, word in zip(found, hashes[place:], strict=False)]
    return found


@lru_cache(maxsize=1 << 16)
def _hash(word: str) -> int:
    """56 bits, so that eight shifts stay within 64."""
    known = word.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(known, digest_size=7, key=_KEY).digest(), "little")


@lru_cache(maxsize=256)
def _integers(count: int) -> Layout:
    return Layout(f"<{count}Q")


@lru_cache(maxsize=512)
def _told(definition: str, n: int) -> frozenset[int]:
    return frozenset(grams(words(definition), n))


def hashed(name: str, questions: Iterable[str], n: int = N) -> Source:
    """Read questions one by one; nothing is kept of them but hashes."""
    passages: set[tuple[int, ...]] = set()
    seen: set[bytes] = set()
    short = 0
    for question in questions:
        spoken = words(question)
        fingerprint = sha256(" ".join(spoken).encode("utf-8", "surrogatepass")).digest()
        if not spoken or fingerprint in seen:
            continue
        seen.add(fingerprint)
        if len(spoken) < max(n, LEAST_WORDS):
            short += 1
        else:
            passages.update(tuple(sorted(set(piece))) for piece in _evenly(grams(spoken, n), PASSAGE))
    ordered = sorted(passages)
    return Source(
        name=name,
        questions=len(seen) - short,
        short=short,
        sizes=bytes(map(len, ordered)),
        grams=b"".join(_integers(len(passage)).pack(*passage) for passage in ordered),
    )


def _evenly(values: Sequence[int], most: int) -> Iterator[Sequence[int]]:
    """Pieces of about equal length, of at most so many values."""
    pieces = ceil(len(values) / most)
    for piece in range(pieces):
        yield values[piece * len(values) // pieces : (piece + 1) * len(values) // pieces]


class _Passage:
    """Compared by identity: each stands in an index once."""

    def __init__(self, grams: tuple[int, ...], needed: int, source: str) -> None:
        self.grams = grams
        """Sorted; a set of them would take ten times the memory."""
        self.needed = needed
        """N-grams of it that a text must hold to come near."""
        self.source = source
        """The first that has it."""


class _Stored(Struct, frozen=True):
    n: int
    limit: float
    sources: tuple[Source, ...]


class Forbidden:
    """The questions of any number of benchmarks, ready to be compared with.

    Two of the same content are equal to the byte, in whatever order their sources came.
    """

    def __init__(self, sources: Iterable[Source] = (), *, n: int = N, limit: float = LIMIT) -> None:
        self.n = n
        self.limit = limit
        distinct: dict[tuple[bytes, bytes], Source] = {}
        for source in sorted(sources):
            distinct.setdefault((source.sizes, source.grams), source)
        self.sources = tuple(distinct.values())
        """By name; of two with the same content the first."""
        self._least = max(1, LEAST_RUN - n + 1)
        owners: dict[tuple[int, ...], str] = {}
        for source in self.sources:
            for passage in source.passages():
                owners.setdefault(passage, source.name)
        common = Counter(chain.from_iterable(owners))
        self.passages = len(owners)
        self.grams = len(common)
        """Distinct n-grams."""
        # Prefix filtering: a text that holds `needed` n-grams of a passage holds one of any `size - needed
        # + 1` of them. The rarest will do, so that "what is the" leads to no passage.
        signs: dict[int, list[_Passage]] = {}
        for passage, name in owners.items():
            needed = min(len(passage), max(self._least, ceil(limit * len(passage))))
            known = _Passage(passage, needed, name)
            for gram in sorted(passage, key=common.__getitem__)[: len(passage) - needed + 1]:
                signs.setdefault(gram, []).append(known)
        self._signs = {gram: tuple(passages) for gram, passages in signs.items()}
        """N-gram -> the passages that are worth a look when a text has it."""

    @cached_property
    def digest(self) -> str:
        """Content address: 8 hex digits."""
        return sha256(self.to_bytes()).hexdigest()[:8]

    def overlaps(
        self, texts: Sequence[str], definitions: Iterable[str] = ()
    ) -> Iterator[tuple[int, Overlap]]:
        """(place, overlap) of each text that comes too near to a question, with the nearest one.

        Args:
            texts: what was said, message by message.
            definitions: what the tools on the table say of themselves. Whoever asks for a tool repeats its
                description, and so did those who wrote the benchmark: such n-grams do not count, unless
                the whole passage is there.
        """
        spoken = [words(text) for text in texts]
        at_once = [word for text in spoken for word in (*text, _BREAK)]
        if not self._near(grams(at_once, self.n)):
            return  # one pass over all texts is enough for most dialogues
        told = frozenset[int]().union(*(_told(definition, self.n) for definition in definitions))
        for place, text in enumerate(spoken):
            found = grams(text, self.n)
            present = frozenset(found)
            shares = {passage: self._share(passage, present, told) for passage in self._near(found)}
            nearest = max(shares, key=lambda passage: (shares[passage], passage.grams), default=None)
            if nearest is None or not shares[nearest]:
                continue
            runs = _runs([start for start, gram in enumerate(found) if gram in nearest.grams], self.n)
            yield (
                place,
                Overlap(
                    share=shares[nearest],
                    source=nearest.source,
                    words=" … ".join(" ".join(text[first:end]) for first, end in runs),
                    longest_run=max(end - first for first, end in runs),
                ),
            )

    def _near(self, found: Sequence[int]) -> list[_Passage]:
        """The passages of which these n-grams hold enough."""
        seen = self._signs.keys() & found
        if not seen:
            return []
        present = frozenset(found)
        worth = {passage for gram in seen for passage in self._signs[gram]}
        return [passage for passage in worth if len(present.intersection(passage.grams)) >= passage.needed]

    def _share(self, passage: _Passage, present: frozenset[int], told: frozenset[int]) -> float:
        """The share of a passage that counts; 0 when that is not enough."""
        held = present.intersection(passage.grams)
        if len(held) == len(passage.grams):
            return 1.0
        own, of = len(held - told), len(passage.grams) - len(held & told)
        return own / of if own >= max(self._least, self.limit * of) else 0.0

    def to_bytes(self) -> bytes:
        payload = msgspec.msgpack.encode(_Stored(self.n, self.limit, self.sources))
        return _MAGIC + sha256(payload).digest() + payload

    @classmethod
    def from_bytes(cls, content: bytes) -> "Forbidden":
        """Read an index.

        Raises:
            IndexUnusable: it is none, or not as it was written.
        """
        if not content.startswith(_MAGIC):
            raise IndexUnusable("it is no index of forbidden questions, or one of another version")
        checksum, payload = content[len(_MAGIC) :][:32], content[len(_MAGIC) + 32 :]
        if sha256(payload).digest() != checksum:
            raise IndexUnusable("its checksum is wrong, so it is damaged or incomplete")
        stored = msgspec.msgpack.decode(payload, type=_Stored)
        return cls(stored.sources, n=stored.n, limit=stored.limit)


def read_index(settings: Settings) -> Forbidden | None:
    """The questions that the settings forbid; None when there are none.

    Raises:
        IndexUnusable: the file cannot be read, or a file that was named is not there.
    """
    path = settings.forbidden_index
    try:
        return Forbidden.from_bytes(path.read_bytes())
    except FileNotFoundError:
        if settings.forbidden is None:
            return None
        raise IndexUnusable(
            f"the index of forbidden questions {path}, which the setting `forbidden` names, does not exist: "
            "make it with `genesisfunc tools forbid`, or take the setting away"
        ) from None
    except (OSError, IndexUnusable) as error:
        raise IndexUnusable(
            f"the index of forbidden questions {path} cannot be read: {error}. `genesisfunc tools forbid "
            "--clear` with the benchmarks makes it anew"
        ) from None


def _runs(starts: Sequence[int], n: int) -> list[tuple[int, int]]:
    """(first word, end) of each stretch of words that n-grams starting there cover."""
    runs = [(starts[0], starts[0] + n)]
    for start in starts[1:]:
        first, end = runs[-1]
        if start > end:
            runs.append((start, start + n))
        else:
            runs[-1] = (first, start + n)
    return runs
