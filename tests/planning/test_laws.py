"""Laws of timing: ends, peaks, and motions worked by hand."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hot.physics import CONTROL_DT
from hot.planning.laws import ballistic, gravity, motion_at, quintic, ramped, smooth_frames
from hot.synthesis.timeline import smooth


@given(st.floats(0.01, 2.0), st.floats(0.1, 4.0), st.floats(1.0, 60.0))
def test_smooth_ways_stay_below_speed_and_acceleration(way, speed, acceleration):
    frames = int(smooth_frames(torch.tensor([way]), speed, acceleration))
    share = torch.linspace(0, 1, 2001, dtype=torch.float64)
    step = frames * CONTROL_DT / 2000
    path = way * smooth(share)
    assert float(path.diff().max()) / step <= speed * 1.001
    assert float(path.diff(n=2).abs().max()) / step**2 <= acceleration * 1.001


def test_a_ramped_way_gains_and_loses_its_speed_evenly():
    ramp = 0.25
    share = ramped(torch.linspace(0, 1, 401), torch.tensor(ramp))
    speed = share.diff() * 400
    assert (float(share[0]), float(share[-1])) == (0.0, 1.0)
    assert float(speed.max()) == pytest.approx(1 / (1 - ramp), rel=1e-3)
    assert float(speed[200]) == pytest.approx(float(speed.max()), rel=1e-3)  # constant between the ramps
    assert float((share + share.flip(0) - 1).abs().max()) < 1e-6


def test_a_quintic_begins_and_ends_in_the_given_states_of_motion():
    draw = torch.Generator().manual_seed(0)
    drawn = [torch.randn(5, 3, generator=draw).double() for _ in range(6)]
    start, end = (drawn[0], drawn[1], drawn[2]), (drawn[3], drawn[4], drawn[5])
    seconds = torch.full((5,), 0.5, dtype=torch.float64)
    time = torch.linspace(0, 0.5, 5001, dtype=torch.float64)
    path = quintic(start, end, seconds, time.expand(5, -1))
    step = float(time[1])
    for frame, (pos, velocity, acceleration), sign in ((0, start, 1), (-1, end, -1)):
        first, second, third = (path[:, frame + sign * k] for k in range(3))
        assert torch.allclose(first, pos, atol=1e-9)
        bend = (first - 2 * second + third) / step**2
        assert torch.allclose(bend, acceleration, atol=0.5)
        assert torch.allclose(sign * (second - first) / step, velocity, atol=5e-3)


def test_flight_is_the_parabola_of_gravity_forwards_and_backwards():
    pos, velocity = torch.tensor([[0.0, 0.0, 1.0]]), torch.tensor([[1.0, 0.0, 2.0]])
    path = ballistic((pos, velocity, gravity(pos)), torch.tensor([-0.1, 0.0, 0.2]))
    assert torch.allclose(path[0, 0], torch.tensor([-0.1, 0.0, 1.0 - 0.2 - 0.04905]), atol=1e-6)
    assert torch.allclose(path[0, 2], torch.tensor([0.2, 0.0, 1.0 + 0.4 - 0.1962]), atol=1e-6)
    later = motion_at((pos, velocity, gravity(pos)), 0.2)
    assert torch.allclose(later[0], path[:, 2])
    assert torch.allclose(later[1], torch.tensor([[1.0, 0.0, 2.0 - 1.962]]), atol=1e-6)
