import subprocess
import sys

import pytest

from hot import runs
from hot.errors import BadFileError
from hot.runs import Run

MADE = {"hand": "mano", "object": "Bottle", "stage": 1}


def test_a_run_can_be_opened_again_with_what_it_was_made_from(tmp_path):
    made = runs.provenance("mano", "Bottle", 1, 7, ["hot", "train"], "mujoco")
    Run.create(tmp_path / "a", "hand: mano\n", made)
    run = Run.open(tmp_path / "a")
    assert run.preset_path.read_text() == "hand: mano\n"
    assert run.provenance == made
    assert run.provenance["seed"] == 7 and run.provenance["packages"]["torch"]
    assert run.status == "running"


def test_a_run_is_never_overwritten(tmp_path):
    Run.create(tmp_path / "a", "first", MADE)
    with pytest.raises(BadFileError, match="--resume"):
        Run.create(tmp_path / "a", "second", MADE)
    assert Run.open(tmp_path / "a").preset_path.read_text() == "first"


def test_a_folder_that_is_no_run_lists_the_runs_beside_it(tmp_path):
    Run.create(tmp_path / "a", "", MADE)
    with pytest.raises(BadFileError, match=r"is not a run\. Runs there: .*a\."):
        Run.open(tmp_path / "b")


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadFileError, match="cannot be made"):
        Run.create(tmp_path / "file" / "run", "", MADE)


def test_the_status_survives(tmp_path):
    run = Run.create(tmp_path / "a", "", MADE)
    run.set_status("interrupted")
    assert Run.open(tmp_path / "a").status == "interrupted"


def test_the_newest_finished_run_is_of_the_same_hand_object_and_stage(tmp_path):
    assert runs.newest_finished(tmp_path, "mano", ("Bottle",), 1) is None
    old = Run.create(tmp_path / "old", "", MADE)
    new = Run.create(tmp_path / "new", "", MADE)
    other = Run.create(tmp_path / "other", "", {**MADE, "stage": 2})
    Run.create(tmp_path / "unfinished", "", MADE)
    for run in (new, old, other):  # finished in this order
        run.set_status("finished")
    assert runs.newest_finished(tmp_path, "mano", ("Bottle",), 1) == old
    assert runs.newest_finished(tmp_path, "mano", ("Bottle",)) == other
    assert runs.newest_finished(tmp_path, "mano", ("Box",), 1) is None
    assert runs.newest_finished(tmp_path, "shadow", ("Bottle",), 1) is None


def test_a_half_made_folder_is_not_a_run(tmp_path):
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "preset.yaml").write_text("")
    assert runs.runs_in(tmp_path) == []


def test_a_damaged_state_is_named(tmp_path):
    run = Run.create(tmp_path / "a", "", MADE)
    run.state_path.write_text("{")
    with pytest.raises(BadFileError, match=r"state\.json"):
        _ = run.status


def test_new_paths_are_new(tmp_path):
    first = runs.new_path(tmp_path, "mano", "cups/Mug.yaml", 2)
    first.mkdir()
    assert first.name.startswith("mano-mug-stage2-")
    assert runs.new_path(tmp_path, "mano", "cups/Mug.yaml", 2) != first


def test_a_failed_write_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    run = Run.create(tmp_path / "a", "first", MADE)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(BadFileError, match="No space left"):
        run.write_preset("second")
    assert run.preset_path.read_text() == "first"


def test_runs_do_not_need_torch():
    code = "import sys, hot.runs; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
