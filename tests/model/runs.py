"""Which runs of the protocol Spin makes: what may happen in each, and what must hold."""

from typing import NamedTuple

NOTHING = {"DEATHS": 0, "FREEZES": 0, "LOSSES": 0, "DOUBLINGS": 0, "TROUBLES": 0, "CANCELS": 0, "REQUEUES": 0}
CRASHES = NOTHING | {"DEATHS": 2, "FREEZES": 1, "LOSSES": 1, "DOUBLINGS": 1}
PEOPLE = NOTHING | {"DEATHS": 1, "TROUBLES": 1, "CANCELS": 1, "REQUEUES": 1}
ENDS = NOTHING | {"DEATHS": 1, "FREEZES": 1, "LOSSES": 1}


class Run(NamedTuple):
    """The faults of a run; `fair` asks that each job ends, else the assertions must hold."""

    name: str
    bounds: dict[str, int]
    fair: bool = False

    @property
    def defines(self) -> list[str]:
        """Return the definitions under which Spin reads the model."""
        given = [f"-D{name}={value}" for name, value in self.bounds.items()]
        return given if self.fair else [*given, "-DINVARIANTS"]


STEPS_CRASH = Run("steps, crashes", CRASHES | {"GROUP": 0})
GROUP_CRASHES = Run("group, crashes", CRASHES | {"GROUP": 1})
STEPS_CANCELLED = Run("steps, cancels and database faults", PEOPLE | {"GROUP": 0})
GROUP_CANCELLED = Run("group, cancels and database faults", PEOPLE | {"GROUP": 1})
STEPS_END = Run("steps, every job ends", ENDS | {"GROUP": 0}, fair=True)
GROUP_ENDS = Run("group, every job ends", ENDS | {"GROUP": 1}, fair=True)
RUNS = (STEPS_CRASH, GROUP_CRASHES, STEPS_CANCELLED, GROUP_CANCELLED, STEPS_END, GROUP_ENDS)
