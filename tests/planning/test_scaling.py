"""Laws of clips that are adapted to another size of their object."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hot import rotations
from hot.errors import HotError
from hot.hands import Kinematics, load_hand
from hot.objects import load_object
from hot.planning import PlanningConfig, generate
from hot.planning.scaling import scale_clips, scaled_spec
from hot.synthesis.clearance import Clearance

HAND, BOTTLE, CONFIG = load_hand("mano"), load_object("Bottle"), PlanningConfig()
FACTORS = (0.75, 1.5)


@pytest.fixture(scope="module", params=("grasp", "move", "place", "freemove"))
def clips(request):
    return generate(HAND, BOTTLE, request.param, 6, 3, CONFIG, "train")


@pytest.fixture(scope="module", params=FACTORS)
def pair(request, clips):
    """Clips, the same clips scaled, and the factor; the clips are those that were kept."""
    scaled = scale_clips(clips, HAND, BOTTLE, request.param, CONFIG)
    kept = [_original(clips, scaled, number) for number in range(scaled.num_clips)]
    return clips.select(kept), scaled, request.param


def _original(clips, scaled, number):
    """The clip that has the same finger commands as the scaled clip while holding, and the same wrist angles."""
    own = scaled.select([number])
    return next(
        index
        for index in range(clips.num_clips)
        if torch.equal(clips.select([index]).joint_pos[:, 3:6], own.joint_pos[:, 3:6])
        and torch.equal(clips.select([index]).command[:, 6:], own.command[:, 6:])
    )


def test_factor_one_changes_nothing(clips):
    assert scale_clips(clips, HAND, BOTTLE, 1.0) is clips
    assert scaled_spec(BOTTLE, 1.0) is BOTTLE


def test_a_scaled_object_keeps_its_mass_and_has_its_size_in_its_name():
    larger = scaled_spec(BOTTLE, 1.5)
    assert (larger.name, larger.mass, larger.radius) == ("Bottle@1.5", BOTTLE.mass, pytest.approx(1.5 * BOTTLE.radius))
    assert np.allclose(larger.inertia, 2.25 * BOTTLE.inertia)
    assert scaled_spec(BOTTLE, 0.75).name == "Bottle@0.75"


def test_most_clips_survive_and_belong_to_the_scaled_object(clips, pair):
    _, scaled, factor = pair
    assert scaled.num_clips >= clips.num_clips / 2
    assert scaled.objects == (f"Bottle@{factor:g}",) and scaled.meta["scale"] == factor


def test_the_scaled_object_still_rests_on_the_table(pair):
    clips, scaled, factor = pair
    corners = torch.from_numpy(BOTTLE.mesh.vertices).float()

    def lowest(motions, size):
        heights = rotations.rotate(motions.object_quat_w[::10, None], size * corners)[..., 2].amin(-1)
        return heights + motions.object_pos_w[::10, 2]

    before, after = lowest(clips, 1.0), lowest(scaled, factor)
    on_table = before < 2e-3
    assert (
        after[on_table].abs().max() < 3e-3 if on_table.any() else torch.equal(scaled.object_pos_w, clips.object_pos_w)
    )


def test_only_the_wrist_moves_in_the_hand_and_its_command_with_it(pair):
    clips, scaled, _ = pair
    assert torch.equal(scaled.joint_pos[:, 3:], clips.joint_pos[:, 3:])
    assert torch.equal(scaled.command[:, 3:], clips.command[:, 3:])
    assert torch.allclose(scaled.command[:, :3], scaled.joint_pos[:, :3])
    assert torch.equal(scaled.contact, clips.contact)


def test_a_held_object_keeps_its_place_in_the_hand(pair):
    _, scaled, _ = pair
    wrist = rotations.from_euler(scaled.joint_pos[:, 3:6])
    place = rotations.rotate_inverse(wrist, scaled.object_pos_w - scaled.joint_pos[:, :3])
    clip = torch.arange(scaled.num_clips).repeat_interleave(scaled.lengths)
    for number in range(scaled.num_clips):
        rows = (clip == number) & (scaled.contact == 1)
        assert not rows.any() or (place[rows] - place[rows][0]).norm(dim=-1).max() < 1e-3


def test_the_gap_between_palm_and_surface_stays(pair):
    clips, scaled, factor = pair
    held = clips.contact == 1

    def gap(motions, spec):
        palm = motions.joint_pos[:, :3] + rotations.rotate(
            rotations.from_euler(motions.joint_pos[:, 3:6]), HAND.palm_pos_h
        )
        return spec.signed_distance(rotations.rotate_inverse(motions.object_quat_w, palm - motions.object_pos_w))

    change = (gap(scaled, scaled_spec(BOTTLE, factor)) - gap(clips, BOTTLE))[held]
    # A foot by an edge; a hand raised off the table.
    assert not held.any() or (change.abs().max() < 0.0155 and change.abs().median() < 3e-3)


def test_the_hand_stays_over_the_table_and_out_of_the_object_while_free(pair):
    _, scaled, factor = pair
    clearance = Clearance(HAND, scaled_spec(BOTTLE, factor))
    assert clearance.lowest(scaled.joint_pos[::4]).min() >= CONFIG.table_clearance - 1e-4
    free = (scaled.contact == 0).nonzero()[::7, 0]
    depth = clearance.depth(scaled.joint_pos[free], scaled.object_pos_w[free], scaled.object_quat_w[free])
    assert not len(free) or depth.max() <= CONFIG.max_penetration + 2e-3


def test_key_bodies_and_velocities_follow(pair):
    _, scaled, _ = pair
    kinematics = Kinematics(HAND)
    expected = kinematics.key_points(kinematics.forward(scaled.joint_pos))
    assert torch.allclose(expected, scaled.key_pos_w, atol=1e-5)
    assert torch.equal(scaled.with_velocities().joint_vel, scaled.joint_vel)


def test_clips_of_another_object_are_refused(clips):
    with pytest.raises(HotError, match="cannot scale Box in clips of Bottle"):
        scale_clips(clips, HAND, load_object("Box"), 1.2)


def test_limits_that_leave_no_clip_are_an_error():
    grasp = generate(HAND, BOTTLE, "grasp", 4, 3, CONFIG, "train")
    with pytest.raises(HotError, match="none of 4 clips of mano and Bottle fits Bottle@1"):
        scale_clips(grasp, HAND, BOTTLE, 1.2, PlanningConfig(table_clearance=0.5))
