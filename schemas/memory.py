"""What is remembered of the dialogues about one group of tools."""

from msgspec import Struct


class ToolMemory(Struct, frozen=True):
    labels: dict[str, int] = {}
    """Type label -> dialogues filed under it."""
    summary: str = ""
    filed: tuple[str, ...] = ()
    """Dialogues already counted, so that hearing of one twice changes nothing."""

    def file(self, dialogue_id: str, label: str, summary: str) -> "ToolMemory":
        if dialogue_id in self.filed:
            return self
        labels = {**self.labels, label: self.labels.get(label, 0) + 1} if label else self.labels
        return ToolMemory(labels, summary, (*self.filed, dialogue_id))
