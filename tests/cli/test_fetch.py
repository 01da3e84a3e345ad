import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from hot.motions import load_motions, save_upstream
from tests.cli.conftest import HAND
from tests.datasets.drive import serving
from tests.datasets.trees import NAMES, write_tree


@pytest.fixture
def tree():
    return write_tree(Path("tree"))


def test_a_data_set_is_fetched_listed_and_not_fetched_again(hot, tree, tmp_path):
    archive = Path(shutil.make_archive(str(tmp_path / "full"), "gztar", tree))
    with serving(archive) as drive:
        result = hot(f"data fetch --from '{drive.link}'")
        assert result.exit_code == 0, result.stderr
        assert result.stdout.splitlines()[-1] == "data/upstream/motions"
        assert "2 grasp, 1 throw" in result.stdout and "Upstream's clips: 5" in result.stdout
        assert "downloading [MiB]: 0/0" in result.stderr and "SHA-256: " in result.stderr
        drive.asked.clear()
        result = hot("data fetch --json")
    assert drive.asked == []
    told = json.loads(result.stdout)
    assert (told["new"], told["files"], told["source"], told["restored"]) == (False, len(NAMES), drive.link, [])
    assert sum(row["clips"] for row in told["index"]) == 5
    assert f"all {len(NAMES)} files are there and as they were; nothing to do" in result.stderr


def test_out_and_convert(hot, tree):
    result = hot("data fetch --from tree --out there --convert")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "there/converted"
    assert "Converted: 4 files, 4 of them now" in result.stderr
    assert load_motions("there/converted/dexgrasp_train_mano_20obj/usb/move.safetensors").num_clips == 1
    Path(f"there/motions/{NAMES[0]}").unlink()
    result = hot("data fetch --from tree --out there --convert --json")
    told = json.loads(result.stdout)
    assert told["restored"] == [f"motions/{NAMES[0]}"] and [each["new"] for each in told["converted"]] == [False] * 4


def test_what_is_refused_is_one_line(hot, tree):
    (tree / "evil.py").write_text("")
    result = hot("data fetch --from tree")
    assert result.exit_code == 1
    assert "'evil.py'" in result.stderr.splitlines()[-1] and "Nothing was unpacked" in result.stderr


def test_an_interruption_says_how_to_go_on(hot, tree, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("hot.datasets.fetching.unpack", interrupt)
    result = hot("data fetch --from tree")
    assert result.exit_code == 130
    Path("data/upstream/unpacking").mkdir()
    told = hot("data info")
    assert told.exit_code == 1
    assert "data/upstream is not whole yet; hot data fetch goes on with it." in told.stderr
    assert "What has come to data/upstream is kept; the same command goes on." in result.stderr


def test_info_of_a_data_set_shows_hands_objects_skills_and_clips(hot, tree):
    assert hot("data fetch --from tree --convert").exit_code == 0
    for command in ("data info", "data info data/upstream", "data info data/upstream/motions"):
        result = hot(command)
        assert result.exit_code == 0, result.stderr
        assert "Upstream's clips: 5" in result.stdout
        lines = [[cell.strip() for cell in line.split("│")[2:-1]] for line in result.stdout.splitlines() if "│" in line]
        assert sorted(lines) == [
            ["allegro", "Bottle", "1 place", "1"],
            ["mano", "Bottle", "2 grasp, 1 throw", "3"],
            ["mano", "USB", "1 move", "1"],
        ]
    rows = json.loads(hot("data info data/upstream --json").stdout)
    assert rows[0] == {
        "folder": "data/upstream/motions/dexgrasp_train_allegro/bottle",
        "hand": "allegro",
        "object": "Bottle",
        "skill": "place",
        "clips": 1,
    }


@pytest.fixture
def upstream(clip_set):
    """Upstream's clips of the toy hand: of two skills of the Bottle, and one of a Box."""
    folder = Path("set")
    for skill, count in (("grasp", 3), ("move", 2)):
        clips = clip_set(skill, count)
        save_upstream(folder, replace(clips, key_pos_w=torch.rand_like(clips.key_pos_w)), raised=True)
    boxes = replace(clip_set("grasp", 1), objects=("Box",))
    save_upstream(folder, replace(boxes, key_pos_w=torch.rand_like(boxes.key_pos_w)))
    return folder


@pytest.mark.parametrize("source", ["set", "set/bottle", "set/bottle/grasp_higher_kp"])
def test_training_takes_upstreams_files_as_they_are(hot, stages, upstream, source):
    result = hot(f"train teacher --skill grasp --motions {source} --num-envs 2 --epochs 1")
    assert result.exit_code == 0, result.stderr
    data = stages.train.args[0]
    assert stages.generate.count == 0
    assert (data.motions.num_clips, data.motions.objects, data.motions.skills) == (3, ("Bottle",), ("grasp",))
    assert data.motions.joint_names == HAND.joint_names
    assert torch.allclose(data.motions.object_pos_w, torch.zeros(1), atol=1e-6)  # lowered onto our table


def test_names_differ_in_case_alone(hot, stages, upstream, monkeypatch):
    from types import SimpleNamespace

    from hotcli import choices

    monkeypatch.setattr(choices, "load_specs", lambda preset: (HAND, SimpleNamespace(name="BOTTLE")))
    assert hot("train teacher --skill grasp --motions set/bottle --num-envs 2 --epochs 1").exit_code == 0
    assert stages.train.args[0].motions.objects == ("BOTTLE",)


def test_a_single_file_is_enough(hot, stages, upstream):
    path = next(upstream.rglob("002_*.pt"))
    assert hot(f"train teacher --skill move --motions {path} --num-envs 2 --epochs 1").exit_code == 0
    assert stages.train.args[0].motions.num_clips == 1


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            "--skill throw --motions set/bottle",
            "set/bottle: holds no throw clips, but grasp, move; choose with --skill",
        ),
        ("--skill grasp --motions set/box", "set/box: holds clips with Box, not with Bottle"),
        ("--skill grasp --motions set/none", "set/none: no such motions file"),
    ],
)
def test_clips_that_do_not_suit_are_refused(hot, stages, upstream, options, problem):
    result = hot(f"train teacher --num-envs 2 --epochs 1 {options}")
    assert result.exit_code == 1 and problem in result.stderr
    assert stages.train.count == 0
