"""The debugger in the terminal: one letter a command, forth and back."""

from __future__ import annotations

import cmd
from typing import IO

import numpy as np

from tinyconv.backend import move
from tinyconv.errors import TinyconvError
from tinyconv.tensor import Tensor

from .places import Breakpoint, nan, norm_above
from .step import Step, about
from .steps import Steps

INTRO = """{total} steps, {forward} forward and {backward} backward. Return: the next one.   b: one back.
to NAME, back NAME: a layer or an operation.   until nan, until norm 10.   p: the numbers.   i: inside the step.
l: list.   r: rewind.   c: to the end.   h: help.   q: leave."""


class Terminal(cmd.Cmd):
    """Reads commands and shows steps:  Terminal(loss.steps(forward=True)).cmdloop()"""

    prompt = "(step) "

    def __init__(self, steps: Steps, stdin: IO[str] | None = None, stdout: IO[str] | None = None):
        super().__init__(stdin=stdin, stdout=stdout)
        self.use_rawinput = stdin is None
        self.steps = steps
        forward = len(steps.events)
        self.intro = INTRO.format(total=len(steps), forward=forward, backward=len(steps) - forward)

    # ------------------------------------------------------------ walking

    def emptyline(self) -> bool:
        return self.do_n("")

    def do_n(self, line: str) -> bool:
        """n (or Return): the next step."""
        return self._show(
            self.steps.forth(), "This was the last step: the gradients are in .grad. b goes back, q leaves."
        )

    def do_b(self, line: str) -> bool:
        """b: undo this step, and show the one before it."""
        return self._show(self.steps.back(), "Before the first step.")

    def do_to(self, line: str) -> bool:
        """to NAME: forth to the next step of a layer ("features.3"), a block ("features") or an operation ("relu")."""
        return self._show(self.steps.to(line.strip()), f"No further step of {line.strip()!r}: at the end.")

    def do_back(self, line: str) -> bool:
        """back NAME: back to the last step of a layer, a block or an operation."""
        return self._show(self.steps.back_to(line.strip()), f"No step of {line.strip()!r} before: at the beginning.")

    def do_until(self, line: str) -> bool:
        """until nan | until norm LIMIT: forth to the next step with a NaN, or with a gradient of a larger norm."""
        condition = self._condition(line.split())
        if condition is None:
            return self._say("Say  until nan  or  until norm 10.")
        return self._show(self.steps.to(condition), "It did not happen: at the end.")

    def _condition(self, words: list[str]) -> Breakpoint | None:
        if words == ["nan"]:
            return nan
        if len(words) == 2 and words[0] == "norm":
            try:
                return norm_above(float(words[1]))
            except ValueError:
                return None
        return None

    def do_r(self, line: str) -> bool:
        """r: rewind to before the first step."""
        self.steps.rewind()
        return self._say("Before the first step.")

    def do_c(self, line: str) -> bool:
        """c: go on to the end."""
        for _ in self.steps:
            pass
        return self._show(self.steps.current, "")

    # ------------------------------------------------------------ looking

    def do_l(self, line: str) -> bool:
        """l: the names of all steps, the last one that was done marked."""
        done = len(self.steps.taken)
        for number, (way, name) in enumerate(self.steps.outline(), 1):
            self._say(f"{'>' if number == done else ' '} {number:4d}  {way:8}  {name}")
        return False

    def do_p(self, line: str) -> bool:
        """p [WHAT]: all numbers of this step: in, out, dy, dx (what it gave), or of everything it has."""
        step = self.steps.current
        if step is None:
            return self._say("No step has been done yet.")
        shown = {
            "in": [*step.inputs],
            "out": [] if step.output is None else [step.output],
            "dy": [] if step.dy is None else [step.dy],
            "dx": [contribution.given for contribution in step.contributions],
        }
        wanted = line.split() or list(shown)
        if not set(wanted) <= set(shown):
            return self._say(f"There is {', '.join(shown)} to print.")
        for name in wanted:
            for x in shown[name]:
                self._say(f"{name} {x.shape}\n{_numbers(x)}")
        return False

    def do_i(self, line: str) -> bool:
        """i: inside this step backward: the operations that its rules are made of."""
        step = self.steps.current
        for event in step.events if step else ():
            self._say(f"  {event.name}: {', '.join(str(x.shape) for x in event.inputs)} -> {about(event.output)}")
        return False

    def do_q(self, line: str) -> bool:
        """q: leave."""
        return True

    do_EOF = do_q  # noqa: N815  # cmd's name for Ctrl-D
    do_h = cmd.Cmd.do_help

    # ------------------------------------------------------------ cmd's hooks

    def onecmd(self, line: str) -> bool:
        try:
            return super().onecmd(line)
        except TinyconvError as error:
            return self._say(str(error))

    def default(self, line: str) -> None:
        self._say(f"There is no command {line.split()[0]!r}; h lists them.")

    def _show(self, step: Step | None, otherwise: str) -> bool:
        return self._say(otherwise if step is None else str(step))

    def _say(self, text: str) -> bool:
        print(text, file=self.stdout)
        return False


def _numbers(x: Tensor) -> str:
    return np.array2string(move(x.data, "cpu"), precision=4, suppress_small=True, threshold=400, edgeitems=3)
