"""An object in several sizes keeps its own clips and gets its share of worlds."""

from __future__ import annotations

import pytest
import torch

from hot.planning import PlanningConfig, generate
from hot.planning.config import ScalingConfig
from hot.planning.sizes import in_sizes


def test_sizes_add_clips_objects_and_shares(allegro, bottle):
    config = PlanningConfig()
    motions = generate(allegro, bottle, "move", 6, 1, config, "train")
    sizes = in_sizes(motions, allegro, bottle, ScalingConfig(factors=(0.8, 1.25), share=0.4), config)
    assert sizes.motions.objects == ("Bottle", "Bottle@0.8", "Bottle@1.25") == tuple(sizes.objects)
    assert sizes.shares == pytest.approx({"Bottle": 0.6, "Bottle@0.8": 0.2, "Bottle@1.25": 0.2})
    assert sizes.objects["Bottle@1.25"].radius == pytest.approx(1.25 * bottle.radius)
    own = sizes.motions.clip_object == 0
    assert int(own.sum()) == 6
    assert torch.equal(sizes.motions.select(own.nonzero()[:, 0]).joint_pos, motions.joint_pos)


def test_no_other_sizes_leave_the_clips_alone(allegro, bottle):
    motions = generate(allegro, bottle, "move", 3, 1, PlanningConfig(), "train")
    sizes = in_sizes(motions, allegro, bottle, ScalingConfig(), PlanningConfig())
    assert torch.equal(sizes.motions.joint_pos, motions.joint_pos)
    assert sizes.shares == {"Bottle": 1.0}
