"""A data set is fetched once, whole, from any source; looked at again it is as it was, or made so."""

from __future__ import annotations

import json
import os
import shutil

import filelock
import pytest
import torch

from hot.datasets import UPSTREAM, FetchConfig, Fetched, convert, fetch, index_of, read_record
from hot.datasets.fetching import _resolved
from hot.errors import BadFileError, ConfigError, DownloadError
from hot.hands import load_hand
from hot.motions import load_motions, load_upstream
from tests.datasets.drive import QUOTA_PAGE, page, truncated
from tests.datasets.test_archives import contents
from tests.datasets.trees import NAMES, write_tree
from tests.motions.clip_sets import assert_same_clips

CLIPS = {f"motions/{name}" for name in NAMES}


@pytest.fixture
def tree(tmp_path):
    return write_tree(tmp_path / "tree")


@pytest.fixture
def drive(drive, tree, tmp_path):
    """Serves the tree as a zip file."""
    drive.file = shutil.make_archive(str(tmp_path / "full"), "zip", tree)
    drive.file = type(tree)(drive.file)
    return drive


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def get(out, hasty):
    def run(source=None, **changes):
        return fetch(None if source is None else str(source), out, hasty.model_copy(update=changes))

    return run


def all_there(out, tree):
    """The tree, the record, the lock, and nothing else."""
    found = contents(out)
    assert {name: data for name, data in found.items() if name.startswith("motions/")} == {
        f"motions/{name}": data for name, data in contents(tree).items()
    }
    assert set(found) - CLIPS <= {"fetched.json", ".lock"}
    return True


def test_a_link_is_fetched_and_remembered(get, out, drive, tree):
    fetched = get(drive.link)
    assert fetched.new and fetched.restored == () and all_there(out, tree)
    assert fetched.record == read_record(out)
    assert (fetched.record.source, fetched.record.size) == (drive.link, drive.file.stat().st_size)
    assert set(fetched.record.files) == CLIPS


@pytest.mark.parametrize("kind", ["link", "file", "folder"])
def test_a_second_call_does_nothing(get, out, drive, tree, kind):
    source = {"link": drive.link, "file": drive.file, "folder": tree}[kind]
    get(source)
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.name != ".lock"}
    drive.asked.clear()
    for again in (None, source):
        fetched = get(again)
        assert not fetched.new and fetched.restored == ()
    assert drive.asked == []
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.name != ".lock"} == times


@pytest.mark.parametrize("kind", ["link", "file", "folder"])
def test_what_was_damaged_or_deleted_is_restored(get, out, drive, tree, kind):
    get({"link": drive.link, "file": drive.file, "folder": tree}[kind])
    damaged, deleted = (out / f"motions/{name}" for name in NAMES[:2])
    content = bytearray(damaged.read_bytes())
    content[-1] ^= 1
    damaged.write_bytes(content)
    deleted.unlink()
    (out / "motions/mine.pt").write_bytes(b"a file of one's own")
    fetched = get()
    assert set(fetched.restored) == {f"motions/{name}" for name in NAMES[:2]}
    assert (out / "motions/mine.pt").read_bytes() == b"a file of one's own"
    (out / "motions/mine.pt").unlink()
    assert all_there(out, tree)


def test_a_source_that_has_changed_restores_nothing(get, out, drive, tree):
    get(drive.link)
    (out / f"motions/{NAMES[0]}").unlink()
    before = contents(out)
    drive.file.write_bytes(drive.file.read_bytes() + b"comment")
    with pytest.raises(BadFileError, match=r"is no longer what .*its SHA-256 is \w+, not \w+. Delete .*fetched.json"):
        get()
    assert before.items() <= contents(out).items()


@pytest.mark.parametrize("moment", ["download", "digest", "unpack", "move", "record"])
def test_interrupted_at_any_moment_it_goes_on(get, out, drive, tree, moment, monkeypatch):
    target = {
        "download": "",
        "digest": "hot.datasets.transfer._Transfer._finished",
        "unpack": "hot.datasets.unpacking._settle",
        "move": "hot.datasets.unpacking.shutil.rmtree",
        "record": "hot.datasets.fetching._clean",
    }[moment]

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    drive.faults.append(truncated(1000))
    with monkeypatch.context() as patch:
        if target:
            patch.setattr(target, interrupt)
        else:
            drive.faults += [page("", 500)] * 3
        with pytest.raises((KeyboardInterrupt, DownloadError)):
            get(drive.link)
    if moment == "record":
        drive.file.unlink()  # nothing more is needed of it
    fetched = get()
    assert fetched.record.source == drive.link and all_there(out, tree)
    assert len(drive.asked) == (5 if moment == "download" else 2)


def test_a_quota_page_leaves_what_has_come_and_names_a_way_on(get, out, drive, tree):
    drive.faults += [truncated(1000), page(QUOTA_PAGE)]
    with pytest.raises(DownloadError, match="Too many users have viewed"):
        get(drive.link)
    assert (out / "download.part").stat().st_size == 1000
    get()
    assert all_there(out, tree)


def test_what_is_refused_stays_and_is_not_fetched_twice(get, out, drive, tree):
    (tree / "evil.py").write_text("print('gotcha')")
    shutil.make_archive(str(drive.file.with_suffix("")), "zip", tree)
    for _ in range(2):
        with pytest.raises(BadFileError, match=r"no part of upstream's data, such as 'evil.py'"):
            get(drive.link)
    assert len(drive.asked) == 1 and not (out / "motions").exists()


def test_a_folder_keeps_to_one_source(get, out, drive, tree):
    drive.faults.append(truncated(1000))
    drive.faults += [page("", 500)] * 3
    with pytest.raises(DownloadError):
        get(drive.link)
    for _ in range(2):  # while it is not whole, and after
        with pytest.raises(ConfigError, match=f"holds data from .*, not from {tree}. Go on with --from http"):
            get(tree)
        get(drive.link)


def test_two_calls_at_once_do_not_meet(get, out, tree):
    out.mkdir()
    with filelock.FileLock(str(out / ".lock")), pytest.raises(ConfigError, match="another hot data fetch is at work"):
        get(tree)
    get(tree)


@pytest.mark.parametrize("source", ["nowhere.zip", "ftp://example.org/full.zip", ""])
def test_sources_that_do_not_exist_are_refused(get, source):
    with pytest.raises(BadFileError, match="no such file or folder; a link begins with http"):
        get(source or "?")


def test_a_folder_is_not_copied_into_itself(tree, hasty):
    with pytest.raises(ConfigError, match="lies in"):
        fetch(str(tree), tree / "out", hasty)


def test_a_source_that_is_gone_is_only_missed_when_it_is_needed(get, out, tree):
    get(tree)
    shutil.rmtree(tree)
    assert not get().new
    (out / f"motions/{NAMES[0]}").unlink()
    with pytest.raises(BadFileError, match="is there no more"):
        get()


def test_a_damaged_record_is_said_so(get, out, tree):
    get(tree)
    (out / "fetched.json").write_text("{}")
    with pytest.raises(BadFileError, match=r"fetched.json: is damaged; delete it, and hot data fetch looks at all"):
        get()
    (out / "fetched.json").unlink()
    get(tree)
    assert all_there(out, tree)


def test_a_place_that_cannot_be_written_is_refused(tmp_path, tree, hasty):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadFileError, match="cannot be written"):
        fetch(str(tree), tmp_path / "file" / "out", hasty)


def test_an_id_of_google_drives_is_a_source():
    assert _resolved("1Eo1c2W_y2chvHtbsVG47B9d7M85fhwJY") == UPSTREAM


def test_the_index_tells_hands_objects_skills_and_clips(tree):
    rows = {(g.folder.relative_to(tree).as_posix(), g.hand, g.object, g.skill): len(g.files) for g in index_of(tree)}
    assert rows == {
        ("dexgrasp_train_mano/bottle", "mano", "Bottle", "grasp"): 2,
        ("dexgrasp_train_mano/bottle", "mano", "Bottle", "throw"): 1,
        ("dexgrasp_train_mano_20obj/usb", "mano", "USB", "move"): 1,
        ("dexgrasp_train_allegro/bottle", "allegro", "Bottle", "place"): 1,
    }


@pytest.mark.parametrize("hand", ["mano", "shadow", "allegro"])
def test_hands_that_no_folder_names_are_told_by_the_clips(tmp_path, hand):
    write_tree(tmp_path / "a", [f"dexgrasp_{hand}/bottle/grasp_kp/001_bottle_1.pt"])
    os.rename(tmp_path / "a" / f"dexgrasp_{hand}", tmp_path / "b")
    assert index_of(tmp_path / "b")[0].hand == hand


def test_an_index_of_nothing_is_refused(tmp_path):
    with pytest.raises(BadFileError, match="holds no motions"):
        index_of(tmp_path)


def test_clips_converted_once_are_those_read_on_the_fly(get, out, tree):
    fetched = get(tree)
    conversions = convert(fetched)
    assert {c.path.relative_to(out / "converted").as_posix(): c.clips for c in conversions} == {
        "dexgrasp_train_mano/bottle/grasp.safetensors": 2,
        "dexgrasp_train_mano/bottle/throw.safetensors": 1,
        "dexgrasp_train_mano_20obj/usb/move.safetensors": 1,
        "dexgrasp_train_allegro/bottle/place.safetensors": 1,
    }
    for each in conversions:
        group, name = each.path.parent.relative_to(out / "converted"), each.path.stem
        hand = load_hand("allegro" if "allegro" in str(group) else "mano")
        direct = load_upstream(out / "motions" / group, hand, (name,))
        assert_same_clips(load_motions(each.path, hand), direct)


def test_conversion_goes_on_and_is_not_repeated(get, out, tree, monkeypatch):
    fetched, calls = get(tree), []
    import hot.datasets.converting as converting

    def counted(*args):
        if len(calls) == 2:
            calls.append(None)
            raise KeyboardInterrupt
        calls.append(args)
        return load_upstream(*args)

    monkeypatch.setattr(converting, "load_upstream", counted)
    with pytest.raises(KeyboardInterrupt):
        convert(fetched)
    assert [each.new for each in convert(fetched)] == [False, False, True, True]
    assert not any(each.new for each in convert(fetched))
    (out / "converted/dexgrasp_train_mano/bottle/throw.safetensors").unlink()
    assert sum(each.new for each in convert(fetched)) == 1
    (out / "converted/converted.json").write_text("[")
    assert all(each.new for each in convert(fetched))


def test_clips_that_changed_are_converted_again(get, out, tree, hasty):
    convert(get(tree))
    record = read_record(out)
    assert record is not None
    name = f"motions/{NAMES[0]}"
    changed = {**record.files, name: record.files[name].model_copy(update={"sha256": "0" * 64})}
    again = convert(Fetched(out, record.model_copy(update={"files": changed})))
    assert [each.path.name for each in again if each.new] == ["grasp.safetensors"]


def test_a_malformed_clip_is_named(get, tree):
    torch.save({"root_pos": 1}, tree / NAMES[0])
    fetched = get(tree)
    with pytest.raises(BadFileError, match=f"{NAMES[0]}: root_pos is a int, not a tensor"):
        convert(fetched)


def test_clips_that_were_not_fetched_are_not_converted(get, out, tree):
    fetched = get(tree)
    write_tree(out / "motions", ["dexgrasp_train_mano/bottle/grasp_higher_kp/001_bottle_0_1-9.pt"])
    with pytest.raises(BadFileError, match="was not fetched with the data set"):
        convert(fetched)


def test_progress_is_told_of_every_part(get, out, drive, hasty, heard):
    fetched = fetch(drive.link, out, hasty, heard.listen)
    convert(fetched, heard.listen)
    fetch(None, out, FetchConfig(), heard.listen)
    told = [what for what, *_ in heard.calls]
    assert list(dict.fromkeys(told)) == [
        "downloading [MiB]", "unpacking [MiB]", "converting clips", "checking what is here [MiB]"
    ]  # fmt: skip
    assert all(done <= total for _, done, total, _ in heard.calls)
    assert json.loads((out / "fetched.json").read_text())["sha256"] == fetched.record.sha256
