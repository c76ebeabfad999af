"""Who may decide what: the first rule that matches a proposal, its denied people first, then its approvers.

Pure. Fails closed: no rule, an empty list or a channel that the rule does not name means no. Group lists
are carried but belong to nobody until their members can be looked up. Format: docs/approval-rules.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from logjedi_contracts import canonical
from logjedi_contracts.messages import Actor


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule is matched on."""

    cluster: str
    namespace: str
    severity: str
    action: str


@dataclass(frozen=True, slots=True)
class Match:
    """Globs for clusters and namespaces, words for the others. An empty tuple matches everything."""

    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()

    def covers(self, subject: Subject) -> bool:
        return (
            _any_glob(self.clusters, subject.cluster)
            and _any_glob(self.namespaces, subject.namespace)
            and (not self.severities or subject.severity in self.severities)
            and (not self.actions or subject.action in self.actions)
        )


@dataclass(frozen=True, slots=True)
class People:
    """Ids by channel name (``slack``, ``teams``, ``web``)."""

    ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def actors(self) -> frozenset[str]:
        return frozenset(f"{channel}:{one}" for channel, ids in self.ids.items() for one in ids)

    def spelt(self) -> dict[str, Any]:
        return {
            "ids": {channel: sorted(ids) for channel, ids in self.ids.items() if ids},
            "groups": {channel: sorted(ids) for channel, ids in self.groups.items() if ids},
        }


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the file."""

    name: str
    match: Match
    approvers: People
    deny: People = field(default_factory=People)
    min_approvals: int = 1
    expires_after: timedelta = timedelta(hours=4)

    @property
    def hash(self) -> str:
        """Hash the rule's whole content canonically; every vote carries it: 64 hex digits."""
        return canonical.sha256(
            {
                "name": self.name,
                "match": [sorted(part) for part in _parts(self.match)],
                "approvers": self.approvers.spelt(),
                "deny": self.deny.spelt(),
                "minApprovals": self.min_approvals,
                "expiresAfterSeconds": int(self.expires_after.total_seconds()),
            }
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules in order, and who is the same person on several channels (``slack:U1`` → ``Alice``)."""

    rules: tuple[Rule, ...] = ()
    people: Mapping[str, str] = field(default_factory=dict)

    def find(self, subject: Subject) -> Rule | None:
        return next((rule for rule in self.rules if rule.match.covers(subject)), None)

    def person(self, actor: Actor) -> Actor:
        """Find the person behind an id, under the one id that all of that person's votes carry.

        The operator counts distinct ids, so one person on two channels must be one id to it too.
        """
        name = self.people.get(actor.id)
        if name is None:
            return actor
        return Actor(id=min(one for one, other in self.people.items() if other == name), name=name)

    def may_decide(self, rule: Rule, actor: Actor) -> bool:
        """Deny first, and deny the person, not only the id that the rule happens to name."""
        if self.person(actor).id in self._persons(rule.deny.actors()):
            return False
        return actor.id in rule.approvers.actors()

    def anyone(self) -> bool:
        """Say whether any rule lets anybody approve anything."""
        return any(rule.approvers.actors() for rule in self.rules)

    def shown(self, ids: Iterable[str]) -> list[str]:
        """Spell ids for people: the person's name where the file gives one."""
        return sorted({self.people.get(one, one) for one in ids})

    def _persons(self, ids: Iterable[str]) -> set[str]:
        return {self.person(Actor(id=one)).id for one in ids}


def _any_glob(globs: tuple[str, ...], value: str) -> bool:
    return not globs or any(fnmatchcase(value, glob) for glob in globs)


def _parts(match: Match) -> tuple[tuple[str, ...], ...]:
    return match.clusters, match.namespaces, match.severities, match.actions
