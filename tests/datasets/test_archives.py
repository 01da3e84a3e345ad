"""Archives and folders give up what belongs to the data set; anything that could do harm is refused by its name."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hot.datasets.archives import open_pack
from hot.datasets.config import FetchConfig
from hot.datasets.layout import DRIVE_SET, places
from hot.datasets.unpacking import STAGE, unpack
from hot.errors import BadFileError, DownloadError
from hot.progress import silent
from tests.datasets.test_transfer import Usage

CLIP = "dexgrasp_train_mano/bottle/grasp_kp/001_bottle_0_1-0.pt"
CONFIG = FetchConfig(reserve=0)


def zipped(path, files, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tarred(path, files, compression=""):
    with tarfile.open(path, f"w:{compression}") as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def in_folder(path, files):
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def unpacked(pack, folder, config=CONFIG):
    with open_pack(pack, config) as opened:
        return unpack(opened, pack, folder, config, silent)


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def refuses(pack, folder, problem, config=CONFIG):
    with pytest.raises(BadFileError, match=problem) as caught:
        unpacked(pack, folder, config)
    assert str(pack) in str(caught.value) and "\n" not in str(caught.value)
    assert contents(folder) == {} if folder.exists() else True


PACKERS = {
    "zip": lambda path, files: zipped(path, files),
    "deflated": lambda path, files: zipped(path, files, zipfile.ZIP_DEFLATED),
    "tar": lambda path, files: tarred(path, files),
    "tar.gz": lambda path, files: tarred(path, files, "gz"),
    "tar.xz": lambda path, files: tarred(path, files, "xz"),
    "folder": in_folder,
}
GOOD = {
    f"hot/data/motions/{CLIP}": os.urandom(100_000),
    "hot/data/motions/dexgrasp_train_mano/bottle/ablation/throw_500_kp/008_bottle_1_2.pt": b"b",
    "hot/data/motions/graspmimic/dexgrasp_allegro/ball/000_ball_10.pt": b"c",
    "hot/data/motions/text2hoi/000_Text2HOI_Apple-ckpt_sword.pt": b"d",
    "hot/data/assets/urdf/Bottle/Bottle.urdf": b"<robot/>",
    "README.md": b"read me",
    "hot/data/.DS_Store": b"litter",
    "__MACOSX/hot/._data": b"litter",
}
PLACED = {
    f"motions/{CLIP}": GOOD[f"hot/data/motions/{CLIP}"],
    "motions/dexgrasp_train_mano/bottle/ablation/throw_500_kp/008_bottle_1_2.pt": b"b",
    "motions/graspmimic/dexgrasp_allegro/ball/000_ball_10.pt": b"c",
    "motions/text2hoi/000_Text2HOI_Apple-ckpt_sword.pt": b"d",
    "assets/urdf/Bottle/Bottle.urdf": b"<robot/>",
    "notes/README.md": b"read me",
}


@pytest.mark.parametrize("kind", PACKERS)
def test_every_kind_of_pack_unpacks_to_upstreams_tree_without_litter(tmp_path, kind):
    files = unpacked(PACKERS[kind](tmp_path / "pack", GOOD), tmp_path / "out")
    assert contents(tmp_path / "out") == PLACED
    assert {name: file.size for name, file in files.items()} == {name: len(data) for name, data in PLACED.items()}


def test_a_tar_file_that_ends_with_a_clip_is_not_taken_for_a_zip_file(tmp_path):
    clip = zipped(tmp_path / "clip", {"archive/data.pkl": b"x" * 100}).read_bytes()  # as torch.save makes them
    assert zipfile.is_zipfile(tarred(tmp_path / "pack", {CLIP: clip}))
    unpacked(tmp_path / "pack", tmp_path / "out")
    assert contents(tmp_path / "out") == {f"motions/{CLIP}": clip}


@pytest.mark.parametrize("kind", ["zip", "tar", "folder"])
def test_unpacking_goes_on_where_it_was_interrupted(tmp_path, kind, monkeypatch):
    pack, out = PACKERS[kind](tmp_path / "pack", GOOD), tmp_path / "out"
    written = []

    def interrupted(member, content, path, source):
        if len(written) == 2:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")  # begun
            raise KeyboardInterrupt
        written.append(member.name)
        return write(member, content, path, source)

    import hot.datasets.unpacking as unpacking

    write = unpacking._written
    monkeypatch.setattr(unpacking, "_written", interrupted)
    with pytest.raises(KeyboardInterrupt):
        unpacked(pack, out)
    assert all(name.startswith(STAGE) for name in contents(out))
    first, written[:] = list(written), [None]
    monkeypatch.setattr(unpacking, "_written", lambda *args: written.append(args[0].name) or write(*args))
    unpacked(pack, out)
    assert contents(out) == PLACED
    assert not set(first) & set(written)


def test_what_was_damaged_meanwhile_is_written_again(tmp_path):
    pack, out = zipped(tmp_path / "pack", GOOD), tmp_path / "out"
    unpacked(pack, out)
    (out / f"motions/{CLIP}").write_bytes(bytes(100_000))  # of the right size
    unpacked(pack, out)
    assert contents(out) == PLACED


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize(
    "name", ["../evil.pt", f"../{CLIP}", f"/{CLIP}", f"a/../../{CLIP}", f"..\\{CLIP}", f"C:/{CLIP}", f"C:\\{CLIP}"]
)
def test_paths_outside_are_refused(tmp_path, kind, name):
    refuses(PACKERS[kind](tmp_path / "pack", {CLIP: b"a", name: b"b"}), tmp_path / "out", "written outside the folder")


PARTS = (
    "..",
    ".",
    "",
    "a",
    "dexgrasp_train_mano",
    "bottle",
    "grasp_kp",
    "001_b.pt",
    "assets",
    "a.obj",
    "LICENSE",
    "..pt",
)


@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=6).map("/".join))
def test_no_name_leads_out_of_the_tree(name):
    try:
        found = places([CLIP, name], "x")
    except BadFileError:
        return
    for place in found.values():
        assert place.split("/")[0] in ("motions", "assets", "notes") and ".." not in place.split("/")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_in_tar_files_are_refused(tmp_path, kind):
    path = tmp_path / "pack"
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo(CLIP)
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    refuses(path, tmp_path / "out", f"'{CLIP}' is a link. Nothing was unpacked")


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE])
def test_devices_in_tar_files_are_refused(tmp_path, kind):
    path = tmp_path / "pack"
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo(CLIP)
        info.type = kind
        archive.addfile(info)
    refuses(path, tmp_path / "out", "is a device or the like")


@pytest.mark.parametrize(("mode", "problem"), [(stat.S_IFLNK, "is a link"), (stat.S_IFIFO, "is a device")])
def test_links_and_devices_in_zip_files_are_refused(tmp_path, mode, problem):
    info = zipfile.ZipInfo(CLIP)
    info.create_system, info.external_attr = 3, (mode | 0o644) << 16
    refuses(zipped(tmp_path / "pack", {info: "/etc/passwd"}), tmp_path / "out", problem)


@pytest.mark.parametrize("target", ["file", "folder"])
def test_links_in_folders_are_refused(tmp_path, target):
    pack = in_folder(tmp_path / "pack", {CLIP: b"a"})
    (tmp_path / "file").write_text("secret")
    (tmp_path / "folder").mkdir()
    (pack / "dexgrasp_train_mano/bottle/grasp_kp/001_bottle_9.pt").symlink_to(tmp_path / target)
    refuses(pack, tmp_path / "out", "is a link")


def test_encrypted_members_are_refused(tmp_path):
    path = zipped(tmp_path / "pack", {CLIP: b"a"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the flag in the list of members
    path.write_bytes(content)
    refuses(path, tmp_path / "out", "is encrypted")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_that_come_twice_are_refused(tmp_path, kind):
    path = tmp_path / "pack"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(CLIP, b"a")
            archive.writestr(CLIP, b"b")
    else:
        with tarfile.open(path, "w") as archive:
            archive.addfile(tarfile.TarInfo(CLIP))
            archive.addfile(tarfile.TarInfo(f"./{CLIP}"))
    refuses(path, tmp_path / "out", "is in it twice")


def test_two_files_for_one_place_are_refused(tmp_path):
    pack = zipped(tmp_path / "pack", {f"a/{CLIP}": b"a", f"b/{CLIP}": b"b"})
    refuses(pack, tmp_path / "out", f"'a/{CLIP}' and 'b/{CLIP}' both belong to motions/{CLIP}")


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        ({"max_file": 9_999}, f"'{CLIP}' would be 0 MiB; 0 are the most"),
        ({"max_total": 15_000}, "would unpack to more than 0 MiB"),
        ({"max_files": 1}, "holds more than 1 files"),
    ],
)
@pytest.mark.parametrize("kind", ["zip", "tar", "folder"])
def test_absurd_sizes_are_refused(tmp_path, kind, limits, problem):
    pack = PACKERS[kind](tmp_path / "pack", {CLIP: bytes(10_000), CLIP.replace("1-0", "1-1"): bytes(10_000)})
    refuses(pack, tmp_path / "out", problem, CONFIG.model_copy(update=limits))


@pytest.mark.parametrize("kind", ["deflated", "tar.gz", "tar.xz"])
def test_a_bomb_is_refused_before_it_goes_off(tmp_path, kind):
    refuses(PACKERS[kind](tmp_path / "pack", {CLIP: bytes(30_000_000)}), tmp_path / "out", "which is absurd")


@pytest.mark.parametrize(
    "name",
    [
        "evil.py", "dexgrasp_train_mano/run.sh", "dexgrasp_train_mano/bottle/grasp_kp/bottle.pt", "x.pth", "nested.zip",
        "dexgrasp_train_mano/bottle/grasp_kp/004_bottle_0.pt", "assets/setup.py", "dexgrasp_train_robot/a/b/001_a.pt",
        "dexgrasp_train_mano/bottle/grasp_kp/001_bottle\n.pt", "assets/.bashrc",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_unknown_members_are_refused(tmp_path, kind, name):
    pack = PACKERS[kind](tmp_path / "pack", {CLIP: b"a", name: b"b"})
    refuses(pack, tmp_path / "out", "holds 1 files that are no part of upstream's data, such as .*. Expected are dexgr")


def test_objects_without_a_set_are_those_of_google_drive(tmp_path):
    unpacked(zipped(tmp_path / "pack", {"all/airplane/grasp_kp/001_airplane_0_1-0.pt": b"a"}), tmp_path / "out")
    assert contents(tmp_path / "out") == {f"motions/{DRIVE_SET}/airplane/grasp_kp/001_airplane_0_1-0.pt": b"a"}


@pytest.mark.parametrize("files", [{}, {"README.md": b"a"}, {"text2hoi/000_a.pt": b"a"}])
def test_packs_without_clips_are_refused(tmp_path, files):
    refuses(zipped(tmp_path / "pack", files), tmp_path / "out", "holds no clips. Expected are dexgrasp_train_HAND/OBJ")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 but no more", b"\x1f\x8b but no more"])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "pack").write_bytes(content)
    refuses(tmp_path / "pack", tmp_path / "out", "neither a zip nor a tar file. Unpack it, .*--from DIR|is damaged")


@pytest.mark.parametrize("kind", sorted(set(PACKERS) - {"folder"}))
def test_damaged_archives_are_refused_and_nothing_is_put_in_its_place(tmp_path, kind):
    pack = PACKERS[kind](tmp_path / "pack", GOOD)
    content = bytearray(pack.read_bytes())
    if kind in ("tar", "tar.gz", "tar.xz"):
        del content[50_000:]
    else:
        content[50_000] ^= 0xFF
    pack.write_bytes(content)
    with pytest.raises(BadFileError, match="is damaged"):
        unpacked(pack, tmp_path / "out")
    assert all(name.startswith(STAGE) for name in (contents(tmp_path / "out") if (tmp_path / "out").exists() else ()))


SMALL = {CLIP: b"a clip", "README.md": b"read me"}


@settings(max_examples=60)
@given(st.sampled_from(sorted(set(PACKERS) - {"folder"})), st.data())
def test_whatever_bytes_are_damaged_it_unpacks_or_says_so(tmp_path_factory, kind, data):
    folder = tmp_path_factory.mktemp("a")
    pack = PACKERS[kind](folder / "pack", SMALL)
    content = bytearray(pack.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    pack.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    with contextlib.suppress(BadFileError):
        unpacked(pack, folder / "out")
    assert {path.name for path in folder.iterdir()} <= {"pack", "out"}
    there = set(contents(folder / "out")) if (folder / "out").exists() else set()
    assert {name.split("/")[0] for name in there} <= {"motions", "assets", "notes", STAGE}


def test_too_small_a_disk_is_noticed_before_unpacking(tmp_path, monkeypatch):
    pack = zipped(tmp_path / "pack", GOOD)
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(0, 0, 100_000))
    with pytest.raises(DownloadError, match="unpacking needs"):
        unpacked(pack, tmp_path / "out")
    assert contents(tmp_path / "out") == {}
