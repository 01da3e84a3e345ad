"""Small motion sets of a small hand."""

from __future__ import annotations

from typing import NamedTuple, Tuple

import torch
from hypothesis import strategies as st

from hot import rotations
from hot.motions.clips import CLIP_FIELDS, FRAME_FIELDS, Motions


class FakeHand(NamedTuple):
    """Names alone, which is all that motions ask of a hand."""

    name: str
    joint_names: Tuple[str, ...]
    key_bodies: Tuple[str, ...]


WRIST = ("slide_x", "slide_y", "slide_z", "hinge_x", "hinge_y", "hinge_z")
HAND = FakeHand("claw", (*WRIST, "left", "right"), ("tip_l", "tip_r", "wrist"))
OBJECTS = ("Bottle", "Box")
SKILLS = ("grasp", "throw")


def make_motions(seed=0, lengths=(4, 1, 7), hand=HAND, objects=OBJECTS, skills=SKILLS):
    """Smooth random clips with consistent velocities; each clip's object and skill cycle through the catalogues."""
    generator = torch.Generator().manual_seed(seed)

    def drift(*shape, scale=0.05):
        return (scale * torch.randn(*shape, generator=generator)).cumsum(0)

    frames, clips, joints = sum(lengths), len(lengths), len(hand.joint_names)
    joint_pos = drift(frames, joints)
    object_quat_w = rotations.from_vector(drift(frames, 3))
    key_pos_w = drift(frames, len(hand.key_bodies), 3)
    key_pos_w[:, -1] = joint_pos[:, :3]
    return Motions(
        hand=hand.name,
        joint_names=hand.joint_names,
        key_bodies=hand.key_bodies,
        fps=60.0,
        objects=objects,
        skills=skills,
        clip_start=torch.tensor([0, *lengths]).cumsum(0),
        clip_object=torch.arange(clips) % len(objects),
        clip_skill=torch.arange(clips) % len(skills),
        clip_grasp=torch.randint(0, 20, (clips,), generator=generator),
        clip_rest=torch.randint(0, 5, (clips,), generator=generator),
        joint_pos=joint_pos,
        joint_vel=joint_pos,
        command=joint_pos,
        key_pos_w=key_pos_w,
        object_pos_w=drift(frames, 3),
        object_quat_w=rotations.make_continuous(object_quat_w, dim=0),
        object_linvel_w=joint_pos[:, :3],
        object_angvel_w=joint_pos[:, :3],
        contact=torch.randint(-1, 2, (frames,), generator=generator).to(torch.int8),
        meta={"seed": seed},
    ).with_velocities()


motion_sets = st.builds(
    make_motions, seed=st.integers(0, 2**31), lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5).map(tuple)
)


def assert_same_clips(a: Motions, b: Motions):
    """Every tensor and every name is equal, bit for bit."""
    for name in ("clip_start", *CLIP_FIELDS, *FRAME_FIELDS):
        torch.testing.assert_close(getattr(a, name), getattr(b, name), rtol=0, atol=0, msg=name)
    names = ("hand", "joint_names", "key_bodies", "fps", "objects", "skills", "meta")
    assert [getattr(a, name) for name in names] == [getattr(b, name) for name in names]
