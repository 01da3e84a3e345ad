"""A server that behaves like Google Drive: redirects, a page to confirm, ranges; and, when told to, its failures."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import threading
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Tuple

CONFIRM_PAGE = (
    '<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title></head><body><div class="uc-main">'
    '<p class="uc-warning-caption">Google Drive can\'t scan this file for viruses.</p>'
    '<form id="download-form" action="{action}" method="get"><input type="submit" value="Download anyway"/>'
    '<input type="hidden" name="id" value="{id}"><input type="hidden" name="export" value="download">'
    '<input type="hidden" name="confirm" value="t"><input type="hidden" name="uuid" value="0e9b-41"></form></div>'
    "</body></html>"
)
QUOTA_PAGE = (
    "<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head><body>\n"
    '<p class="uc-error-caption">Sorry, you can&#39;t view or download this file at this time.</p>\n'
    '<p class="uc-error-subcaption">Too many users have viewed or downloaded this file recently. Please try accessing '
    "the file again later.</p></body></html>"
)
LOGIN_PAGE = "<html><head><title>Sign in</title></head><body><form action='/login'></form></body></html>"

_ROOT = Path(__file__).parents[2]

Fault = Callable[["Handler"], bool]
"""Does something else instead of sending the file's bytes, and says whether it did."""


@dataclass
class Drive:
    """What the server has and how it behaves; tests change it while it runs."""

    file: Path
    confirm: bool = True
    ranges: bool = True
    etag: Optional[str] = '"one"'
    length: bool = True
    faults: List[Fault] = field(default_factory=list)
    """Met one after another, by one request for bytes each."""
    asked: List[Tuple[str, Dict[str, str]]] = field(default_factory=list)
    """Ranges of the requests for bytes, and all their headers."""
    base: str = ""

    @property
    def link(self) -> str:
        """The file's address."""
        return f"{self.base}/uc?export=download&id=THEFILE"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    drive: Drive

    def log_message(self, format: str, *args: object) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # clients that are killed
            super().handle()

    def do_GET(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if query.get("id") != "THEFILE":
            self.page("<html>Error 404 (Not Found)</html>", 404)
        elif url.path == "/uc":
            self.send_response(303)
            self.send_header("Location", f"/download?{url.query}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.drive.confirm and query.get("confirm") != "t":
            self.page(CONFIRM_PAGE.format(action=f"{self.drive.base}/download", id="THEFILE"))
        else:
            self.drive.asked.append((self.headers.get("Range", ""), dict(self.headers)))
            if not (self.drive.faults and self.drive.faults.pop(0)(self)):
                self.send_file()

    def page(self, text: str, status: int = 200) -> None:
        """Answer with a web page."""
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def send_file(self, most: Optional[int] = None) -> None:
        """The bytes that were asked for; only ``most`` of them, and then the connection ends."""
        size, drive = self.drive.file.stat().st_size, self.drive
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range") in (None, drive.etag)
        start = int(match[1]) if match and same and drive.ranges else 0
        if start >= size:
            self.page("<html>Range not satisfiable</html>", 416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Disposition", 'attachment; filename="full.zip"')
        if start:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        if drive.etag is not None:
            self.send_header("ETag", drive.etag)
        if drive.length:
            self.send_header("Content-Length", str(size - start))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.flush()
        with contextlib.suppress(ConnectionError), drive.file.open("rb") as file:
            self.connection.settimeout(None)
            self.connection.sendfile(file, start, most)
        self.close_connection = self.close_connection or most is not None


def truncated(most: int) -> Fault:
    """The connection ends after so many bytes."""
    return lambda handler: handler.send_file(most) is None


def page(text: str, status: int = 200) -> Fault:
    """A web page comes instead."""
    return lambda handler: handler.page(text, status) is None


@contextlib.contextmanager
def serving(file: Path) -> Iterator[Drive]:
    """Serve a file on a port of this machine."""
    drive = Drive(file)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"drive": drive}))
    server.daemon_threads = True
    drive.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield drive
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def in_own_process(file: Path) -> Iterator[str]:
    """Serve a file from another process, which takes no time of this one's; the link."""
    command = [sys.executable, "-m", "tests.datasets.drive", str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT) as process:
        assert process.stdin is not None and process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


if __name__ == "__main__":  # python -m tests.datasets.drive FILE: until standard input ends
    with serving(Path(sys.argv[1])) as running:
        print(running.link, flush=True)
        sys.stdin.read()
