"""Laws of composed clips: nothing breaks from step to step, and what the script says happens."""

from __future__ import annotations

import pytest
import torch

from hot import rotations
from hot.composition import Script, compose, compose_random, timeline
from hot.composition.order import ORDER, problem
from hot.errors import ConfigError, HotError, UnknownNameError
from hot.hands import load_hand
from hot.motions import load_motions, save_motions
from hot.objects import load_object, resting_classes
from hot.planning import PlanningConfig
from hot.planning.config import TossUpConfig
from hot.planning.inspection import inspect

HAND, BOTTLE = load_hand("mano"), load_object("Bottle")
CONFIG = PlanningConfig(toss_up=TossUpConfig(tried=False))  # what physics makes of tosses: test_trials.py
CLIPS = 3
TOSS = Script.model_validate(
    {
        "start": {"pose": "lying", "at": [0.1, -0.2], "yaw": 30},
        "steps": [
            {"skill": "freemove"},
            {"skill": "grasp", "hold": 0.5},
            {"skill": "rotate"},
            {"skill": "throw"},
            {"skill": "catch"},
            {"skill": "move", "to": [0.0, 0.1, 0.8], "orientation": "same"},
            {"skill": "place", "at": [-0.2, 0.1], "pose": "lying", "hold": 0.3},
        ],
    }
)
CHANGE = Script.model_validate(
    {"steps": [{"skill": "grasp"}, {"skill": "regrasp", "way": "hand"}, {"skill": "place"}, {"skill": "grasp"}]}
)
SHORT = Script.model_validate({"steps": [{"skill": "grasp"}, {"skill": "move"}]})
DROP = Script.model_validate({"steps": [{"skill": "throw", "pose": "lying"}, {"skill": "grasp"}]})


def made(script, clips=CLIPS, seed=4, split="test"):
    return compose(HAND, BOTTLE, script, clips, seed, CONFIG, split)


@pytest.fixture(scope="module")
def tossed():
    return made(TOSS)


@pytest.fixture(scope="module", params=[TOSS, CHANGE, DROP], ids=["toss", "change", "drop"])
def motions(request, tossed):
    return tossed if request.param is TOSS else made(request.param, split="train")


@pytest.fixture(scope="module")
def random_clips():
    return compose_random(HAND, BOTTLE, 15.0, 4, 2, CONFIG, "test")


def stretches(motions, clip):
    return [(each["skill"], each["start"], each["start"] + each["frames"]) for each in timeline(motions, clip)]


def rows(motions, clip):
    return slice(int(motions.clip_start[clip]), int(motions.clip_start[clip + 1]))


def test_clips_are_valid_from_end_to_end(motions):
    report = inspect(motions, HAND, BOTTLE)
    assert report.valid(), report
    assert report.jump_cm < 2.0 and report.jump_deg < 10.0


def test_no_command_breaks_off_where_skills_meet(motions):
    """Fingers and commands go on from where the step before left them: at most what 12 rad/s and a led opening do."""
    step = motions.command.diff(dim=0)[:, 6:].abs().amax(1)
    inside = torch.ones(len(step), dtype=torch.bool)
    inside[motions.clip_start[1:-1] - 1] = False
    border = torch.zeros_like(inside)
    border[(motions.skill_of_frames.diff() != 0).nonzero()[:, 0]] = True
    assert float(step[inside & border].max()) < 0.1
    assert float(step[inside].max()) < 0.6


def test_the_skills_come_in_the_scripts_order_with_only_bridges_between(tossed):
    wanted = ["freemove", "grasp", "rotate", "throw", "catch", "move", "place"]
    for clip in range(tossed.num_clips):
        skills = [skill for skill, _, _ in stretches(tossed, clip)]
        assert not problem(skills)
        assert skills == ["freemove", "grasp", "move", "rotate", "move", "throw", "catch", "move", "place"]
        assert [skill for skill in skills if skill in set(wanted) - {"move"}] == [s for s in wanted if s != "move"]


def test_labels_say_what_each_skill_does(tossed):
    for clip in range(tossed.num_clips):
        contact = tossed.contact[rows(tossed, clip)]
        for skill, first, last in stretches(tossed, clip):
            before, after = ORDER[skill]
            label = {"resting": 0, "flying": 0, "held": 1}
            assert int(contact[last - 1]) == label[after], skill
            if skill != "catch":  # the throw before it ends while the object flies
                assert int(contact[first]) in (label[before], -1), skill
            if skill in ("move", "freemove", "rotate"):
                assert (contact[first:last] == label[after]).all()


def test_a_script_has_its_places_and_times(tossed):
    start, end = tossed.clip_start[:-1], tossed.clip_start[1:] - 1
    assert torch.allclose(tossed.object_pos_w[start, :2], torch.tensor([[0.1, -0.2]]).expand(CLIPS, 2), atol=1e-5)
    assert torch.allclose(tossed.object_pos_w[end, :2], torch.tensor([[-0.2, 0.1]]).expand(CLIPS, 2), atol=1e-5)
    for moment in (start, end):
        assert set(resting_classes(BOTTLE, tossed.object_quat_w[moment])) == {"lying"}
    still = tossed.joint_pos[end[:, None] - torch.arange(18)]  # the last 0.3 s
    assert float((still - still[:, :1]).abs().max()) == 0.0


def test_what_is_thrown_up_comes_down_into_the_same_grasp(tossed):
    """Wrist seen from the object: the same when caught as when let go."""
    wrist = tossed.joint_pos[:, :3], rotations.from_euler(tossed.joint_pos[:, 3:6])
    seen = rotations.rotate_inverse(tossed.object_quat_w, wrist[0] - tossed.object_pos_w)
    for clip in range(tossed.num_clips):
        first = int(tossed.clip_start[clip])
        (_, begin, _), (_, _, end) = [s for s in stretches(tossed, clip) if s[0] in ("throw", "catch")]
        part = tossed.contact[first + begin : first + end]
        free = (part != 1).nonzero()[:, 0]
        before, after = first + begin + int(free[0]) - 1, first + begin + int(free[-1]) + 1
        assert torch.allclose(seen[before], seen[after], atol=1e-4)
        assert torch.allclose(tossed.joint_pos[before, 6:], tossed.joint_pos[after, 6:], atol=1e-5)
        assert abs(float(tossed.object_pos_w[before, 2] - tossed.object_pos_w[after, 2])) < 1e-3


def test_what_is_not_caught_lands_and_rests_until_it_is_taken():
    motions = made(DROP, split="train")
    for clip in range(motions.num_clips):
        part = motions.select([clip])
        (_, _, thrown), *_ = [s for s in stretches(motions, clip) if s[0] == "throw"]
        taken = next(int(f) for f in (part.contact[thrown:] != 0).nonzero()[:, 0]) + thrown
        assert float(part.object_pos_w[thrown - 5 : taken].diff(dim=0).abs().max()) == 0.0
        corners = rotations.rotate(part.object_quat_w[thrown], torch.tensor(BOTTLE.mesh.vertices).float())
        assert abs(float(corners[:, 2].min() + part.object_pos_w[thrown, 2])) < 2e-3


def test_only_grasps_of_the_split_are_used(tossed):
    held_out = CONFIG.held_out
    assert all(number % held_out == 0 for number in tossed.meta["grasps"])
    trained = made(SHORT, split="train")
    assert trained.meta["grasps"] and all(number % held_out for number in trained.meta["grasps"])


def test_a_seed_gives_the_same_clips_and_another_gives_others():
    first, again, other = made(SHORT), made(SHORT), made(SHORT, seed=5)
    assert torch.equal(again.joint_pos, first.joint_pos)
    assert torch.equal(again.skill_of_frames, first.skill_of_frames)
    assert not torch.equal(other.joint_pos[:5], first.joint_pos[:5])
    assert not torch.equal(first.joint_pos[0], first.joint_pos[first.clip_start[1]])


def test_the_file_keeps_the_skill_of_every_frame(tossed, tmp_path):
    save_motions(tmp_path / "clips.safetensors", tossed)
    loaded = load_motions(tmp_path / "clips.safetensors", HAND)
    assert torch.equal(loaded.skill_of_frames, tossed.skill_of_frames)
    assert timeline(loaded, 1) == timeline(tossed, 1)
    assert loaded.meta["script"]["steps"][0] == {"skill": "freemove"}


@pytest.mark.parametrize("seconds", [1.0, 12.5])
def test_clips_are_cut_or_held_at_the_seconds_asked_for(seconds):
    script = Script.model_validate({"seconds": seconds, "steps": [{"skill": "grasp"}, {"skill": "move"}]})
    motions = made(script)
    assert motions.lengths.tolist() == [round(60 * seconds)] * CLIPS


def test_random_clips_are_of_possible_orders_and_of_the_length_asked_for(random_clips):
    assert random_clips.lengths.tolist() == [900] * 4
    orders = [[skill for skill, _, _ in stretches(random_clips, clip)] for clip in range(4)]
    assert not any(problem(order) for order in orders)
    assert len({tuple(order) for order in orders}) > 2
    scripts = [[step["skill"] for step in script["steps"]] for script in random_clips.meta["scripts"]]
    assert min(map(begun, scripts, orders)) >= 3
    assert inspect(random_clips, HAND, BOTTLE).valid()


def begun(script, order):
    """Steps of the script that are found in order among what the clip does, bridges aside."""
    found = 0
    for skill in order:
        found += found < len(script) and skill == script[found]
    return found


def refused(*steps, **more):
    return Script.model_validate({"steps": list(steps), **more})


def test_impossible_targets_say_which_and_what_there_is():
    with pytest.raises(ConfigError, match=r"grasp 1 is not among this split's of Bottle: 0, 4, 8"):
        made(refused({"skill": "grasp", "grasp": 1}))
    with pytest.raises(ConfigError, match="Bottle has 2 resting poses"):
        made(refused({"skill": "place", "pose": 7}))
    with pytest.raises(UnknownNameError, match=r"unknown resting pose of Bottle 'odd'.*lying, standing"):
        made(refused({"skill": "place", "pose": "odd"}))
    with pytest.raises(HotError, match=r"step 2 \(rotate\) is impossible: no grasp of Bottle by mano"):
        made(refused({"skill": "grasp"}, {"skill": "rotate", "angle": 90}))
    with pytest.raises(ConfigError, match=r"step 1 \(move\): .* wrist's limit of 1 m/s"):
        slow = PlanningConfig(limits=CONFIG.limits.model_copy(update={"wrist_speed": 1.0}))
        compose(HAND, BOTTLE, refused({"skill": "move", "speed": 1.0}), 1, 1, slow, "test")
    with pytest.raises(UnknownNameError, match="split"):
        made(TOSS, split="tset")
