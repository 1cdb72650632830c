"""The lines above a plan or a status: which commit, which pin, what is easily missed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from agentgit.model.change import FieldChange
from agentgit.model.image import MixedImage, MovedImage
from agentgit.model.observed import Unreachable
from agentgit.model.plan import Pin, Plan
from agentgit.model.rollout import Failure, RolloutRecord
from agentgit.model.snapshot import Commit
from agentgit.model.value import Json
from agentgit.report.context import Context
from agentgit.report.failure_text import shorten_failure
from agentgit.report.field_words import word_field_place
from agentgit.report.palette import PLAIN, Palette, safe
from agentgit.report.standing import Standing, find_standing, find_tried
from agentgit.report.wording import (
    count,
    join_names,
    short,
    word_age,
    write_actor,
    write_value,
)


def write_head(plan: Plan, now: datetime, palette: Palette = PLAIN) -> str:
    """Say what the plan is for: `production at 3f2a91c "Raise refund limit" (Ana, ...), main`."""
    name = palette.paint("strong", safe(plan.environment))
    if plan.commit is None:
        return f"{name} at the work tree, not committed"
    branch = f", {safe(plan.branch)}" if plan.branch else ""
    return f"{name} at {write_commit(plan.commit, now)}{branch}"


def write_commit(commit: Commit, now: datetime) -> str:
    """Write a commit with what people know it by: subject, author, age."""
    subject = f' "{safe(commit.subject)}"' if commit.subject else ""
    known = [word for word in (safe(commit.author), word_age(commit.time, now)) if word]
    return f"{commit.short}{subject}" + (f" ({', '.join(known)})" if known else "")


def write_compared(plan: Plan, now: datetime, context: Context) -> str:
    """Say what the plan was compared with, and what the records know of it."""
    hosts = count(len(plan.hosts), "host")
    standing = find_standing(context.records)
    if standing is not None and not standing.commit and not plan.replicas_before:
        return f"compared with {hosts}, {write_standing(standing, now)}"
    replicas = count(plan.replicas_before, "replica")
    last = "never verified before"
    if standing is not None and standing.commit:
        back = "went back to" if standing.back else "last verified at"
        last = f"{back} {short(standing.commit)}{_say_without(standing)}"
    return f"compared with {hosts}, {replicas}, {last}"


def write_standing(standing: Standing, now: datetime) -> str:
    """Say where the last rollout of the whole environment has left it, when and by whom."""
    record = standing.since
    when = write_when(record, now)
    if not standing.commit:
        return f"nothing runs: destroyed {when}"
    if standing.back:
        tried = f"a rollout to {short(record.commit)} failed"
        return f"went back to {short(standing.commit)}, {when}: {tried}"
    return f"last applied {short(standing.commit)}{_say_without(standing)}, {when}"


def write_when(record: RolloutRecord, now: datetime) -> str:
    """Say when a rollout ended, or began where it has not, and whose it is."""
    age = word_age(record.finished_at or record.started_at, now)
    return f"{age} by {write_actor(record.actor)}"


def write_gone(environment: str) -> Iterator[str]:
    """Say what can be done about an environment that the commit does not have any more."""
    name = safe(environment)
    yield f"{name} is not in this commit any more; to keep it, bring back environments/{name}"
    yield f"what removes all that runs there:  agentgit destroy -e {name}"


def write_pin(
    plan: Plan, now: datetime, palette: Palette, *, pinning: bool = False
) -> Iterator[str]:
    """Say that the environment is held at a commit, by whom and why, and how to let go.

    With `pinning` it is the plan that would set the pin.
    """
    pin, name = plan.pin, safe(plan.environment)
    if pin is not None and pinning:
        yield palette.paint(
            "attention",
            f"carrying this out pins {name} at {short(pin.commit)} instead of "
            f"{short(pin.instead_of)}, until {_say_end(pin, '{}, ')}a newer commit or:  "
            f"agentgit unpin -e {name}",
        )
    elif pin is not None:
        yield palette.paint(
            "attention",
            f"pinned at {short(pin.commit)} instead of {short(pin.instead_of)} by "
            f"{write_actor(pin.owner)}, {word_age(pin.since, now)}{_say_reason(pin, ': {}')}",
        )
        end = f"{_say_end(pin, 'at {}, ')}with a newer commit, or with"
        yield f"the pin ends {end}:  agentgit unpin -e {name}"
    elif plan.ended_pin is not None:
        ended = plan.ended_pin
        by = f"ended with {plan.commit.short if plan.commit else 'the work tree'}"
        if ended.expires is not None and ended.expires <= now:
            by = f"expired {word_age(ended.expires, now)}"
        yield palette.paint(
            "attention",
            f"the pin at {short(ended.commit)} by {write_actor(ended.owner)}"
            f"{_say_reason(ended, ' ({})')} {by}",
        )


def write_notes(plan: Plan, now: datetime, context: Context, palette: Palette) -> Iterator[str]:
    """Say what is easily missed: another branch, what it goes on with, that this has failed."""
    if context.here:
        name, here = safe(plan.environment), safe(context.here)
        way = f"agentgit plan -e {name} --revision {here}"
        yield f"{name} follows {safe(context.follows)}; to see what {here} would change:  {way}"
    if context.allow:
        yield palette.paint("attention", f"guards that it lets pass: {join_names(context.allow)}")
    if plan.given_up:
        one = len(plan.given_up) == 1
        yield palette.paint(
            "attention",
            f"this gives up {join_names(plan.given_up)}: what ran there may run on, and nobody "
            f"would know {'that host' if one else 'those hosts'} any more",
        )
    if plan.resumes:
        left = (
            "nothing of it is left to do"
            if plan.is_empty
            else "unless it is still at work, this goes on with it"
        )
        yield f"rollout {safe(plan.resumes)} has not come to its end: {left}"
    yield from (palette.paint("attention", line) for line in _write_own(plan))
    images = (*map(_say_moved, plan.moved_images), *map(_say_mixed, plan.mixed_images))
    yield from (palette.paint("attention", one) for one in images)
    if plan.unknown_room:
        yield (
            f"how much room is left on {join_names(plan.unknown_room)} is not known: Docker tells "
            "it on its own machine only; minFreeDisk is not checked there"
        )
    tried = find_failed_try(plan, context)
    if tried is not None:
        when = word_age(tried.finished_at or tried.started_at, now)
        why = f": {_say_failure(tried.failure)}" if tried.failure else ""
        end = "rolled back" if tried.outcome == "rolled-back" else "rolled back in part"
        text = f"this was tried {when} and {end} (rollout {tried.id}){why}"
        yield palette.paint("attention", text)
    if context.kind != "destroy":
        yield from write_unverified(plan)


def write_unverified(plan: Plan) -> Iterator[str]:
    """Say of how many replicas nobody knows whether somebody changed them by hand."""
    many = len(plan.unverified) > 1
    if plan.unverified:
        yield (
            f"{count(len(plan.unverified), 'replica')} {'are' if many else 'is'} unverified: no "
            f"baseline tells whether somebody changed {'them' if many else 'it'} by hand; the "
            "next apply takes one"
        )


def _write_own(plan: Plan) -> Iterator[str]:
    """Say what the commit changes of the environment itself."""
    name = safe(plan.environment)
    if plan.protection:
        limits = join_names([_say_setting(one) for one in plan.protection])
        yield f"this changes what protects {name}: {limits}"
    if plan.settings:
        settings = join_names([_say_setting(one) for one in plan.settings])
        yield f"this changes {name} itself: {settings}"


def _say_setting(field: FieldChange) -> str:
    """Say how a value of the environment changes: `maxReplaced 30% -> 100% (PATH:7:17)`."""
    before = _say_value(field.before) if field.had else "not set"
    after = _say_value(field.after) if field.has else "not set"
    place = f" ({word_field_place(field)})" if field.origin or field.was else ""
    return f"{field.path.removeprefix('protection.')} {before} -> {after}{place}"


def _say_value(value: Json) -> str:
    """Write a share as it is typed, without quotes."""
    return safe(value) if isinstance(value, str) else write_value(value)


def _say_moved(moved: MovedImage) -> str:
    """Say which image is taken where the name of one means another."""
    name, where, who = safe(moved.name), safe(moved.host), join_names(moved.instances)
    if moved.gone:
        now = (
            f"is {short_image(moved.now)} there now" if moved.now else "is asked from its registry"
        )
        return (
            f"the image of {who} ({short_image(moved.kept)}) is gone from {where}: what is "
            f"created there gets what {name} means, which {now}"
        )
    keeps = "keeps" if len(moved.instances) == 1 else "keep"
    return (
        f"{name} means another image on {where} now ({short_image(moved.now)}): {who} {keeps} "
        f"{short_image(moved.kept)} until the revision changes"
    )


def _say_mixed(mixed: MixedImage) -> str:
    """Say that hosts do not have one image by a name, or that nobody knows whether they will."""
    name, known = safe(mixed.name), {host: id_ for host, id_ in mixed.ids.items() if id_}
    there = join_names([f"{short_image(id_)} on {host}" for host, id_ in known.items()])
    asking = [host for host, id_ in mixed.ids.items() if not id_]
    lock = f"agentgit lock writes down one digest for all ({join_names(mixed.instances)})"
    if len(set(known.values())) > 1:
        return f"{name} is not one image: {there}; {lock}"
    ask = "asks its registry" if len(asking) == 1 else "ask their registry"
    return f"{name} is {there}, and {join_names(asking)} {ask}, which may give another one; {lock}"


def short_image(image: str) -> str:
    """Write an id as people know it."""
    return safe(image.removeprefix("sha256:")[:12])


def find_failed_try(plan: Plan, context: Context) -> RolloutRecord | None:
    """Find the rollout that tried what the plan is about to bring in, and went back."""
    if plan.is_empty or context.kind not in {"apply", "rollback"}:
        return None
    return find_tried(context.records, plan.commit.sha if plan.commit else "", context.intent)


def write_silence(host: Unreachable) -> str:
    """Say that a host does not answer or is another one, and why."""
    if host.lost:
        return safe(host.reason)
    return (
        f"{safe(host.host)} cannot be reached: {safe(host.reason.removeprefix(f'{host.host}: '))}"
    )


def _say_without(standing: Standing) -> str:
    return f" without {join_names(standing.without)}" if standing.without else ""


def _say_reason(pin: Pin, form: str) -> str:
    return form.format(safe(pin.reason)) if pin.reason else ""


def _say_end(pin: Pin, form: str) -> str:
    return form.format(pin.expires.strftime("%Y-%m-%d %H:%M UTC")) if pin.expires else ""


def _say_failure(failure: Failure) -> str:
    who = f"{safe(failure.instance)}: " if failure.instance else ""
    return f"{who}{shorten_failure(failure)}"
