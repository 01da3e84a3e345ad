"""What may follow what: each skill leads from one state of the object to another."""

from __future__ import annotations

from typing import Dict, Sequence, Tuple

RESTING, HELD, FLYING = "resting", "held", "flying"
"""On the table, in the hand, or in the air; the hand is free in all but the second."""

ORDER: Dict[str, Tuple[str, str]] = {
    "freemove": (RESTING, RESTING),
    "grasp": (RESTING, HELD),
    "move": (HELD, HELD),
    "rotate": (HELD, HELD),
    "regrasp": (HELD, HELD),
    "place": (HELD, RESTING),
    "throw": (HELD, FLYING),
    "catch": (FLYING, HELD),
}
"""State before and after each skill. A sequence may begin in any state."""
_AFTER = {RESTING: "rests on the table", HELD: "is held", FLYING: "is in the air"}


def lands(skills: Sequence[str], index: int) -> bool:
    """Whether the object that a step throws lands on the table, because the next step does not catch it."""
    return skills[index] == "throw" and skills[index + 1 : index + 2] != ["catch"]


def problem(skills: Sequence[str]) -> str:
    """Why the skills cannot follow each other in this order; empty if they can.

    An object in the air that is not caught lands, and then rests on the table.
    """
    names = list(skills)
    for index in range(1, len(names)):
        before, needed = ORDER[names[index - 1]][1], ORDER[names[index]][0]
        if lands(names, index - 1):
            before = RESTING
        if before != needed:
            return (
                f"step {index + 1} ({names[index]}) needs an object that {_AFTER[needed]}, but after step {index} "
                f"({names[index - 1]}) it {_AFTER[before]}; what may come there: {', '.join(followers(before))}"
            )
    return ""


def followers(state: str) -> Tuple[str, ...]:
    """Skills that begin in a state."""
    return tuple(skill for skill, (before, _) in ORDER.items() if before == state)
