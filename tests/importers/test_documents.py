"""Documents from URLs, and YAML within bounds."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.sampler.importers import SourceError, documents, read_tools
from consumers.sampler.importers.documents import fetch, yaml_as_json

Answer = Callable[[BaseHTTPRequestHandler], None]
TOOLS = json.dumps([{"name": "now", "description": "The time."}]).encode()


@pytest.fixture
def served() -> Iterator[Callable[[dict[str, Answer]], str]]:
    """Starts a server that answers paths by functions; gives its address."""
    servers: list[ThreadingHTTPServer] = []

    def start(answers: dict[str, Answer]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answers[self.path.partition("?")[0]](self)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def says(body: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def test_a_url_is_a_source(served):
    host = served({"/tools.json": says(TOOLS)})
    (tool,) = read_tools(f"{host}/tools.json?key=SECRET").tools
    assert tool.name == "now"
    assert tool.source == f"file:{host.removeprefix('http://')}/tools.json"


def test_the_content_of_an_answer_without_an_ending_decides(served):
    host = served({"/json": says(TOOLS), "/yaml": says(b"- name: now\n  description: The time.\n")})
    assert read_tools(f"{host}/json").tools[0].name == read_tools(f"{host}/yaml").tools[0].name == "now"


def test_a_redirect_is_followed(served):
    host = served({"/old": says(b"", 302, Location="/new"), "/new": says(TOOLS)})
    assert fetch(f"{host}/old") == TOOLS


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(says(b"", 302, Location="/x"), "answered 302", id="redirected-for-ever"),
        pytest.param(
            says(b"", 302, Location="file:///etc/passwd"), "(?i)redirect.* to .*file:", id="to-a-file"
        ),
        pytest.param(says(b"", 302, Location="ftp://127.0.0.1/x"), "redirects to ftp:", id="to-ftp"),
        pytest.param(says(b"", 404), "answered 404 Not Found", id="not-found"),
        pytest.param(says(b""), "is empty", id="empty"),
        pytest.param(says(b"caf\xe9"), "is not UTF-8", id="latin-1"),
        pytest.param(says(b"x" * 2000), "is larger than", id="too-large"),
        pytest.param(
            lambda handler: handler.wfile.write(b"nonsense\r\n\r\n"), "cannot be fetched", id="no-http"
        ),
    ],
)
def test_an_answer_that_is_no_document_is_explained(served, monkeypatch, answer, message):
    monkeypatch.setattr(documents, "MAX_FETCHED", 1000)
    with pytest.raises(SourceError, match=message) as caught:
        fetch(f"{served({'/x': answer})}/x?token=SECRET")
    assert "SECRET" not in str(caught.value)


def test_a_server_that_drips_is_given_up(served, monkeypatch):
    monkeypatch.setattr(documents, "TIMEOUT", 0.3)
    stop = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        says(b"")(handler)
        while not stop.wait(0.05):
            handler.wfile.write(b" ")
            handler.wfile.flush()

    try:
        with pytest.raises(SourceError, match="takes longer than"):
            fetch(f"{served({'/x': drip})}/x")
    finally:
        stop.set()


def test_a_server_that_is_not_there_is_said():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        with pytest.raises(SourceError, match=rf"http://127\.0\.0\.1:{port}/x: cannot be fetched: .*refused"):
            fetch(f"http://127.0.0.1:{port}/x")


# --- YAML ----------------------------------------------------------------------------------------


def loaded(text: str) -> object:
    return json.loads(yaml_as_json(text.encode(), "x.yaml"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\nb: [1.5, -2e3, .5]\n", {"a": 1, "b": [1.5, -2000.0, 0.5]}),
        ("[true, False, null, ~, '']", [True, False, None, None, ""]),
        (
            "- yes\n- no\n- on\n- 2024-01-01\n- 12:30\n- 010\n- 1_000\n",
            ["yes", "no", "on", "2024-01-01", "12:30", "010", "1_000"],
        ),
        ("200: ok\ntrue: x\nnull: y\n", {"200": "ok", "true": "x", "null": "y"}),
        ("a: '1'\nb: \"true\"\nc: !!str 5\n", {"a": "1", "b": "true", "c": "5"}),
        ("a: &x {k: 1}\nb: *x\nc: {<<: *x, l: 2}\n", {"a": {"k": 1}, "b": {"k": 1}, "c": {"k": 1, "l": 2}}),
        (
            "a: &x {k: 1}\nb: &y {k: 2, m: 3}\nc: {<<: [*x, *y], m: 4}\n",
            {"a": {"k": 1}, "b": {"k": 2, "m": 3}, "c": {"k": 1, "m": 4}},
        ),
        ("a: |\n  two\n  lines\n", {"a": "two\nlines\n"}),
        ("x: .inf\ny: .nan\n", {"x": ".inf", "y": ".nan"}),
        ("plain", "plain"),
    ],
)
def test_yaml_is_read_as_json_would_say_it(text, value):
    assert loaded(text) == value


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text("ab:-#'\"{}[]&*!|> 1.~\n"),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text("ab: 1", min_size=1), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_json_is_yaml_of_the_same_value(value):
    assert loaded(json.dumps(value)) == value


BOMB = "a0: &a0 [" + "x," * 9 + "]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 9}]\n" for n in range(1, 12))
MERGES = "a0: &a0 {k: v}\n" + "".join(f"a{n}: &a{n} {{<<: [{f'*a{n - 1},' * 9}]}}\n" for n in range(1, 12))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(BOMB, "stands for more than 64 MiB", id="billion-laughs"),
        pytest.param(MERGES, "stands for more than 64 MiB", id="merges"),
        pytest.param(
            f"a: &a {'x' * 10**6}\nb: [{'*a,' * 100}]", "stands for more than 64 MiB", id="long-text"
        ),
        pytest.param("a: &a [*a]", "alias \\*a stands for itself", id="holds-itself"),
        pytest.param("a: *b", "alias \\*b stands for itself, or for nothing", id="no-anchor"),
        pytest.param("[" * 100_000, "nests deeper than 200", id="deep"),
        pytest.param("a: [1\nb: 2", "malformed YAML at line 2 column 2", id="malformed"),
        pytest.param("a: 1\n---\nb: 2\n", "holds 2 YAML documents", id="two"),
        pytest.param("? [a]\n: b", "a list or map as a key", id="key"),
        pytest.param("<<: 5", "merges \\(<<\\) something that is no map", id="merge"),
        pytest.param("a: \x07", "malformed YAML", id="control-character"),
    ],
)
def test_yaml_that_is_none_or_too_much_is_refused_at_once(text, message):
    with pytest.raises(SourceError, match=f"^x.yaml: .*{message}"):
        loaded(text)


def test_no_python_object_is_ever_made():
    assert loaded("a: !!python/object/apply:os.system ['false']") == {"a": ["false"]}
