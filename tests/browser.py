"""A page in a real browser, and what it does there."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
in_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Debian's package chromium is not installed")


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Page]:
    """The page of a file; its `happened` lists what it said, asked and fetched besides itself."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        happened: list[str] = []
        page.on("console", lambda message: happened.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: happened.append(f"error: {error}"))
        page.on("dialog", lambda dialog: happened.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: happened.append(f"request: {request.url}"))
        page.goto(path.as_uri())
        if happened[:1] == [f"request: {path.as_uri()}"]:
            del happened[0]
        page.happened = happened  # the list itself: what happens later stands in it too
        yield page
        browser.close()
