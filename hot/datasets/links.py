"""Where the bytes of a link are: Google Drive's addresses, its confirmation pages and its refusals."""

from __future__ import annotations

import contextlib
import html
import re
import urllib.parse
import warnings
from typing import Iterator, Mapping

import requests
from gdown.download import get_url_from_gdrive_confirmation
from gdown.exceptions import FileURLRetrievalError
from gdown.parse_url import is_google_drive_url, parse_url

from hot.errors import DownloadError

DRIVE_FILE = "https://drive.google.com/file/d/{id}/view"
"""How Google Drive links to one of its files."""

_DOWNLOAD = "https://drive.google.com/uc?export=download&id={id}"
_PAGES = 3  # that may come before a file
_PAGE_SIZE = 2**20
_BUSY = (408, 425, 429)
_NOT_SHARED = "Cannot retrieve the public link"  # how gdown's message begins where a page gives no reason


class TransientError(Exception):
    """Something that may go well the next time."""


def download_url(link: str) -> str:
    """The address at which a link's bytes are asked for; it differs for Google Drive's links to its viewer.

    Raises:
        DownloadError: a link of Google Drive's that names no single file.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # gdown 5 warns of links to the viewer
        file_id = parse_url(link)[0]
    if file_id:
        return _DOWNLOAD.format(id=file_id)
    if is_google_drive_url(link):
        raise DownloadError(f"{link}: names no single file; the link of a file looks like {DRIVE_FILE.format(id='ID')}")
    return link


@contextlib.contextmanager
def opened(
    session: requests.Session, link: str, headers: Mapping[str, str], timeout: float
) -> Iterator[requests.Response]:
    """The answer that carries a link's bytes, past the pages that ask for a confirmation.

    Raises:
        TransientError: the server is busy, has failed, or cannot be reached.
        DownloadError: it refuses.
    """
    url = download_url(link)
    for _ in range(_PAGES):
        with _answer(session, url, headers, timeout) as response:
            _check_status(link, response)
            if not _is_page(response):
                yield response
                return
            url = urllib.parse.urljoin(response.url, _confirmed(link, response))
    raise DownloadError(f"{link}: answers with one web page after another instead of a file")


def _answer(session: requests.Session, url: str, headers: Mapping[str, str], timeout: float) -> requests.Response:
    try:
        return session.get(url, headers=headers, stream=True, timeout=timeout)
    except (requests.ConnectionError, requests.Timeout) as error:
        raise TransientError(f"cannot be reached ({_reason(error)})") from error
    except (requests.RequestException, ValueError) as error:
        raise DownloadError(f"{url}: cannot be asked for ({error})") from error


def _reason(error: Exception) -> str:
    """The innermost cause, which is the one that tells."""
    cause = getattr(error.args[0], "reason", error.args[0]) if error.args else error
    return re.sub(r"^.*?: ", "", str(cause))


def _check_status(link: str, response: requests.Response) -> None:
    status = response.status_code
    if status >= 500 or status in _BUSY:
        raise TransientError(f"answers {status} {response.reason}")
    if status == 416 or status < 400:
        return
    if _is_page(response) and status not in (404, 410):
        _confirmed(link, response)  # raises what the page says, if it does
    missing = "; is the link right?" if status in (404, 410) else ""
    raise DownloadError(f"{link}: answers {status} {response.reason}{missing}. {_ELSEWHERE}")


def _is_page(response: requests.Response) -> bool:
    if "attachment" in response.headers.get("Content-Disposition", ""):
        return False
    return response.headers.get("Content-Type", "").startswith("text/html")


def _confirmed(link: str, response: requests.Response) -> str:
    """The address that a page asks to confirm, or its refusal as an error."""
    try:
        content = next(response.iter_content(_PAGE_SIZE), b"").decode("utf-8", "replace")
        url = get_url_from_gdrive_confirmation(content)
    except FileURLRetrievalError as error:
        said = html.unescape(re.sub(r"<[^>]*>", "", str(error))).strip()
        if said.startswith(_NOT_SHARED):
            said = "answers with a web page instead of a file; a file of Google Drive must be shared with everyone"
        raise DownloadError(f"{link}: {said.rstrip('.')}. {_ELSEWHERE}") from error
    except requests.RequestException as error:
        raise TransientError(f"broke off ({_reason(error)})") from error
    if urllib.parse.urlsplit(urllib.parse.urljoin(response.url, url)).scheme not in ("http", "https"):
        raise DownloadError(f"{link}: leads to {url}, which is no web address")
    return url


_ELSEWHERE = "What has come so far is kept: try again later, or take a copy from elsewhere with --from URL|FILE|DIR"
