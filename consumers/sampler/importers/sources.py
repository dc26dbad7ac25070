"""Which importer reads a source: a prefix says so, else what stands there."""

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from consumers.sampler.importers.bfcl import read_bfcl
from consumers.sampler.importers.collect import Finding, SourceError, collect, listed
from consumers.sampler.importers.documents import READ, fetch, read_bytes, shown, yaml_as_json
from consumers.sampler.importers.files import find_in_json
from consumers.sampler.importers.openapi import find_in_openapi, is_openapi
from consumers.sampler.importers.pool import Definitions, count

PREFIXES = ("file:", "openapi:", "mcp:", "mcp+http:", "mcp+https:", "python:")


def read_definitions(source: str) -> Definitions:
    """Read every distinct definition of the tools a user named.

    Args:
        source: one of
            `bfcl`: the installed package `bfcl-eval`;
            a path or http(s) URL: JSON, JSON lines or YAML, whose content says whether it is OpenAPI, a list
            of tools or a data set; `openapi:…` and `file:…` insist on the first and on the others;
            a folder: every such file in it;
            `module.py`, `module.py:function`, `python:package.module`, `python:package.module:function`:
            public functions, whose module is imported and so run;
            `mcp:COMMAND ARGUMENTS`, `mcp:https://host/path`: what an MCP server lists.
            A file that is called like one of these is meant by `./` before its name.

    Raises:
        BFCLError: BFCL's package is missing or damaged.
        SourceError: the source cannot be read, or holds no tools that can be used.
    """
    if source == "bfcl":
        return read_bfcl()
    prefix = next((prefix for prefix in PREFIXES if source.startswith(prefix)), "")
    address = source.removeprefix(prefix)
    if prefix.startswith("mcp"):
        from consumers.sampler.importers.mcp_servers import read_mcp

        return read_mcp(source)
    if prefix == "python:" or re.search(r"\.py(:|$)", address):
        from consumers.sampler.importers.functions import read_functions

        return read_functions(address)
    finding = _in_folder(Path(address)) if Path(address).is_dir() else _in_document(address, prefix)
    return collect(finding, source if "://" not in address else shown(address))


def _in_document(address: str, wanted: str = "", *, strict: bool = True) -> Finding:
    """Definitions in a file, or in what a URL answers.

    Args:
        wanted: `openapi:` or `file:` where the content may not decide.
    """
    if urlsplit(address).scheme in ("http", "https"):
        data, name = fetch(address), shown(address)
        label = name.partition("://")[2]
    else:
        data, name = read_bytes(Path(address)), address
        label = Path(address).name
    if _is_yaml(label, data):
        data = yaml_as_json(data, name)
    if wanted == "openapi:" or (wanted != "file:" and is_openapi(data)):
        return find_in_openapi(data, name, f"openapi:{label}")
    return find_in_json(data, name, f"file:{label}", strict=strict)


def _is_yaml(label: str, data: bytes) -> bool:
    """By its ending; an answer without one is JSON if it starts like JSON."""
    ending = Path(label).suffix.lower()
    return ending in (".yaml", ".yml") or (ending not in READ and data.lstrip()[:1] not in (b"{", b"["))


def _in_folder(folder: Path) -> Finding:
    """Definitions in every file of a folder, not below it; a file that holds none is left out with a note.

    Raises:
        SourceError: no file holds any.
    """
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    files = [entry for entry in entries if entry.is_file() and entry.suffix.lower() in READ]
    findings: list[Finding] = []
    problems: list[str] = []
    for path in files:
        try:
            finding = _in_document(str(path), strict=False)
        except SourceError as error:
            problems += [f"{path.name} left out: {problem}" for problem in error.problems]
            continue
        found = [replace(one, place=f"{path.name}: {one.place}") for one in finding.found]
        findings.append(Finding(tuple(found), tuple(f"{path.name}: {note}" for note in finding.notes)))
    if not findings:
        raise SourceError(folder, problems or [f"is a folder without a file of tools ({', '.join(READ)})"])
    others = [entry.name + "/" * entry.is_dir() for entry in entries if entry not in files]
    notes = [f"read from {count(len(findings), 'file')}", *listed(problems)]
    if others:
        notes.append(f"not read: {', '.join(others[:5])}{' and more' if len(others) > 5 else ''}")
    return Finding(
        tuple(one for finding in findings for one in finding.found),
        (*notes, *(note for finding in findings for note in finding.notes)),
    )
