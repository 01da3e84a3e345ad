"""Laws of grasps that are put to use over the table."""

from __future__ import annotations

from dataclasses import replace

import torch

from hot.hands import load_hand
from hot.objects import load_object
from hot.synthesis import load_grasps, load_resting
from hot.synthesis.approach import Approaches
from hot.synthesis.config import JUDGING_PHYSICS
from hot.synthesis.pickup import _first, serve_table
from hot.synthesis.worlds import Worlds


def test_a_hand_that_presses_lifts_on_every_way_and_one_that_opens_on_none():
    hand, box, resting = load_hand("mano"), load_object("Box"), load_resting("Box")
    library = load_grasps("mano", "Box")
    sturdy = int((library.pickup[:, 0] & (library.turn < 0.03)).nonzero()[0])
    both = library.select(torch.tensor([sturdy, sturdy]))
    grasps = replace(both, command=torch.stack([both.command[0], hand.open_fingers]))
    worlds = Worlds(hand, box, JUDGING_PHYSICS, 8)
    try:
        wanted = torch.ones(2, len(resting), dtype=torch.bool)
        served = serve_table(grasps, resting, wanted, worlds, torch.Generator().manual_seed(3), ways=2)
    finally:
        worlds.free()
    assert served.reach.all()
    assert served.lifted[:, 0].tolist() == [True, False]
    assert served.lost[:, 0].tolist() == [False, True]


def test_of_each_pair_at_most_so_many_ways_are_taken_in_order():
    grasp, rest = torch.tensor([0, 0, 0, 0, 2, 3, 3]), torch.tensor([0, 0, 0, 1, 1, 0, 0])
    numbers = torch.arange(7.0)[:, None]
    ways = Approaches(grasp, rest, numbers.expand(7, 3), numbers)
    assert _first(2, ways, 2).opened[:, 0].tolist() == [0, 1, 3, 4, 5, 6]
    assert _first(1, ways, 2).opened[:, 0].tolist() == [0, 3, 4, 5]
    assert _first(9, ways, 2).opened[:, 0].tolist() == list(range(7))
