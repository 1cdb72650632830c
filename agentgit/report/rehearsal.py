"""What a rehearsal found, for people and as part of the plan's document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from agentgit.model.rehearsal import Course, Rehearsal
from agentgit.report.palette import safe
from agentgit.report.wording import count, join_names, write_elapsed

if TYPE_CHECKING:
    from agentgit.report.documents.plan import CourseDocument, RehearsalDocument

_NAMES = 6


def write_rehearsal(rehearsal: Rehearsal, names: int = _NAMES) -> Iterator[str]:
    """Write the findings, the duration first, one to a line; at most `names` names in each."""
    yield f"rehearsed: {_write_end(rehearsal)}"
    yield _write_room(rehearsal)
    fewer = [one for one in rehearsal.courses if one.least < min(one.before, one.after)]
    if fewer:
        said = [f"{one.instance} {one.least} of {one.before}" for one in fewer]
        yield f"fewest that serve: {join_names(said, names)}"
    elif any(one.before and one.after for one in rehearsal.courses):
        yield "no instance serves with fewer replicas than before or after"
    mixed = sorted((one for one in rehearsal.courses if one.mixed), key=_by_mixed)
    if mixed:
        told = [f"{one.instance} {write_elapsed(one.mixed)}" for one in mixed]
        yield f"old and new revisions serve side by side: {join_names(told, names)}"


def rehearsal_document(rehearsal: Rehearsal | None) -> RehearsalDocument | None:
    """The same as data; None where nothing was rehearsed."""
    if rehearsal is None:
        return None
    return {
        "seconds": rehearsal.seconds,
        "waveSeconds": list(rehearsal.waves),
        "replicasPeak": rehearsal.replicas,
        "memoryPeakBytes": rehearsal.memory,
        "replicasWithoutLimit": rehearsal.unlimited,
        "imagesNotCounted": rehearsal.pulls,
        "failure": rehearsal.failure or None,
        "instances": [_course_document(one) for one in rehearsal.courses],
    }


def _course_document(course: Course) -> CourseDocument:
    return {
        "instance": course.instance,
        "servingBefore": course.before,
        "servingLeast": course.least,
        "servingAfter": course.after,
        "mixedSeconds": course.mixed,
    }


def _write_end(rehearsal: Rehearsal) -> str:
    seconds = write_elapsed(rehearsal.seconds)
    if rehearsal.failure:
        why = safe(rehearsal.failure)
        return f"it fails after about {seconds}, even where every agent does well: {why}"
    pulls = f", without pulling {count(rehearsal.pulls, 'image')}" if rehearsal.pulls else ""
    return f"about {seconds}{pulls}"


def _write_room(rehearsal: Rehearsal) -> str:
    most = f"at most {count(rehearsal.replicas, 'replica')} at once"
    if not rehearsal.memory:
        return f"{most}, none of which declares a memory limit" if rehearsal.replicas else most
    least = "at least " if rehearsal.unlimited else ""
    text = f"{most}, {least}{_write_bytes(rehearsal.memory)} by their limits"
    if rehearsal.unlimited:
        verb = "declares" if rehearsal.unlimited == 1 else "declare"
        text += f"; {rehearsal.unlimited} {verb} none"
    return text


def _write_bytes(number: int) -> str:
    mebi = number / 1024**2
    return f"{mebi / 1024:.1f} GiB" if mebi >= 1024 else f"{mebi:.0f} MiB"


def _by_mixed(course: Course) -> tuple[float, str]:
    return -course.mixed, course.instance
