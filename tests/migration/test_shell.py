import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hot.errors import ConfigError
from hot.migration.shell import quoted, read_commands


def words(text):
    return [command.words for command in read_commands(text)]


def test_continued_lines_are_one_command_even_with_a_blank_after_the_backslash():
    assert words("python a.py --x 1 \\\n--y 2 \\ \n--z 3") == [("python", "a.py", "--x", "1", "--y", "2", "--z", "3")]


def test_comments_blank_lines_prompts_and_redirections_are_left_out():
    assert words("# a\n\n$ one --x 2 > log.txt 2>&1  # b\ntwo &> log < in") == [("one", "--x", "2"), ("two",)]


def test_a_line_holds_as_many_commands_as_it_has_programs():
    assert words("cd a && nohup b --c & d; e --f | tee g") == [("cd", "a"), ("b", "--c"), ("d",), ("e", "--f")]


def test_variables_before_a_program_are_its_environment():
    (command,) = read_commands("A=1 B='x y'  python a.py C=3")
    assert (command.environment, command.words) == ({"A": "1", "B": "x y"}, ("python", "a.py", "C=3"))


def test_a_placeholder_is_one_word_escaped_or_not():
    assert words("a --b \\[OBJ NAME\\] --c [FILE] --d '[A B]' --e [1,2]") == [
        ("a", "--b", "[OBJ NAME]", "--c", "[FILE]", "--d", "[A B]", "--e", "[1,2]")
    ]


def test_of_a_page_the_shell_blocks_are_read():
    page = "Run `x`:\n```bash\none\n```\nthen\n```text\nno\n```\n```Bash\ntwo \\\n--x\n```\n"
    assert words(page) == [("one",), ("two", "--x")]


def test_an_open_quote_is_told_with_its_line():
    with pytest.raises(ConfigError, match="one 'two"):
        read_commands("one 'two")


@given(st.lists(st.text(st.characters(blacklist_characters="$", blacklist_categories=("Cs",)), max_size=9), max_size=4))
def test_quoted_words_are_read_back(parts):
    assert shlex.split(" ".join(map(quoted, parts))) == parts


def test_variables_stay_variables():
    assert [quoted("$A/b c"), quoted('${A}"')] == ['"$A/b c"', '"${A}\\""']
