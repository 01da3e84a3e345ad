import io

from rich.console import Console
from rich.progress import Progress

from hotcli import progress
from hotcli.console import error, show, show_table


def test_lines_come_at_the_start_and_at_the_end_but_not_at_every_step(capsys):
    lines = progress.Lines()
    for done in range(101):
        lines("closing hands", done, 100, {"alive": 812.0})
    said = capsys.readouterr().err.splitlines()
    assert [line.split("  ")[0] for line in said] == ["closing hands: 0/100", "closing hands: 100/100"]
    assert said[-1].endswith("alive 812")


def test_lines_tell_the_time_that_is_left(capsys, monkeypatch):
    times = iter([0.0, 20.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(times))
    lines = progress.Lines()
    lines("training", 0, 10, {})
    lines("training", 4, 10, {})  # 5 s a step, 6 steps left
    assert capsys.readouterr().err.splitlines()[-1] == "training: 4/10, 30 s left"


def test_what_is_done_anew_is_timed_anew(capsys, monkeypatch):
    times = iter([0.0, 100.0, 100.0, 120.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(times))
    lines = progress.Lines()
    lines("scaling clips", 0, 4, {})
    lines("scaling clips", 4, 4, {})
    lines("scaling clips", 1, 4, {})  # the next object's
    lines("scaling clips", 2, 4, {})  # 20 s a step, 2 steps left
    said = capsys.readouterr().err.splitlines()
    assert said[-2:] == ["scaling clips: 1/4", "scaling clips: 2/4, 40 s left"]


def test_what_is_done_anew_begins_its_bar_anew():
    with Progress(console=Console(file=io.StringIO())) as drawn:
        bars = progress.Bars(drawn)
        bars("grasp", 4, 4, {})
        bars("grasp", 1, 4, {})
        assert drawn.tasks[0].completed == 1
        assert not drawn.tasks[0].finished


def test_each_thing_has_its_own_bar():
    with Progress(console=Console(file=io.StringIO())) as drawn:
        bars = progress.Bars(drawn)
        bars("grasp", 1, 4, {"alive": 2})
        bars("move", 2, 5, {})
        bars("grasp", 3, 4, {"alive": 1})
        assert [(task.description, task.completed, task.total) for task in drawn.tasks] == [
            ("grasp", 3, 4),
            ("move", 2, 5),
        ]


def test_without_a_terminal_progress_is_lines():
    with progress.drawn() as listener:
        assert isinstance(listener, progress.Lines)


def test_figures_are_short():
    assert progress.figure_text({"steps_per_s": 12345.6, "reward": 0.123456}) == "steps_per_s 12,346  reward 0.123"


def test_results_and_errors_go_to_their_own_streams_plain_and_whole(capsys):
    show("pip install 'x[gpu]' " + "y" * 300)
    error("one\n  two")
    out, err = capsys.readouterr()
    assert out == "pip install 'x[gpu]' " + "y" * 300 + "\n"
    assert err == "error: one two\n"


def test_cells_are_shown_as_they_are(capsys):
    show_table("t", ["a", "b [cm]"], [["x[gpu]", "1 [0, 2]"]], words=1)
    text = capsys.readouterr().out
    assert "x[gpu]" in text and "b [cm]" in text
