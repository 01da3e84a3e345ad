"""Laws of the grasp energy: the distance grid, the pads, the balance of forces, and what minimising does."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hot import rotations
from hot.hands import Kinematics, load_hand
from hot.objects import load_object
from hot.synthesis import load_grasps, load_resting
from hot.synthesis.candidates import Planner
from hot.synthesis.clearance import shape_distance
from hot.synthesis.closed_hands import close_hands, thumb_opposition
from hot.synthesis.closure import Asked, GraspEnergy, Press
from hot.synthesis.config import ClosureConfig, GraspConfig
from hot.synthesis.distance import DistanceField
from hot.synthesis.pads import PALM, TIP, find_pads
from hot.synthesis.quality import compliance
from hot.synthesis.refine import best_of, refine
from hot.synthesis.seeds import Seeder, Seeds, draw_pads
from hot.synthesis.selection import select_diverse, sturdiest
from hot.synthesis.transforms import compose

HANDS = ["allegro", "mano", "shadow"]
CPU = torch.device("cpu")
FIELD = DistanceField(load_object("Box"))


def generator(seed=3):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def allegro():
    hand = load_hand("allegro")
    closed = close_hands(hand, 64, generator())
    return hand, closed, find_pads(hand, closed)


def test_the_distance_grid_agrees_with_the_half_spaces():
    box = load_object("Box")
    points = 0.06 * (2 * torch.rand(500, 3, generator=generator()) - 1)
    distance, normal = DistanceField(box).at(points)
    assert (distance - box.signed_distance(points)).abs().max() < 0.0025 / 2
    assert normal.norm(dim=-1) == pytest.approx(torch.ones(500), abs=1e-5)
    face = torch.tensor([[0.0, 0.0, float(box.mesh.extents[2]) / 2 + 0.01]])
    assert DistanceField(box).at(face)[1][0].tolist() == pytest.approx([0, 0, 1], abs=1e-4)


def test_points_beyond_the_grid_are_farther_by_the_way_to_its_edge():
    field = DistanceField(load_object("Box"))
    near, far = torch.tensor([[0.0, 0.0, 0.2]]), torch.tensor([[0.0, 0.0, 0.5]])
    assert float(field.distance(far) - field.distance(near)) == pytest.approx(0.3, abs=1e-4)


@pytest.mark.parametrize("name", HANDS)
def test_pads_lie_on_the_links_and_move_out_of_the_hand_in_closing(name):
    hand = load_hand(name)
    closed = close_hands(hand, 64, generator())
    pads = find_pads(hand, closed)
    assert set(pads.finger.tolist()) == {-1, *range(hand.num_fingers)}
    assert pads.normal.norm(dim=-1) == pytest.approx(torch.ones(len(pads.body)), abs=1e-5)
    for body, pos, finger in zip(pads.body.tolist(), pads.pos, pads.finger.tolist()):
        own = [c for c in hand.tree.colliders if c.body == body]
        seen = [rotations.rotate_inverse(c.quat.float(), pos - c.pos.float()) for c in own]
        if finger >= 0:
            assert min(abs(float(shape_distance(c.shape, c.size, p))) for c, p in zip(own, seen)) < 1e-3
    turned, kinematics = thumb_opposition(hand), Kinematics(hand)
    places = []
    for share in (0.5, 0.6):
        fingers = hand.open_fingers + torch.where(turned, 1.0, share) * (closed.fingers - hand.open_fingers)
        places.append(pads.placed(kinematics.forward(torch.cat([torch.zeros(len(fingers), 6), fingers], 1))))
    along = ((places[1][0] - places[0][0]) * places[0][1]).sum(-1).mean(0)
    assert (along[pads.finger >= 0] > 0).all()


class Pinch:
    """A stand-in hand of two pads that face each other across the box, and nothing else."""

    def __init__(self, allegro, config):
        hand, _, pads = allegro
        self.energy = GraspEnergy(hand, load_object("Box"), pads, FIELD, config)
        self.half = float(load_object("Box").mesh.extents[0]) / 2
        self.asked = Asked(torch.zeros(1, len(pads.body), dtype=torch.bool), torch.zeros(1, 3), torch.zeros(1))
        tips = ((pads.kind == TIP) & (pads.finger == 0)).nonzero()[:1, 0], (pads.finger == 3).nonzero()[:1, 0]
        self.ids = [int(t[0]) for t in tips]
        self.asked.pads[0, self.ids] = True

    def residual(self, normals, points):
        """Of forces along the normals with equal shares."""
        count = self.asked.pads.shape[1]
        normal, tangents = torch.zeros(1, count, 3), torch.zeros(1, count, 3)
        normal[0, self.ids] = normals
        share = self.energy._shares(torch.zeros(1, count), self.asked)
        force = self.energy._forces(share, tangents, normal)
        return force.sum(1)[0], torch.cross(points, force[0, self.ids], dim=-1).sum(0), share


def test_opposite_presses_balance_and_skew_ones_do_not(allegro):
    pinch = Pinch(allegro, ClosureConfig())
    normals = torch.tensor([[1.0, 0, 0], [-1.0, 0, 0]])
    force, moment, share = pinch.residual(normals, pinch.half * normals)
    assert share[0, pinch.ids].tolist() == pytest.approx([0.5, 0.5])
    assert force.norm() == pytest.approx(0, abs=1e-6) and moment.norm() == pytest.approx(0, abs=1e-6)
    skew = torch.tensor([[1.0, 0, 0], [0.0, 1.0, 0]])
    force, _, _ = pinch.residual(skew, pinch.half * skew)
    assert float(force.norm()) == pytest.approx(0.5 * 2**0.5, abs=1e-5)  # two halves at a right angle


def test_forces_stay_within_the_friction_cone(allegro):
    hand, _, pads = allegro
    config = ClosureConfig(friction=0.4)
    energy = GraspEnergy(hand, load_object("Box"), pads, FIELD, config)
    normal = torch.nn.functional.normalize(torch.randn(4, 6, 3, generator=generator()), dim=-1)
    force = energy._forces(torch.ones(4, 6), 100 * torch.randn(4, 6, 3, generator=generator(1)), normal)
    into = -(force * normal).sum(-1)
    along = (force + into[..., None] * normal).norm(dim=-1)
    assert into == pytest.approx(torch.ones(4, 6), abs=1e-4)
    assert float(along.max()) <= 0.4 + 1e-5 and float(along.max()) > 0.39


def test_torques_do_the_work_of_the_pads(allegro):
    """J^T f, against the finite difference of the forces' work along each joint."""
    hand, closed, pads = allegro
    energy = GraspEnergy(hand, load_object("Box"), pads, FIELD, ClosureConfig())
    joints = torch.cat([torch.zeros(1, 6), closed.fingers[:1]], 1)
    pinch = draw_pads(hand, pads, torch.zeros(1, dtype=torch.long), generator())
    asked = Asked(pinch, torch.zeros(1, 3), torch.zeros(1))
    kinematics, step = Kinematics(hand), 1e-3
    _, facing = pads.placed(kinematics.forward(joints))
    torque = energy.closing(joints, asked)[0]
    for joint in (6, 9, 18, 20):
        moved = torch.zeros_like(joints)
        moved[0, joint] = step
        ahead, _ = pads.placed(kinematics.forward(joints + moved))
        behind, _ = pads.placed(kinematics.forward(joints - moved))
        work = ((ahead - behind) / (2 * step) * facing * asked.pads[..., None]).sum()
        assert float(torque[joint]) == pytest.approx(float(work), abs=1e-4)


def test_refining_lowers_the_energy_and_keeps_the_joints_ranges(allegro):
    hand, closed, pads = allegro
    box, resting, config = load_object("Box"), load_resting("Box"), GraspConfig(refine_steps=40)
    seeds = Seeder(hand, box, resting, closed, pads, config, generator()).draw(24, 0)
    energy, asked = GraspEnergy(hand, box, pads, FIELD, config.closure), seeds.asked(resting)
    nothing = Press(torch.zeros(asked.pads.shape), torch.zeros(*asked.pads.shape, 3))
    before = torch.stack(list(energy(seeds.joints, nothing, asked).values())).sum(0)
    after = refine(hand, energy, seeds.joints, asked, config.refine_steps)
    assert float(after.energy.median()) < 0.3 * float(before.median())
    fingers = after.joints[:, 6:]
    assert (fingers >= hand.joint_lower[6:]).all() and (fingers <= hand.joint_upper[6:]).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
def test_a_recorded_step_refines_as_one_on_a_cpu_does(allegro):
    hand, closed, pads = allegro
    box, resting, config = load_object("Box"), load_resting("Box"), GraspConfig()
    energies = []
    for device in ("cpu", "cuda"):
        field = DistanceField(box, device)
        seeds = Seeder(hand, box, resting, closed, pads, config, generator()).draw(24, 0)
        seeds = Seeds(*(getattr(seeds, f.name).to(device) for f in fields(seeds)))
        energy = GraspEnergy(hand, box, pads, field, config.closure)
        energies.append(refine(hand, energy, seeds.joints, seeds.asked(resting), 10).energy.cpu())
    assert torch.allclose(*energies, rtol=1e-2)


def test_seeds_over_a_table_look_down_and_use_the_thumb_with_another_finger(allegro):
    hand, closed, pads = allegro
    bottle, resting = load_object("Bottle"), load_resting("Bottle")
    seeds = Seeder(hand, bottle, resting, closed, pads, GraspConfig(), generator()).draw(50, 1)
    assert len(seeds.joints) == 50 and (seeds.rest == 1).all()
    wrist = seeds.joints[:, :3], rotations.from_euler(seeds.joints[:, 3:6])
    palm = compose(
        compose((torch.zeros(50, 3), resting.quat_w[1].expand(50, 4)), wrist), (hand.palm_pos_h, hand.palm_quat_h)
    )
    assert (rotations.rotate(palm[1], torch.tensor([0.0, 0.0, 1.0]))[:, 2] < 0.1 + 1e-5).all()
    thumb = hand.finger_names.index("thumb")
    assert seeds.pads[:, pads.finger == thumb].any(1).all()
    assert seeds.pads[:, (pads.finger >= 0) & (pads.finger != thumb)].any(1).all()
    assert seeds.pads[:, pads.kind == PALM].sum(1).max() <= 1


def test_planned_hands_start_clear_of_the_object(allegro):
    hand, closed, pads = allegro
    box, resting, config = load_object("Box"), load_resting("Box"), GraspConfig(refine_steps=40)
    seeds = Seeder(hand, box, resting, closed, pads, config, generator()).draw(24, None)
    planner = Planner(hand, box, pads, FIELD, config)
    planned = planner.plan(seeds, resting, 12)
    assert 0 < len(planned.start) <= 12 and len(planned.seed.unique()) == len(planned.seed)
    assert float(planned.press.abs().amax(1).min()) == pytest.approx(1.0, abs=1e-5)
    assert (planned.start - planned.plan).abs().amax(1).max() > 0


def test_sturdier_grasps_are_chosen_first_and_far_from_each_other():
    grasps = load_grasps("allegro", "Box")
    strength = torch.where(torch.arange(len(grasps)) % 2 == 0, 24.0, 10.8)
    grasps = replace(grasps, disturbance=strength)
    chosen = select_diverse(grasps, load_hand("allegro"), len(grasps) // 4)
    assert (chosen.disturbance == 24.0).all()
    more = select_diverse(grasps, load_hand("allegro"), len(grasps) // 2 + 5)
    assert (more.disturbance == 24.0).sum() == len(grasps) // 2


def test_of_equally_strong_grasps_every_kind_gives_as_many():
    grasps = load_grasps("allegro", "Box")
    kind = (torch.arange(len(grasps)) >= 8).long() * 2 - 1  # -1 for eight of them
    grasps = replace(grasps, disturbance=torch.where(torch.arange(len(grasps)) % 4 == 0, 24.0, 10.8))
    rows = sturdiest(grasps, load_hand("allegro"), kind, 8)
    assert (kind[rows] == -1).sum() == 4 and len(rows.unique()) == 8
    assert (grasps.disturbance[rows] == 24.0).sum() == 2 + 4  # all that the small kind has


@given(st.integers(1, 5), st.integers(1, 12), st.floats(0.0, 1.0), st.integers(0, 1000))
def test_the_best_are_as_many_of_every_kind(kinds, size, share, seed):
    kind = torch.arange(kinds).repeat(size)
    cost = torch.rand(len(kind), generator=generator(seed))
    count = round(share * len(kind))
    rows = best_of(cost, kind, count)
    assert len(rows) == count and (rows.diff() > 0).all()
    for each in range(kinds):
        own, taken = (kind == each).nonzero()[:, 0], rows[kind[rows] == each]
        assert len(taken) in (count // kinds, -(-count // kinds))
        assert set(taken.tolist()) == set(own[cost[own].argsort()[: len(taken)]].tolist())


@given(st.integers(1, 40), st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.integers(0, 1000))
def test_beside_the_best_of_every_kind_the_best_of_all_are_taken(size, share, even_share, seed):
    """Also of those that cost infinitely much, so that as many come as were asked for, each once."""
    cost = torch.rand(size, generator=generator(seed))
    cost[cost > 0.7] = torch.inf
    kind, count = torch.randint(3, (size,), generator=generator(seed)), round(share * size)
    rows = best_of(cost, kind, count, even_share)
    assert len(rows) == count and (rows.diff() > 0).all()
    even = best_of(cost, kind, round(even_share * count))
    assert set(even.tolist()) <= set(rows.tolist())
    others = set(rows.tolist()) - set(even.tolist())
    left = set(range(size)) - set(even.tolist())
    assert not others or max(cost[list(others)]) <= min([float(cost[row]) for row in left - others], default=torch.inf)
    assert torch.equal(best_of(cost, kind, count, 0.0), cost.argsort(stable=True)[:count].sort().values)


def test_compliance_is_that_of_springs():
    even = torch.tensor([[0.5, 0.5]])
    beside = compliance(torch.tensor([[[0.05, 0.0, 0.0], [-0.05, 0.0, 0.0]]]), even)
    assert float(beside) == pytest.approx(1 / 1.001)  # springs of one in all, about the centre
    # Both a lever's length to one side, two levers apart: a pull across turns the object about their middle.
    # Stiffness of the turn about z, from arms (1, 1) and (1, -1): 2 at the centre, 1 of it the coupling.
    aside = compliance(torch.tensor([[[0.05, 0.05, 0.0], [0.05, -0.05, 0.0]]]), even)
    turning = torch.tensor([[1.001, 1.0], [1.0, 2.001]])  # along y and about z
    lifting = torch.tensor([[1.001, -1.0], [-1.0, 1.001]])  # along z and about y: the springs have no arm there
    worst = max(float(torch.linalg.inv(m)[0, 0]) for m in (turning, lifting))
    assert float(aside) == pytest.approx(worst, rel=1e-3)


def test_hands_over_a_table_are_planned_above_it(allegro):
    hand, closed, pads = allegro
    box, resting, config = load_object("Box"), load_resting("Box"), GraspConfig(refine_steps=60)
    seeds = Seeder(hand, box, resting, closed, pads, config, generator()).draw(48, 0)
    planned = Planner(hand, box, pads, FIELD, config).plan(seeds, resting, 8)
    joints = torch.cat([planned.wrist_pos_o, rotations.to_euler(planned.wrist_quat_o), planned.plan], 1)
    skin = Kinematics(hand).collider_points(Kinematics(hand).forward(joints))
    up = rotations.rotate_inverse(resting.quat_w[0], torch.tensor([0.0, 0.0, 1.0]))
    lowest = (skin @ up).amin(1) + resting.height[0]
    assert float(lowest.median()) > 0.0
