"""Desired and observed in, plan out.

PURE: no I/O, no clock, no randomness; the same input gives the same plan, byte for byte. The
planner decides and never asks: what must not happen is refused by `guard`.
"""
