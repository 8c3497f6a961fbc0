"""Downloads from a server of our own, which answers as badly as servers do."""

import hashlib
import http.server
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import tinyconv
from tinyconv.data import download
from tinyconv.data.published import Remote
from tinyconv.errors import DataError

CONTENT = hashlib.shake_128(b"tinyconv").digest(300_000)
ROOT = Path(tinyconv.__file__).parents[1]


class Handler(http.server.BaseHTTPRequestHandler):
    """Each path is a way to answer: see `do_GET`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        way = self.path.strip("/")
        asked = self.headers.get("Range")
        self.server.requests.append((way, asked))
        self.server.encodings.add(self.headers.get("Accept-Encoding"))
        start = int(asked[6:-1]) if asked and way != "norange" else 0
        body = CONTENT[start:]
        if way == "missing":
            return self.send_error(404)
        if way == "moved":
            return self.answer(302, b"", {"Location": "/good"})
        if way == "page":
            return self.answer(200, b"<html>Please log in</html>")
        if way == "other":
            return self.answer(200, CONTENT[::-1])
        if way == "endless":
            return self.answer(200, CONTENT + CONTENT, {"Content-Length": None})
        if way == "wrongrange" and asked:
            return self.answer(206, body, {"Content-Range": f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}"})
        headers = {"Content-Range": f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"} if start else {}
        if way == "breaks":  # after at most 100,000 bytes
            return self.answer(206 if start else 200, body[:100_000], headers | {"Content-Length": str(len(body))})
        if way == "dead":  # before the first byte
            return self.answer(206 if start else 200, b"", headers | {"Content-Length": str(len(body))})
        if way == "slow":
            self.answer(206 if start else 200, body[:200_000], headers | {"Content-Length": str(len(body))})
            self.server.waiting.set()
            self.server.go_on.wait(timeout=20)
            return self.wfile.write(body[200_000:])
        return self.answer(206 if start else 200, body, headers)

    def answer(self, status, body, headers=()):
        self.close_connection = True
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body)), "Connection": "close"} | dict(headers)).items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *arguments):
        """Clients go away; that is what is tested."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server(("127.0.0.1", 0), Handler) as server:
        server.requests, server.encodings = [], set()
        server.waiting, server.go_on = threading.Event(), threading.Event()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.go_on.set()
        server.shutdown()
        thread.join()


def remote(server, *ways, content=CONTENT):
    urls = tuple(f"http://127.0.0.1:{server.server_address[1]}/{way}" for way in ways)
    return Remote("x.bin", len(content), hashlib.sha256(content).hexdigest(), urls)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_download(server, tmp_path):
    file = remote(server, "good")
    path = download.fetch(file, tmp_path / "new" / "folder")
    assert path.read_bytes() == CONTENT and path.name == "x.bin"
    assert names(path.parent) == ["x.bin", "x.bin.lock"]
    assert download.fetch(file, path.parent) == path
    assert server.requests == [("good", None)]  # the second time it was there
    assert server.encodings == {"identity"}  # compressed on the way, a range would be another


@pytest.mark.parametrize("bad", ["missing", "page", "other", "endless", "dead"])
def test_the_next_mirror(server, tmp_path, bad):
    assert download.fetch(remote(server, bad, "good"), tmp_path).read_bytes() == CONTENT
    assert [way for way, _ in server.requests] == [bad, "good"]


def test_a_mirror_that_has_moved(server, tmp_path):
    assert download.fetch(remote(server, "moved"), tmp_path).read_bytes() == CONTENT


def test_a_broken_download_goes_on(server, tmp_path):
    assert download.fetch(remote(server, "breaks"), tmp_path).read_bytes() == CONTENT
    # Of each answer of 100,000 bytes, the whole chunks are kept.
    ranges = [f"bytes={start}-" for start in range(download.CHUNK, len(CONTENT), download.CHUNK)]
    assert server.requests == [("breaks", asked) for asked in (None, *ranges)] and len(ranges) == 4


def test_it_goes_on_the_next_time_and_elsewhere(server, tmp_path):
    (tmp_path / "x.bin.part").write_bytes(CONTENT[:1000])
    with pytest.raises(download.UnreachableError, match="/dead: .*"):
        download.fetch(remote(server, "dead"), tmp_path)
    assert (tmp_path / "x.bin.part").read_bytes() == CONTENT[:1000]
    assert download.fetch(remote(server, "good"), tmp_path).read_bytes() == CONTENT
    assert server.requests == [("dead", "bytes=1000-"), ("good", "bytes=1000-")]
    assert names(tmp_path) == ["x.bin", "x.bin.lock"]


def test_a_download_that_was_complete_but_not_moved(server, tmp_path):
    (tmp_path / "x.bin.part").write_bytes(CONTENT)
    assert download.fetch(remote(server, "good"), tmp_path).read_bytes() == CONTENT
    assert server.requests == []


@pytest.mark.parametrize("way", ["norange", "good"])
def test_a_wrong_beginning(server, tmp_path, way):
    """Of another file, or of a server that does not know ranges: it begins again."""
    (tmp_path / "x.bin.part").write_bytes(b"?" * 1000)
    assert download.fetch(remote(server, way), tmp_path).read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == ["bytes=1000-", None][: 1 if way == "norange" else 2]


def test_a_server_that_answers_with_another_range(server, tmp_path):
    (tmp_path / "x.bin.part").write_bytes(CONTENT[:1000])
    with pytest.raises(download.UnreachableError, match="answers with bytes 0-299999/300000, asked for 1000-"):
        download.fetch(remote(server, "wrongrange"), tmp_path)
    assert (tmp_path / "x.bin.part").read_bytes() == CONTENT[:1000]


def test_no_mirror_has_it(server, tmp_path):
    nowhere = "http://127.0.0.1:9/x.bin"  # the port of a service that nobody runs
    ways = ("missing", "page", "other", "endless", "dead")
    file = remote(server, *ways)
    file = Remote(file.name, file.size, file.sha256, (*file.mirrors, nowhere))
    with pytest.raises(download.UnreachableError) as caught:
        download.fetch(file, tmp_path)
    said = [line.rpartition("/")[2] for line in str(caught.value).splitlines()]
    assert said == [
        "missing: 404 Client Error: Not Found",
        "page: has a file of 26 bytes, expected 300000",
        "other: the file there has another checksum, and was not kept",
        "endless: sends more than the 300000 bytes of the file",
        said[4],
        "x.bin: Connection refused",
    ]
    assert said[4].startswith("dead: ")
    assert not (tmp_path / "x.bin").exists()


def test_a_damaged_file_in_the_cache_is_not_used_and_not_touched(server, tmp_path):
    (tmp_path / "x.bin").write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"x.bin is damaged, and not used: its SHA-256 is \w{64}, .* Remove it to have"):
        download.fetch(remote(server, "good"), tmp_path)
    assert (tmp_path / "x.bin").read_bytes() == b"damaged" and server.requests == []


def test_a_folder_that_cannot_be_written_to(server, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DataError, match=r"x.bin cannot be written: Not a directory. Make room .* TINYCONV_CACHE"):
        download.fetch(remote(server, "good"), tmp_path / "file" / "cache")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk(server, tmp_path):
    (tmp_path / "x.bin.part").symlink_to("/dev/full")
    with pytest.raises(DataError, match="cannot be written: No space left on device. Make room"):
        download.fetch(remote(server, "good"), tmp_path)


def test_the_folder_of_downloads(monkeypatch, tmp_path):
    monkeypatch.setenv("TINYCONV_CACHE", str(tmp_path))
    assert download.cache_folder() == tmp_path
    monkeypatch.delenv("TINYCONV_CACHE")
    assert download.cache_folder().name.lower() == "tinyconv"


def test_a_terminal_sees_a_bar(server, tmp_path, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    download.fetch(remote(server, "good"), tmp_path)
    assert "x.bin" in sys.stderr.getvalue() and "300.0" in sys.stderr.getvalue()


# ---------------------------------------------------------------- several processes

FETCH = """
import json, sys
from pathlib import Path
from tinyconv.data.download import fetch
from tinyconv.data.published import Remote
name, size, sha256, mirrors, folder = json.loads(sys.argv[1])
print(len(fetch(Remote(name, size, sha256, tuple(mirrors)), Path(folder)).read_bytes()))
"""


def process(file, folder):
    arguments = json.dumps([file.name, file.size, file.sha256, file.mirrors, str(folder)])
    command = [sys.executable, "-c", FETCH, arguments]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def test_two_processes_download_it_once(server, tmp_path):
    both = [process(remote(server, "slow"), tmp_path) for _ in range(2)]
    assert server.waiting.wait(timeout=20)
    time.sleep(0.3)  # for the other to come to the lock as well; it would be right without
    server.go_on.set()
    assert [p.communicate(timeout=30)[0] for p in both] == ["300000\n", "300000\n"]
    assert server.requests == [("slow", None)]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_download_goes_on(server, tmp_path):
    with process(remote(server, "slow"), tmp_path) as killed:
        assert server.waiting.wait(timeout=20)
        part = tmp_path / "x.bin.part"
        until = time.monotonic() + 20
        while not (part.exists() and part.stat().st_size >= 100_000) and time.monotonic() < until:
            time.sleep(0.01)
        killed.send_signal(signal.SIGKILL)
    size = part.stat().st_size
    assert download.fetch(remote(server, "good"), tmp_path).read_bytes() == CONTENT
    assert server.requests == [("slow", None), ("good", f"bytes={size}-")] and size >= 100_000
