"""The one loop that runs a policy outside training, and the value it yields: a trace of every clip."""

from hot.rollouts.disturbance import Disturbance
from hot.rollouts.rolling import Acting, roll_out
from hot.rollouts.schedule import enough_worlds
from hot.rollouts.trace import Trace

__all__ = ["Acting", "Disturbance", "Trace", "enough_worlds", "roll_out"]
