"""What groups of an issuer give: a role, and the projects in which it holds."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from podium.access import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    role: Role
    projects: frozenset[str] | None = None
    """In which the role holds; None for all."""


Grants = Mapping[str, Grant]
"""By the name of a group."""


def granted(groups: Collection[str], grants: Grants) -> Grant | None:
    """Return what somebody's groups give together; None where none of them gives anything.

    The highest role counts, in the projects of those groups alone that give it: who edits the cars and views everything
    must not edit everything. He sees the cars only, since somebody has one role.
    """
    held = [grants[group] for group in groups if group in grants]
    if not held:
        return None
    role = next(each for each in reversed(Role) if any(grant.role is each for grant in held))
    projects = [grant.projects for grant in held if grant.role is role]
    limits = [each for each in projects if each is not None]
    return Grant(role=role, projects=frozenset().union(*limits) if len(limits) == len(projects) else None)
