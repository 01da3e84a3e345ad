import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hot.errors import ConfigError, HotError
from hotcli import lanes


def tell(name: str) -> None:
    print(f"{name} on {os.environ['CUDA_VISIBLE_DEVICES']}")


def fail(name: str) -> None:
    if name == "bad":
        raise ConfigError("no such thing")
    time.sleep(0.1)
    Path(f"{name}.done").touch()


def linger(name: str) -> None:
    Path(f"{name}.began").touch()
    time.sleep(600)


def test_every_task_has_its_log_and_every_lane_its_gpu(workplace, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    names = ["a", "b", "c", "d"]
    lanes.side_by_side(tell, [(name,) for name in names], [Path("logs") / f"{name}.log" for name in names], 2)
    said = [(Path("logs") / f"{name}.log").read_text().split() for name in names]
    assert [words[0] for words in said] == names and {words[2] for words in said} <= {"5", "7"}


def test_lanes_beyond_the_gpus_share_them(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    assert [gpu for gpu, _ in lanes._places(5)] == ["5", "7", "5", "7", "5"]


@pytest.mark.parametrize("number", [1, 3, 16])
def test_lanes_share_the_cores_evenly_and_leave_none_out(monkeypatch, number):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(4, 16)), raising=False)
    windows = [cores for _, cores in lanes._places(number)]
    assert len({len(window) for window in windows}) == 1
    uses = [sum(core in window for window in windows) for core in range(4, 16)]
    assert min(uses) >= 1 and max(uses) - min(uses) <= 1


def test_a_lane_takes_no_more_threads_than_it_has_cores(monkeypatch):
    from hot.physics import mujoco_cpu

    monkeypatch.setattr("os.sched_getaffinity", lambda _: {3, 5, 6}, raising=False)
    assert mujoco_cpu._cores() == 3


def test_a_failure_is_named_with_its_log_and_stops_no_other_task(workplace):
    with pytest.raises(HotError, match=r"1 of 3 failed: bad.log: no such thing"):
        lanes.side_by_side(fail, [("bad",), ("x",), ("y",)], [Path("bad.log"), Path("x.log"), Path("y.log")], 2)
    assert Path("x.done").exists() and Path("y.done").exists()
    assert "no such thing" in Path("bad.log").read_text()


def _interrupt_when_begun() -> None:
    """Ctrl-C as a terminal sends it, to this process and its children, until all has ended and a little longer."""
    while not list(Path().glob("*.began")):
        time.sleep(0.05)
    for pause in (0.001, 0.01, 0.05, 0.1, 0.1, 0.1, 0.1):
        os.killpg(0, signal.SIGINT)
        time.sleep(pause)


def run_and_interrupt() -> None:
    """A command of its own: what runs and what waits, interrupted."""
    signal.signal(signal.SIGINT, lambda *_: None)  # what comes after the end is not the matter here
    names = [f"{first}{second}" for first in "abcd" for second in ("", "2")]
    presses = threading.Thread(target=_interrupt_when_begun)
    presses.start()
    try:
        lanes.side_by_side(linger, [(name,) for name in names], [Path(f"{name}.log") for name in names], 2)
    except KeyboardInterrupt:
        print("interrupted, left:", len(multiprocessing.active_children()))
    presses.join()


def test_ctrl_c_pressed_again_and_again_ends_what_runs_and_what_waits_in_silence(workplace):
    command = [sys.executable, "-c", "from tests.cli import test_lanes; test_lanes.run_and_interrupt()"]
    paths = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "interrupted, left: 0\n")
    assert sorted(path.name for path in Path().glob("*.began")) in (["a.began"], ["a.began", "a2.began"])
    assert not any("Traceback" in path.read_text() for path in Path().glob("*.log"))
