"""Rare turns: two incidents on one workload, rights lost in the middle, a policy that changes under way."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from logjedi_contracts.errors import MessageRejected, Refused
from logjedi_contracts.messages import Phase
from logjedi_operator.domain.policy import Policy
from logjedi_operator.domain.policy.model import PathGroup
from logjedi_operator.domain.preimage import ATTEMPT_ANNOTATION
from logjedi_operator.ports.cluster import Conflict
from logjedi_operator.usecases import decide
from tests.scenario.fakes.gate import Fault, Gate, Killed
from tests.scenario.fakes.gateway import REJECT, Click
from tests.scenario.fakes.shop import ALSO_BAD, BAD, GOOD, HALF_GOOD, Look, crashes, never_gets_ready, runs
from tests.scenario.fakes.virtual_time import in_virtual_time
from tests.scenario.fakes.world import Operator, World, answers
from tests.scenario.test_outages import ends_right, healing, undoing


async def _killed_before(world: World, call: str, *, at: int = 1, after: bool = False) -> None:
    """Run until the operator is killed at the ``at``-th call of that name."""
    rehearsal = Gate(faults=[Fault(call, Killed, skip=at - 1, after=after)])
    operator = await world.start(rehearsal)
    await world.a_good_rollout_then_a_bad_one()
    await world.until(operator.died.is_set)
    await world.kill()


def _mark(world: World, nonce: str) -> None:
    world.shop.edit(lambda obj: obj["metadata"].setdefault("annotations", {}).update({ATTEMPT_ANNOTATION: nonce}))


@in_virtual_time
async def test_a_patch_is_known_again_under_another_incidents_mark() -> None:
    world = healing()
    await _killed_before(world, "cluster.patch", after=True)
    _mark(world, "f" * 32)
    await world.start()
    await world.until_phase(Phase.RESOLVED)
    assert len(world.applied) == 1
    assert "Stale" not in world.story


@in_virtual_time
async def test_an_undo_is_known_again_under_another_incidents_mark() -> None:
    world = undoing()
    await _killed_before(world, "cluster.patch", at=2, after=True)
    _mark(world, "f" * 32)
    await world.start()
    await world.until_phase(Phase.ROLLED_BACK)
    assert len(world.applied) == 2


@in_virtual_time
async def test_an_approval_whose_time_is_over_before_it_was_applied_is_asked_for_again() -> None:
    world = healing()
    await _killed_before(world, "cluster.patch")
    await world.passes(world.timing.expiry.total_seconds() + 60)
    await world.start()
    await world.until_phase(Phase.RESOLVED)
    assert "Stale" in world.story
    assert [proposal.attempt for proposal in world.gateway.asked] == [1, 2]
    assert world.applied == [world.gateway.asked[1].nonce]


@pytest.mark.parametrize("make", [healing, undoing])
def test_a_policy_that_asks_for_more_people_does_not_abandon_what_was_applied(make: Callable[[], World]) -> None:
    @in_virtual_time
    async def story() -> None:
        world = make()
        await world.start()
        await world.a_good_rollout_then_a_bad_one()
        await world.until_phase(Phase.VERIFYING)
        world.policy = Policy(required_approvals=2)
        await world.restart()
        await ends_right(world)

    story()


@in_virtual_time
async def test_a_policy_that_asks_for_more_people_refuses_what_was_not_applied_yet() -> None:
    world = healing()
    await _killed_before(world, "cluster.patch")
    world.policy = Policy(required_approvals=2)
    await world.start()
    await world.until_phase(Phase.REFUSED)
    assert world.applied == []


@pytest.mark.parametrize("rule", ["forbidden", "api-server"])
@pytest.mark.parametrize("phase", ["Proposed", "Approved", "Applying", "Verifying", "Resolved"])
def test_a_record_that_cannot_be_saved_for_a_while_says_nothing_untrue(phase: str, rule: str) -> None:
    @in_virtual_time
    async def story() -> None:
        world = healing()
        fault = Fault(f"records.save {phase}", lambda: Refused(rule, "no"), times=2)
        await world.start(Gate(faults=[fault]))
        await world.a_good_rollout_then_a_bad_one()
        if (phase, rule) == ("Approved", "api-server"):
            await world.until(lambda: world.parked)
            assert world.applied == []
            return
        await ends_right(world)
        assert "Refused" not in world.story

    story()


@in_virtual_time
async def test_a_workload_that_may_not_be_read_is_advice_in_the_servers_words() -> None:
    world = healing()
    no_right = Fault("cluster.get Deployment", lambda: Refused("forbidden", "deployments.apps is forbidden"), times=1)
    await world.start(Gate(faults=[no_right]))
    await world.a_good_rollout_then_a_bad_one()
    record = await world.until_phase(Phase.ADVISED)
    assert "deployments.apps is forbidden" in record.status.message


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_nothing_is_remembered_of_what_has_ended(verdict: str) -> None:
    @in_virtual_time
    async def story() -> None:
        world = World(clicks=[[Click() if verdict == "approve" else Click(verdict=REJECT)]])
        operator = await world.start()
        await world.a_good_rollout_then_a_bad_one()
        await world.until_phase(Phase.RESOLVED if verdict == "approve" else Phase.REJECTED)
        await world.passes(5)
        assert operator.reconciler._watchman._seen == {}
        assert operator.reconciler._verifier._stability == {}

    story()


@in_virtual_time
async def test_health_seen_in_an_earlier_attempt_does_not_close_a_later_proposal() -> None:
    """Healthy for a moment at the first attempt's end and again at the second's start: that is no settling time."""
    world = World(clicks=[[Click(after=timedelta(seconds=8))], []], analyzer=answers(HALF_GOOD, GOOD))
    world.shop.behaviour[HALF_GOOD] = crashes
    await world.start()
    await world.a_good_rollout_then_a_bad_one()
    await world.until_phase(Phase.PROPOSED)
    world.shop.behaviour[BAD] = runs
    await world.until_phase(Phase.ROLLED_BACK)
    del world.shop.behaviour[BAD]
    await world.until(lambda: len(world.gateway.asked) == 2)
    asked = world.clock.now()
    world.shop.behaviour[BAD] = runs
    await world.until_phase(Phase.RECOVERED)
    assert world.clock.now() - asked >= world.timing.settle


@in_virtual_time
async def test_what_was_undone_for_one_cause_is_not_proposed_for_another() -> None:
    world = World(clicks=[[Click()]], analyzer=answers(HALF_GOOD))
    world.shop.behaviour[HALF_GOOD] = never_gets_ready
    await world.start()
    await world.a_good_rollout_then_a_bad_one()
    await world.until_phase(Phase.ROLLED_BACK)
    world.shop.behaviour[BAD] = lambda _: Look("CrashLoopBackOff", "back-off", ready=False, restarts=3)
    await world.until(lambda: any(record.spec.failure.family == "crash" for record in world.records))
    await world.until(lambda: all(record.phase is not Phase.ANALYZING for record in world.records))
    crash = next(record for record in world.records if record.spec.failure.family == "crash")
    assert "tried-before" in crash.status.message
    assert len(world.gateway.asked) == 1


async def _killed_between_approval_and_apply() -> World:
    world = healing()
    await _killed_before(world, "records.save Applying")
    return world


@in_virtual_time
async def test_a_field_that_changed_between_approval_and_apply_is_named() -> None:
    world = await _killed_between_approval_and_apply()
    world.shop.deploy(ALSO_BAD)
    await world.start()
    await world.until(lambda: "Stale" in world.story)
    stale = next(line for line in world.audit if line["phase"] == "Stale")
    assert stale["result"] == "changed since it was shown: spec.template.spec.containers[app].image"
    assert world.applied == []


@in_virtual_time
async def test_a_policy_that_was_narrowed_between_approval_and_apply_refuses() -> None:
    world = await _killed_between_approval_and_apply()
    world.policy = Policy(paths=(PathGroup.ENV,))
    await world.start()
    record = await world.until_phase(Phase.REFUSED)
    assert "image" in record.status.message
    assert world.applied == []


@in_virtual_time
async def test_a_vote_whose_time_is_over_does_not_count_even_before_the_proposal_was_closed() -> None:
    world = World()
    await world.start()
    await world.a_good_rollout_then_a_bad_one()
    await world.until_phase(Phase.PROPOSED)
    await world.until(lambda: world.gateway.asked)
    vote = world.gateway.vote(world.gateway.asked[0])
    await world.kill()
    await world.passes(world.timing.expiry.total_seconds())
    idle = Operator(world, Gate())
    with pytest.raises(MessageRejected, match="the time to decide is over"):
        await decide.receive_vote(idle.parts, vote)
    assert world.record.status.decisions == []


@in_virtual_time
async def test_a_line_that_a_killed_process_owes_is_written_before_a_person_takes_the_incident_up() -> None:
    world = World()
    await _killed_before(world, "audit.write", at=2)
    world.tamper(lambda status: status.update(phase="Expired"))
    idle = Operator(world, Gate())
    await decide.receive_request(idle.parts, world.record.ref)
    assert [line["sequence"] for line in world.audit] == [1, 2, 3]


@in_virtual_time
async def test_a_copy_that_the_watch_left_behind_is_read_anew_after_a_conflict() -> None:
    world = World()
    await world.start()
    await world.a_good_rollout_then_a_bad_one()
    await world.until_phase(Phase.PROPOSED)
    await world.kill()
    await world.passes(world.timing.expiry.total_seconds())
    idle = Operator(world, Gate())
    key = world.record.key
    await idle.records.read(key)
    world.tamper(lambda status: status.update(conditions=[{"type": "Seen", "status": "True"}]))
    with pytest.raises(Conflict):
        await idle.reconciler(key)
    await idle.reconciler(key)
    assert world.story[-1] == "Expired"
