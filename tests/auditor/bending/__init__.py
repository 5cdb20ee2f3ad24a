# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ways to bend one leaf of any log of which all keys are known, so that one rule is broken.

A mutator is a function of (world, log, line) for lines of certain kinds. It bends the line, or puts
one beside it, and gives the label of the line at which the finding must stand; None when this line
gives no occasion. What lies before the line is asked of `world.before(line)`.
"""
from bending import clock, exchange, members, reciprocity, signed
from bending.base import MUTATORS, World

__all__ = ["MUTATORS", "World", "clock", "exchange", "members", "reciprocity", "signed"]
