import json
import sys
from pathlib import Path

import pytest

import hotcli.card_results
from hot.evaluation import Rate
from hot.policies import CardRate, CardResult, Policy
from hot.runs import Run
from hotcli import compare

COMPARE = "train compare --hand allegro --object Bottle --skill grasp --minutes 2 --out cmp"


def results(successes):
    rate = Rate(successes=successes, clips=10, low=0.0, high=1.0)
    rates: dict = dict.fromkeys(("hot", "strict", "end"), CardRate(**rate.model_dump()))
    return [
        CardResult(engine="mujoco", physics={}, noise=noise, skill="grasp", seed=1, rates=rates) for noise in (0.0, 0.5)
    ]


@pytest.fixture
def judged(monkeypatch, stages):
    """Stands in for judging: what trains with reward.finger = 3 succeeds on 9 clips, the others on as many as seeds."""
    calls = []

    def judge(policy, preset, progress):
        calls.append(preset)
        return results(9 if preset.reward.finger == 3 else preset.seed)

    monkeypatch.setattr(hotcli.card_results, "judge", judge)
    monkeypatch.setattr(Policy, "load", staticmethod(lambda path: None))
    return calls


def test_every_combination_is_trained_for_the_same_time_and_judged(hot, stages, judged):
    result = hot(COMPARE, "--clips 10 --seeds 1,2 --vary reward.finger=3,4 --vary reward.form=product,linear")
    assert result.exit_code == 0, result.stderr
    assert stages.train.count == 8 and stages.train.args[2].seconds == 120.0
    assert stages.generate.count == 1  # all from the same clips
    assert [(p.reward.finger, p.reward.form, p.seed) for p in judged] == [
        (finger, form, seed) for finger in (3.0, 4.0) for form in ("product", "linear") for seed in (1, 2)
    ]
    assert all(preset.evaluation.clips == 10 for preset in judged)


def test_the_table_has_mean_and_spread_over_seeds_and_marks_the_best(hot, stages, judged):
    hot(COMPARE, "--clips 10 --seeds 1,3 --vary reward.finger=3,4")
    lines = Path("cmp/table.md").read_text().splitlines()
    assert lines[0].startswith("| choice | grasp, hot, noise 0 | grasp, strict, noise 0 | grasp, hot, noise 0.5 |")
    assert lines[2].startswith("| reward.finger=3 | **90.0 ± 0.0** |")
    assert lines[3].startswith("| reward.finger=4 | 20.0 ± 14.1 |")  # of 10 and 30
    table = json.loads(Path("cmp/table.json").read_text())
    assert table[1]["columns"]["grasp, hot, noise 0"]["seeds"] == {"1": 10.0, "3": 30.0}


def test_both_stages_are_trained_with_the_varied_values_and_the_last_is_judged(hot, stages, judged):
    words = COMPARE.replace("--minutes 2", "--minutes 1,5")
    result = hot(words, "--clips 10 --seeds 1 --vary reward.finger=3,4 --set scaling.factors=[]")
    assert result.exit_code == 0, result.stderr
    assert stages.train.count == 4 and [(p.stage, p.reward.finger) for p in judged] == [(2, 3.0), (2, 4.0)]
    assert stages.train.args[2].seconds == 300.0
    run = Run.open(Path("cmp/reward.finger=4-seed1"))
    assert (run.provenance["stage"], run.provenance["started_from"]) == (2, "cmp/reward.finger=4-seed1-stage1")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("--minutes 1,5 --stage 1", "each stage's up to --stage"),
        ("--minutes 1,5 --from runs/one", "the first one starts fresh"),
        ("--minutes one", "is not a list of numbers"),
    ],
)
def test_times_that_fit_no_stages_are_refused(hot, stages, judged, words, problem):
    result = hot(COMPARE.replace("--minutes 2", words), "--seeds 1 --vary reward.finger=3")
    assert result.exit_code == 2 and problem in " ".join(result.stderr.replace("│", " ").split())
    assert stages.train.count == 0


def test_finished_trainings_are_not_repeated(hot, stages, judged):
    hot(COMPARE, "--clips 10 --seeds 1 --vary reward.finger=3,4")
    again = hot(COMPARE, "--clips 10 --seeds 1,2 --vary reward.finger=3,4")
    assert stages.train.count == 4 and len(judged) == 4
    assert "Trained before: cmp/reward.finger=3-seed1" in again.stderr


def test_other_numbers_of_clips_are_judged_afresh(hot, stages, judged):
    hot(COMPARE, "--clips 10 --seeds 1 --vary reward.finger=3")
    hot(COMPARE, "--clips 20 --seeds 1 --vary reward.finger=3")
    assert stages.train.count == 1 and len(judged) == 2


def test_an_interrupted_training_is_resumed(hot, stages, judged):
    hot(COMPARE, "--clips 10 --seeds 1 --vary reward.finger=3")
    Run.open(Path("cmp/reward.finger=3-seed1")).set_status("interrupted")
    result = hot(COMPARE, "--clips 10 --seeds 1 --vary reward.finger=3")
    assert result.exit_code == 0, result.stderr
    assert stages.train.count == 2 and stages.train.kwargs["resume"] is True


def test_jobs_are_trained_side_by_side_from_the_same_clips(hot, stages, judged, monkeypatch):
    lanes_used = []

    def one_after_another(call, tasks, logs, lanes):
        lanes_used.append(([log.name for log in logs], lanes, stages.generate.count))
        for task in tasks:
            call(*task)

    monkeypatch.setattr(compare.lanes, "side_by_side", one_after_another)
    result = hot(COMPARE, "--clips 10 --seeds 1,2 --vary reward.finger=3,4 --jobs 3")
    assert result.exit_code == 0, result.stderr
    logs = [f"reward.finger={finger}-seed{seed}.log" for finger in (3, 4) for seed in (1, 2)]
    assert lanes_used == [(logs, 3, 1)] and stages.generate.count == 1 and stages.train.count == 4
    assert Path("cmp/table.md").read_text().splitlines()[2].startswith("| reward.finger=3 | **90.0")


def test_an_unknown_value_is_named_before_any_lane_starts(hot, stages, judged):
    result = hot(COMPARE, "--seeds 1 --vary reward.fingers=1,2 --jobs 2")
    assert result.exit_code == 1 and "did you mean 'reward.finger'" in result.stderr


def test_values_in_brackets_are_one_value():
    assert compare._values("[512,256],[256,128]") == ["[512,256]", "[256,128]"]


@pytest.mark.parametrize("key", ["synthesis.speed", "seed", "object"])
def test_what_changes_the_clips_is_refused(hot, stages, judged, key):
    result = hot(COMPARE, f"--vary {key}=1,2")
    assert result.exit_code == 1 and f"--vary {key}: all trainings share their clips" in result.stderr
    assert stages.train.count == 0


def test_an_unknown_key_is_named_before_anything_is_trained(hot, stages, judged):
    result = hot(COMPARE, "--seeds 1 --vary reward.fingers=1,2")
    assert result.exit_code == 1 and "did you mean 'reward.finger'" in result.stderr
    assert stages.train.count == 0


def test_seeds_are_numbers(hot, stages, judged):
    assert hot(COMPARE, "--vary reward.finger=3 --seeds one").exit_code == 2


def run_with_curve(name: str, rows: int) -> Run:
    run = Run.create(Path("runs") / name, "", {"hand": "allegro", "object": "Bottle", "stage": 1})
    header = "epoch,perf/samples,perf/seconds,track/reward,track/completed,track/object_cm"
    lines = [f"{n},{n * 1000},{n * 2.0},{0.1 * n},{0.2 * n},{5.0 / n}" for n in range(1, rows + 1)]
    run.metrics_path.write_text("\n".join([header, *lines]) + "\n")
    return run


def test_curves_of_runs_become_one_picture(hot):
    run_with_curve("a", 3)
    run_with_curve("b", 5)
    result = hot("curves runs/a runs/b --out there/curves.png")
    assert result.exit_code == 0, result.stderr
    assert Path("there/curves.png").read_bytes().startswith(b"\x89PNG")


def test_curves_are_drawn_against_samples_and_minutes(workplace):
    from hotcli import curves

    run = run_with_curve("a", 3)
    panes = curves.draw({"a": curves.read(run.metrics_path)}).axes
    reward, of_time = panes[0].lines[0], panes[1].lines[0]
    assert list(reward.get_xdata()) == [0.001, 0.002, 0.003] and list(of_time.get_xdata()) == [2 / 60, 4 / 60, 6 / 60]
    assert list(reward.get_ydata()) == pytest.approx([0.1, 0.2, 0.3])


@pytest.mark.parametrize(
    ("text", "problem"),
    [(None, "cannot be read"), ("epoch,x\n1,2\n", "is no learning curve"), ("epoch\n", "holds no epoch yet")],
)
def test_a_run_without_a_learning_curve_is_named(hot, text, problem):
    run = run_with_curve("a", 1)
    run.metrics_path.unlink()
    if text is not None:
        run.metrics_path.write_text(text)
    result = hot("curves runs/a")
    assert result.exit_code == 1 and f"runs/a/metrics.csv: {problem}" in result.stderr


def test_a_missing_matplotlib_says_how_to_install_it(hot, monkeypatch):
    run_with_curve("a", 2)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = hot("curves runs/a")
    assert result.exit_code == 1 and "pip install 'hand-object-tracking[plots]'" in result.stderr


def test_an_unknown_picture_format_lists_the_known_ones(hot):
    run_with_curve("a", 2)
    result = hot("curves runs/a --out curves.bmp")
    assert result.exit_code == 1 and ".png, .svg, .pdf" in result.stderr
