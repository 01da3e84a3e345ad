"""The script of a sequence: what a person or a language model writes. Its JSON schema is that of :class:`Script`."""

from __future__ import annotations

from typing import Any, List, Optional, Tuple, Union

from pydantic import Discriminator, Field, Tag, field_validator, model_validator
from typing_extensions import Annotated, Literal

from hot.composition.order import problem
from hot.config import Config

Random = Literal["random"]
Metres = Annotated[float, Field(ge=-1.0, le=1.0)]
Height = Annotated[float, Field(ge=0.0, le=1.6)]
Degrees = Annotated[float, Field(ge=-180.0, le=180.0)]
Place = Tuple[Metres, Metres, Height]
Spot = Tuple[Metres, Metres]
Grasp = Union[Annotated[int, Field(ge=0)], Literal["random", "pinch", "power", "palm"]]
Pose = Union[Annotated[int, Field(ge=0)], Literal["random", "standing", "lying", "odd"]]
_MOST_STEPS = 2000


class Step(Config):
    """What all steps share."""

    hold: float = Field(default=0.0, ge=0, le=60, description="Seconds of stillness at the end.")


class Freemove(Step):
    """The free hand goes somewhere else."""

    skill: Literal["freemove"]
    to: Union[Place, Random] = Field(default="random", description="Where the wrist goes [m].")


class GraspStep(Step):
    """Take the object from the table and lift it."""

    skill: Literal["grasp"]
    grasp: Grasp = Field(default="random", description="A family, a number of the library, or random.")


class Move(Step):
    """Carry the held object, to a pose or by a change of its pose."""

    skill: Literal["move"]
    to: Union[Place, Random] = Field(default="random", description="Where the object's centre goes [m].")
    orientation: Union[Tuple[Degrees, Degrees, Degrees], Literal["random", "same"]] = Field(
        default="random", description="Of the object there: a rotation vector [deg] in the world, random, or as it is."
    )
    shift: Optional[Tuple[Metres, Metres, Metres]] = Field(
        default=None, description="Instead of to: how far the object's centre moves in the world [m]."
    )
    turn: Optional[Tuple[Degrees, Degrees, Degrees]] = Field(
        default=None, description="Instead of orientation: a rotation vector [deg] about the object's own axes."
    )
    speed: Union[Annotated[float, Field(gt=0, le=2.0)], Random, None] = Field(
        default=None, description="Mean speed [m/s]; the planner's if not given."
    )

    @model_validator(mode="after")
    def _one_target(self) -> Move:
        given = self.model_fields_set
        for absolute, relative in (("to", "shift"), ("orientation", "turn")):
            if absolute in given and relative in given:
                raise ValueError(f"give {absolute} or {relative}, not both")
        return self


class PlaceStep(Step):
    """Set the held object down and retreat."""

    skill: Literal["place"]
    pose: Pose = Field(default="random", description="A class of resting pose, a pose's number, or random.")
    at: Union[Spot, Random] = Field(default="random", description="Where on the table [m].")
    yaw: Union[Degrees, Random] = Field(default="random", description="Turn about the vertical [deg].")


class Regrasp(Step):
    """Change the grasp, within the hand or over the table."""

    skill: Literal["regrasp"]
    grasp: Grasp = Field(default="random", description="The new grasp: a family, a number, or random.")
    way: Literal["random", "hand", "table"] = "random"


class Rotate(Step):
    """Turn the object within the hand."""

    skill: Literal["rotate"]
    angle: Union[Annotated[float, Field(gt=0, le=90)], Random] = Field(
        default="random", description="Turned by at least so much [deg]; fingers reach 30 to 70."
    )


class Throw(Step):
    """Throw the object: up, if the next step catches it, else so that it lands on the table."""

    skill: Literal["throw"]
    pose: Pose = Field(default="random", description="In which it lands, if it does.")


class Catch(Step):
    """Catch the object that was thrown, or, as first step, one that comes flying."""

    skill: Literal["catch"]


SkillStep = Union[Freemove, GraspStep, Move, PlaceStep, Regrasp, Rotate, Throw, Catch]


AnyStep = Annotated[SkillStep, Field(discriminator="skill")]


class Repeat(Config):
    """Some steps several times over."""

    repeat: int = Field(ge=1, le=200)
    steps: Tuple[AnyStep, ...] = Field(min_length=1)


def _kind(value: Any) -> str:
    found = value if isinstance(value, dict) else vars(value) if isinstance(value, Config) else {}
    return "repeat" if "repeat" in found else "step"


AnyLine = Annotated[Union[Annotated[AnyStep, Tag("step")], Annotated[Repeat, Tag("repeat")]], Discriminator(_kind)]


class Start(Config):
    """Where the object lies if the sequence begins with it on the table."""

    pose: Pose = Field(default="random", description="A class of resting pose, a pose's number, or random.")
    at: Union[Spot, Random] = "random"
    yaw: Union[Degrees, Random] = "random"


class Script(Config):
    """Skills in the order in which one hand carries them out on one object."""

    description: str = ""
    object: Optional[str] = Field(default=None, description="The object that it is written for.")
    start: Start = Start()
    seconds: Optional[float] = Field(
        default=None, gt=0, le=3600, description="Exact length: what is longer is cut, what is shorter held at its end."
    )
    steps: Tuple[AnyLine, ...] = Field(min_length=1, description="Skills, or repeats of skills, in order.")

    @field_validator("object")
    @classmethod
    def _names_something(cls, value: Optional[str]) -> Optional[str]:
        if value is not None and not value.strip():
            raise ValueError("must name an object")
        return value

    @model_validator(mode="after")
    def _can_be_done_in_order(self) -> Script:
        steps = self.flat()
        if len(steps) > _MOST_STEPS:
            raise ValueError(f"has {len(steps)} steps; at most {_MOST_STEPS} can be composed")
        wrong = problem([step.skill for step in steps])
        if wrong:
            raise ValueError(wrong)
        return self

    def flat(self) -> Tuple[SkillStep, ...]:
        """All steps, with repeats written out."""
        steps: List[SkillStep] = []
        for step in self.steps:
            steps += list(step.steps) * step.repeat if isinstance(step, Repeat) else [step]
        return tuple(steps)
