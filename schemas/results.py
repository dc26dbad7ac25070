"""How a tool's result says that the call failed: told alike by the rules and by the statistics."""

from typing import Any

_TELLING = frozenset(("error", "errors", "error_message", "error_code", "success", "ok", "status"))
"""Names that may tell of a failure; most results have none of them."""


def is_failure(result: Any) -> bool:
    """Whether a decoded result says that the call failed.

    It does when it is an object with a filled `error`, `errors`, `error_message` or `error_code`, with
    `success` or `ok` false, or with a `status` of error, failed or failure.
    """
    if not isinstance(result, dict) or _TELLING.isdisjoint(result):
        return False
    if any(result.get(key) for key in ("error", "errors", "error_message", "error_code")):
        return True
    if result.get("success") is False or result.get("ok") is False:
        return True
    status = result.get("status")
    return isinstance(status, str) and status.casefold() in ("error", "failed", "failure")
