"""Tensor files: what is written is read, and no failure leaves half a file or loses the old one."""

from __future__ import annotations

import errno
import os
import string

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from hot import writing
from hot.assets import data_root, packaged, read_tensors, tensors, write_tensors
from hot.errors import BadFileError
from hot.writing import write_atomically

names = st.text(string.ascii_lowercase + "._", min_size=1, max_size=8)
shapes = st.lists(st.integers(0, 4), max_size=3)
dtypes = st.sampled_from([torch.float32, torch.float64, torch.int64, torch.int8, torch.bool])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def make(shape, dtype):
    return torch.arange(torch.Size(shape).numel()).reshape(shape).to(dtype)


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "file.safetensors"
    write_tensors(path, "thing", {"a": torch.ones(3)}, {"version": 1})
    return path


def assert_intact(path):
    assert torch.equal(read_tensors(path, "thing").tensors["a"], torch.ones(3))
    assert os.listdir(path.parent) == [path.name]


@settings(max_examples=50)
@given(
    st.dictionaries(names, st.tuples(shapes, dtypes), max_size=4), st.dictionaries(st.text(), json_values, max_size=4)
)
def test_what_is_written_is_read(tmp_path_factory, entries, meta):
    path = tmp_path_factory.mktemp("t") / "file.safetensors"
    written = {name: make(*entry) for name, entry in entries.items()}
    write_tensors(path, "thing", written, meta)
    file = read_tensors(path, "thing")
    assert file.meta == meta
    assert set(file.tensors) == set(written)
    for name, tensor in written.items():
        assert file.tensors[name].dtype == tensor.dtype
        assert torch.equal(file.tensors[name], tensor)


def test_views_gradients_and_shared_storage_are_written_by_value(tmp_path):
    base = torch.arange(12.0).reshape(3, 4).requires_grad_()
    write_tensors(tmp_path / "f", "thing", {"turned": base.T, "part": base[1:], "leaf": base}, {})
    read = read_tensors(tmp_path / "f", "thing").tensors
    assert torch.equal(read["turned"], base.T) and torch.equal(read["part"], base[1:])
    assert not read["leaf"].requires_grad


def test_missing_folders_are_made(tmp_path):
    write_tensors(tmp_path / "a" / "b" / "f", "thing", {}, {})
    assert read_tensors(tmp_path / "a" / "b" / "f", "thing").tensors == {}


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadFileError, match=r"gone\.safetensors: no such thing file"):
        read_tensors(tmp_path / "gone.safetensors", "thing")
    with pytest.raises(BadFileError, match="no such thing file"):
        read_tensors(tmp_path, "thing")


@pytest.mark.parametrize("keep", [0.0, 0.05, 0.5, 0.99])
def test_a_truncated_file_is_refused(old, keep):
    content = old.read_bytes()
    old.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(BadFileError, match="damaged or not a safetensors file"):
        read_tensors(old, "thing")


@given(st.binary(max_size=200))
def test_bytes_of_any_other_kind_are_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("t") / "f"
    path.write_bytes(content)
    with pytest.raises(BadFileError):
        read_tensors(path, "thing")


def test_a_foreign_safetensors_file_is_refused(tmp_path):
    save_file({"weight": torch.ones(2)}, str(tmp_path / "f"))
    with pytest.raises(BadFileError, match="holds 'foreign data', but a 'thing' file is needed"):
        read_tensors(tmp_path / "f", "thing")


def test_a_file_of_another_kind_is_refused(old):
    with pytest.raises(BadFileError, match="holds 'thing', but a 'policy' file is needed"):
        read_tensors(old, "policy")


def test_a_full_disk_leaves_the_old_file_whole(old, monkeypatch):
    def fill_up(tensors, filename, metadata=None):
        with open(filename, "wb") as file:
            file.write(b"half a file")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tensors, "save_file", fill_up)
    with pytest.raises(BadFileError, match="cannot be written: No space left on device"):
        write_tensors(old, "thing", {"a": torch.zeros(3)}, {})
    assert_intact(old)


def test_an_interrupt_leaves_the_old_file_whole(old):
    with pytest.raises(KeyboardInterrupt), write_atomically(old) as temporary:
        temporary.write_bytes(b"half a file")
        raise KeyboardInterrupt
    assert_intact(old)


def test_a_place_that_cannot_be_a_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(BadFileError, match="cannot be written"):
        write_tensors(tmp_path / "file" / "f", "thing", {}, {})


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes everywhere")
def test_an_unwritable_folder_is_refused(old):
    old.parent.chmod(0o500)
    try:
        with pytest.raises(BadFileError, match="cannot be written: Permission denied"):
            write_tensors(old, "thing", {}, {})
    finally:
        old.parent.chmod(0o700)
    assert_intact(old)


def test_a_folder_that_refuses_new_files_is_reported(old, monkeypatch):
    def refuse(**kwargs):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(writing.tempfile, "mkstemp", refuse)
    with pytest.raises(BadFileError, match="cannot be written: Permission denied"):
        write_tensors(old, "thing", {}, {})
    assert_intact(old)


def test_data_lies_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("HOT_DATA", str(tmp_path))
    assert data_root() == tmp_path
    monkeypatch.delenv("HOT_DATA")
    assert str(data_root()) == "data"


def test_packaged_files_lie_inside_the_package():
    assert packaged("hands", "x.xml").parts[-5:] == ("hot", "assets", "files", "hands", "x.xml")
