"""Whatever a server does, bytes arrive whole and in order, or a message says why not and nothing is lost."""

from __future__ import annotations

import errno
import hashlib
import multiprocessing
import os
import random
import signal
import time
from collections import namedtuple

import pytest

from hot.datasets import FetchConfig, transfer
from hot.datasets.links import download_url
from hot.datasets.transfer import Arrival, Files, download
from hot.errors import DownloadError
from hot.progress import silent
from tests.datasets.conftest import CONTENT
from tests.datasets.drive import LOGIN_PAGE, QUOTA_PAGE, in_own_process, page, truncated

DIGEST = hashlib.sha256(CONTENT).hexdigest()
SIZE = len(CONTENT)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "here" / "download"


@pytest.fixture
def get(drive, path, hasty, heard):
    """Downloads, and insists that what is reported is what arrived and that nothing else is left."""

    def run():
        arrival = download(drive.link, path, hasty, heard.listen)
        assert path.read_bytes() == drive.file.read_bytes()
        assert arrival.sha256 == hashlib.sha256(drive.file.read_bytes()).hexdigest()
        assert arrival.size == drive.file.stat().st_size
        assert sorted(p.name for p in path.parent.iterdir()) == ["download", "download.json"]
        return arrival

    return run


def test_a_file_comes_past_the_redirect_and_the_page_that_asks_to_confirm(get, drive, heard):
    assert get() == Arrival(source=drive.link, size=SIZE, validator='"one"', sha256=DIGEST)
    assert [asked for asked, _ in drive.asked] == [""]
    what, done, total, _ = heard.calls[-1]
    assert (what, done, total) == ("downloading [MiB]", SIZE // 2**20, SIZE // 2**20)


def test_small_files_need_no_confirmation(get, drive):
    drive.confirm = False
    get()


def test_a_second_call_asks_for_nothing(get, drive):
    get()
    drive.asked.clear()
    assert get().sha256 == DIGEST
    assert drive.asked == []


def test_a_damaged_file_is_fetched_again(get, drive, path):
    get()
    path.write_bytes(b"x" + CONTENT[1:])
    get()
    assert len(drive.asked) == 2


@pytest.mark.parametrize("cuts", [[1], [1000, 1000, 1000, 1000, 1000], [SIZE - 1], [700_000, 1_300_000]])
def test_connections_that_end_early_are_gone_on_with(get, drive, cuts):
    drive.faults += [truncated(cut) for cut in cuts]
    get()
    starts = [0]
    for cut in cuts:
        starts.append(starts[-1] + cut)
    assert [asked for asked, _ in drive.asked] == ["", *(f"bytes={start}-" for start in starts[1:])]
    assert all(headers["If-Range"] == '"one"' for _, headers in drive.asked[1:])


def test_busy_and_failing_servers_are_asked_again(get, drive):
    drive.faults += [page("", 500), page("", 429), truncated(1_000_000), page("", 503), page("", 502)]
    get()


def test_a_server_that_goes_on_failing_is_left_and_gone_back_to(get, drive, path):
    drive.faults += [truncated(1_500_000), *[page("", 500)] * 3]
    with pytest.raises(DownloadError, match=r"answers 500 .*, 3 times in a row. 1 MiB have come and are kept"):
        get()
    assert path.with_name("download.part").stat().st_size == 1_500_000
    drive.asked.clear()
    get()
    assert [asked for asked, _ in drive.asked] == ["bytes=1500000-"]


def test_a_quota_page_is_told_in_drives_words_and_keeps_what_has_come(get, drive, path):
    drive.faults += [truncated(1_000_000), page(QUOTA_PAGE)]
    said = r"Too many users have viewed .* later\. What has come .*--from URL"
    with pytest.raises(DownloadError, match=said) as caught:
        get()
    assert "<" not in str(caught.value)
    assert path.with_name("download.part").stat().st_size == 1_000_000
    get()


def test_a_quota_page_with_a_failing_status_is_told_alike(get, drive):
    drive.faults.append(page(QUOTA_PAGE, 403))
    with pytest.raises(DownloadError, match="Too many users"):
        get()


def test_a_page_without_a_file_is_no_file(get, drive, path):
    drive.faults.append(page(LOGIN_PAGE))
    with pytest.raises(DownloadError, match=r"answers with a web page instead of a file; .* shared with everyone"):
        get()
    assert not path.exists()


def test_a_missing_file_is_said_to_be_missing(drive, path, hasty):
    link = drive.link.replace("THEFILE", "NONE")
    with pytest.raises(DownloadError, match=r"answers 404 Not Found; is the link right\?"):
        download(link, path, hasty, silent)


def test_a_server_that_is_not_there_is_said_so(path, hasty):
    with pytest.raises(DownloadError, match=r"cannot be reached .*, 3 times in a row"):
        download("http://127.0.0.1:1/x.zip", path, hasty, silent)


def test_a_link_that_is_none_is_refused(path, hasty):
    with pytest.raises(DownloadError, match="cannot be asked for"):
        download("http://", path, hasty, silent)


def test_servers_without_ranges_begin_anew(get, drive):
    drive.ranges = False
    drive.faults += [truncated(1_000_000), truncated(2_000_000)]
    get()


def test_servers_that_do_not_tell_the_size_are_believed(get, drive, heard):
    drive.length = False
    get()
    assert all(done < total for _, done, total, _ in heard.calls[:-1])


def test_a_file_that_changes_meanwhile_is_not_mixed(get, drive):
    def change(handler):
        drive.file.write_bytes(CONTENT[::-1])
        drive.etag = '"two"'
        return False

    drive.faults += [truncated(1_000_000), change]
    assert get().validator == '"two"'


@pytest.mark.parametrize("changed", ["etag", "size"])
def test_a_changed_file_is_noticed_where_the_server_ignores_conditions(get, drive, changed):
    def change(handler):
        handler.headers.replace_header("If-Range", '"two"')
        drive.file.write_bytes(CONTENT[::-1] + (b"more" if changed == "size" else b""))
        drive.etag = '"two"' if changed == "etag" else drive.etag
        if changed == "size":
            handler.headers.replace_header("If-Range", drive.etag)
        return False

    drive.faults += [truncated(1_000_000), change]
    get()


def test_an_interrupted_download_goes_on_even_at_its_very_end(get, drive, path):
    files = Files.of(path)
    path.parent.mkdir()
    files.part.write_bytes(CONTENT)
    files.write(Arrival(source=drive.link, size=SIZE, validator='"one"'))
    get()
    assert drive.asked == []
    os.replace(files.whole, files.part)  # killed after the digest was noted
    get()
    assert drive.asked == []


@pytest.mark.parametrize("known", ["nothing", "another link", "a shorter file", "nonsense"])
def test_bytes_of_unknown_origin_are_not_gone_on_with(get, drive, path, known):
    files = Files.of(path)
    path.parent.mkdir()
    files.part.write_bytes(b"of something else")
    if known == "nonsense":
        files.note.write_text("{")
    elif known != "nothing":
        link = drive.link if known == "a shorter file" else "http://elsewhere/"
        files.write(Arrival(source=link, size=4))
    get()


def test_ten_kills_at_random_moments_lose_nothing(tmp_path, path):
    served = tmp_path / "served"
    served.write_bytes(CONTENT)
    part, draws, forking = Files.of(path).part, random.Random(3), multiprocessing.get_context("fork")
    with in_own_process(served) as link:
        for _ in range(10):
            before = part.stat().st_size if part.exists() else 0
            process = forking.Process(target=slowly, args=(link, path))
            process.start()
            while process.is_alive() and (not part.exists() or part.stat().st_size <= before):
                time.sleep(0.001)
            time.sleep(draws.uniform(0, 0.01))
            process.kill()
            process.join()
            assert process.exitcode == -signal.SIGKILL
        kept = part.stat().st_size
        assert 0 < kept < SIZE
        assert download(link, path, FetchConfig(reserve=0), silent).sha256 == DIGEST
    assert path.read_bytes() == CONTENT


def slowly(link, path):
    """A download that takes long enough to be killed."""
    accept = transfer._Transfer._accept

    def accept_slowly(self, block):
        accept(self, block)
        time.sleep(0.004)

    transfer._BLOCK, transfer._Transfer._accept = 10_000, accept_slowly
    download(link, path, FetchConfig(reserve=0), silent)


Usage = namedtuple("Usage", "total used free")


def test_too_small_a_disk_is_noticed_before_anything_comes(get, drive, path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(0, 0, 2 * SIZE - 1))
    with pytest.raises(DownloadError, match=r"needs 6 MiB .* are free. Free some, or choose another place with --out"):
        get()
    assert Files.of(path).part.stat().st_size == 0


def test_a_disk_that_fills_up_meanwhile_ends_the_download_and_keeps_it(get, path, monkeypatch):
    monkeypatch.setattr("hot.datasets.transfer._LOOK_EVERY", 500_000)
    answers = iter([10 * SIZE, 10 * SIZE, 0])
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(0, 0, next(answers)))
    with pytest.raises(DownloadError, match="0 MiB are free"):
        get()
    assert 900_000 < Files.of(path).part.stat().st_size < SIZE
    monkeypatch.undo()
    get()


def test_a_full_disk_is_told_as_such(get, path, monkeypatch):
    def full(self, block):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(transfer._Transfer, "_accept", full)
        with pytest.raises(DownloadError, match=r"the disk is full. Free space .* the same command goes on"):
            get()
    get()


def test_drives_links_of_all_kinds_lead_to_its_download_address():
    file_id = "1Eo1c2W_y2chvHtbsVG47B9d7M85fhwJY"
    wanted = f"https://drive.google.com/uc?export=download&id={file_id}"
    assert download_url(f"https://drive.google.com/file/d/{file_id}/view?usp=sharing") == wanted
    assert download_url(f"https://drive.google.com/open?id={file_id}") == wanted
    assert download_url("https://example.org/file/d/x/view") == "https://example.org/file/d/x/view"
    with pytest.raises(DownloadError, match="names no single file"):
        download_url(f"https://drive.google.com/drive/folders/{file_id}")
