"""The page: the same rules as chat, and nobody else's forms."""

import re
from dataclasses import dataclass

import aiohttp
import pytest

from logjedi_contracts.messages import Phase, ProposalMade, Verdict
from tests.unit.approval_gateway import samples
from tests.unit.approval_gateway import stack as stacks
from tests.unit.approval_gateway.stack import Stack


@dataclass(frozen=True, slots=True)
class Form:
    """One approval's page as a browser holds it."""

    stack: Stack
    path: str
    fields: dict[str, str]

    async def send(self, verdict: str = "approve", **changed: str) -> tuple[int, str]:
        """Submit; return the status and where the browser is sent, or what it is shown."""
        headers = {"Origin": self.stack.url} | {k: v for k, v in changed.items() if k[0].isupper()}
        fields = self.fields | {"verdict": verdict} | {k: v for k, v in changed.items() if k[0].islower()}
        session = self.stack.http
        async with session.post(
            f"{self.stack.url}{self.path}",
            data=fields,
            headers={k: v for k, v in headers.items() if v},
            allow_redirects=False,
        ) as answer:
            return answer.status, answer.headers.get("Location", "") or await answer.text()


async def read(stack: Stack, path: str, **headers: str) -> tuple[int, str]:
    async with stack.http.get(f"{stack.url}{path}", headers=headers) as answer:
        return answer.status, await answer.text()


async def form(stack: Stack) -> tuple[ProposalMade, Form]:
    made, _ = await stack.propose()
    path = f"/approvals/{stack.cluster}/{made.record.uid}"
    _, page = await read(stack, path)
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', page))
    assert fields.keys() == {"token", "nonce"}
    return made, Form(stack, path, fields)


async def test_a_click_on_the_page_is_a_signed_vote(stack: Stack) -> None:
    made, page = await form(stack)
    status, where = await page.send(reason="looks right")
    assert (status, where) == (303, f"{page.path}?result=recorded")
    [vote] = await stack.cast(made)
    assert (vote.verdict, vote.channel, vote.reason) == (Verdict.APPROVE, "web", "looks right")
    assert (vote.actor.id, vote.actor.name) == ("slack:U0ALICE", "Alice")
    _, shown = await read(stack, where)
    assert "Your vote is recorded" in shown
    assert "voted to approve" in shown
    assert "<form" not in shown


async def test_one_person_on_two_channels_is_one_person(stack: Stack) -> None:
    made, page = await form(stack)
    await page.send()
    message = await stack.message(made)
    assert "Approval recorded" in (await stack.message(made, "Approval recorded")).plain
    assert message is not None
    _, where = await page.send()
    assert where.endswith("?result=duplicate")
    assert len(await stack.cast(made)) == 1


async def test_a_rejection_carries_its_reason(stack: Stack) -> None:
    made, page = await form(stack)
    await page.send("reject", reason="<b>not</b> now")
    [vote] = await stack.cast(made)
    assert (vote.verdict, vote.reason) == (Verdict.REJECT, "<b>not</b> now")
    _, shown = await read(stack, page.path)
    assert "&lt;b&gt;not&lt;/b&gt; now" in shown


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"token": "0" * 64}, "too old"),
        ({"token": ""}, "too old"),
        ({"Origin": "http://evil.example"}, "not sent by this page"),
        ({"Origin": "null"}, "not sent by this page"),
        ({"Origin": ""}, "not sent by this page"),
        ({"Host": "evil.example"}, "on this machine alone"),
        ({"Host": "127.0.0.1.evil.example", "Origin": "http://127.0.0.1.evil.example"}, "on this machine alone"),
        ({"X-Forwarded-For": "203.0.113.9"}, "on this machine alone"),
        ({"verdict": "maybe"}, "names no verdict"),
    ],
    ids=str,
)
async def test_somebody_elses_form_is_refused(stack: Stack, changed: dict[str, str], cause: str) -> None:
    made, page = await form(stack)
    verdict = changed.pop("verdict", "approve")
    status, said = await page.send(verdict, **changed)
    assert status == 403
    assert cause in said
    assert await stack.cast(made) == []


async def test_a_form_without_the_browsers_cookie_is_refused(stack: Stack) -> None:
    made, page = await form(stack)
    async with (
        aiohttp.ClientSession() as other,
        other.post(
            f"{stack.url}{page.path}", data=page.fields | {"verdict": "approve"}, headers={"Origin": stack.url}
        ) as answer,
    ):
        assert answer.status == 403
    assert await stack.cast(made) == []


async def test_an_old_form_decides_nothing_about_a_newer_attempt(stack: Stack) -> None:
    made, page = await form(stack)
    newer, _ = await stack.propose(record=made.record, attempt=2)
    _, where = await page.send()
    assert where.endswith("?result=changed")
    assert await stack.cast(newer) == []


async def test_a_page_by_another_name_is_not_shown(stack: Stack) -> None:
    for path in ("/", "/approvals/prod-eu/uid-1"):
        assert (await read(stack, path, Host="rebound.example:8080"))[0] == 403
    assert (await read(stack, "/", Host="localhost:8080"))[0] == 200
    assert (await read(stack, "/", Host="[::1]:8080"))[0] == 200


async def test_the_page_runs_nothing_from_elsewhere(stack: Stack) -> None:
    async with stack.http.get(f"{stack.url}/") as answer:
        policy = answer.headers["Content-Security-Policy"]
        page = await answer.text()
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    assert "onclick" not in page
    assert "<style" not in page


async def test_hostile_text_stays_text(stack: Stack) -> None:
    said = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    incident = samples.incident(reason=said, excerpt=[said], history=[said], target=samples.target(name=said))
    made, _ = await stack.propose(incident=incident, diagnosis=samples.diagnosis(summary=said, root_cause=said))
    for path in ("/", f"/approvals/{stack.cluster}/{made.record.uid}"):
        _, page = await read(stack, path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert(1)" in page


async def test_the_story_is_told_to_its_end(stack: Stack) -> None:
    made, page = await form(stack)
    await page.send()
    await stack.phase(made, Phase.APPROVED, 2)
    await stack.phase(made, Phase.ROLLED_BACK, 3, message="still failing after 5 min", terminal=True)
    await stack.message(made, "Rolled back")
    _, shown = await read(stack, page.path)
    assert "Rolled back: the change did not help" in shown
    assert "still failing after 5 min" in shown


async def test_a_viewer_who_may_not_decide_gets_no_form(stack: Stack) -> None:
    record = samples.record().model_copy(update={"namespace": "race-1"})
    made, _ = await stack.propose(incident=samples.incident(target=samples.target(namespace="race-1")), record=record)
    _, page = await read(stack, f"/approvals/{stack.cluster}/{made.record.uid}")
    assert "<form" not in page
    assert "You (alice) are not among the approvers" in page


async def test_an_unknown_approval_is_a_404(stack: Stack) -> None:
    assert (await read(stack, "/approvals/prod-eu/nobody"))[0] == 404


async def test_without_an_identity_the_page_is_read_only(redis_url: str, stack: Stack) -> None:
    made, _ = await stack.propose()
    chosen = stacks.settings(stack.keys.folder, redis_url, web_development_identity="", gateway_host="127.0.0.1")
    async with stacks.running(chosen) as gateway:
        path = f"{gateway.address}/approvals/{stack.cluster}/{made.record.uid}"
        async with stack.http.get(path, headers={"Host": "logjedi.example"}) as answer:
            assert answer.status == 200
            assert "<form" not in await answer.text()
        fields = {"verdict": "approve", "nonce": made.nonce, "token": "0" * 64}
        async with stack.http.post(path, data=fields, headers={"Origin": gateway.address}) as answer:
            assert answer.status == 403
    assert await stack.cast(made) == []
