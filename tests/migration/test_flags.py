from hot.migration.flags import Flag, Given, Kind

FLAGS = {
    "test": Flag(Kind.SWITCH),
    "task": Flag(Kind.TEXT),
    "num_envs": Flag(Kind.WHOLE, neutral=(0,)),
    "num_threads": Flag(Kind.WHOLE),
    "share": Flag(Kind.REAL, neutral=(-1,)),
    "names": Flag(Kind.TEXTS),
    "maybe": Flag(Kind.MAYBE),
}


def read(line):
    return Given(FLAGS, line.split())


def problems(line):
    return [(gap.flag, gap.why) for gap in read(line).gaps]


def test_values_come_after_a_blank_or_an_equals_sign_and_stay_as_typed():
    given = read("--task a --num_envs=04 --share 0.50 --names x y z --test")
    assert not given.gaps
    assert [given.text(name) for name in ("task", "num_envs", "share")] == ["a", "04", "0.50"]
    assert given.texts("names") == ("x", "y", "z")
    assert "test" in given


def test_the_beginning_of_a_name_is_enough_if_it_is_the_beginning_of_one_alone():
    assert read("--num_e 3").text("num_envs") == "3"
    assert problems("--num 3")[0] == (
        "--num",
        "upstream knows no such flag; did you mean --num_envs or --num_threads?",
    )


def test_an_unknown_flag_is_met_with_the_nearest():
    assert problems("--numenvs 3")[0] == ("--numenvs", "upstream knows no such flag; did you mean --num_envs?")
    assert problems("--xyz") == [("--xyz", "upstream knows no such flag")]


def test_neutral_numbers_are_as_if_not_given_and_negative_ones_are_values():
    given = read("--num_envs 0 --share -1.0")
    assert not given.gaps
    assert "num_envs" not in given
    assert "share" not in given


def test_what_does_not_fit_is_told():
    assert problems("--num_envs 3.5") == [("--num_envs", "takes a whole number, not '3.5'")]
    assert problems("--share x") == [("--share", "takes a number, not 'x'")]
    assert problems("--task") == [("--task", "takes a value")]
    assert problems("--test=1") == [("--test", "takes nothing")]
    assert problems("--test 1") == [("1", "belongs to no flag")]


def test_a_variable_may_stand_for_a_number():
    assert read("--num_envs $N").text("num_envs") == "$N"


def test_some_flags_may_have_a_value_or_none():
    assert not problems("--maybe --maybe 3 --test")
