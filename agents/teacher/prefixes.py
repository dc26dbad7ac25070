"""Which part of a prompt an endpoint has read before.

Hosted endpoints and vLLM keep what they computed for the beginnings of recent prompts, in blocks: a prompt
that begins like an earlier one is cheaper and quicker as far as whole blocks agree.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field

CHARACTERS_A_TOKEN = 4


@dataclass
class Prefixes:
    """Beginnings of prompts, the longest unused forgotten first.

    The defaults are what OpenAI documents: prompts from 1,024 tokens on, in steps of 128.
    """

    step: int = 128
    """Tokens a block."""
    least: int = 1024
    """Shorter beginnings are not kept, in tokens."""
    room: int = 100_000
    """Blocks remembered; about 10 MB."""
    _known: OrderedDict[bytes, None] = field(default_factory=OrderedDict)

    def read(self, prompt: str) -> int:
        """Take a prompt in; gives how many of its first tokens were known, a multiple of `step`."""
        size = self.step * CHARACTERS_A_TOKEN
        whole = len(prompt) // size
        if whole * self.step < self.least:
            return 0
        known, beginning = 0, hashlib.blake2b(digest_size=16)
        for block in range(whole):
            beginning.update(prompt[block * size : (block + 1) * size].encode("utf-8", "surrogatepass"))
            key = beginning.digest()
            if known == block and key in self._known:
                known += 1
            self._known[key] = None
            self._known.move_to_end(key)
        while len(self._known) > self.room:
            self._known.popitem(last=False)
        cached = known * self.step
        return cached if cached >= self.least else 0
