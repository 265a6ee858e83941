"""What a hostile user may type, and how it is seen that nothing of it was done."""

from controller.access_tables import AuditRow
from controller.database import transaction
from podium.audit import Action
from tests.dashboard.visitor import Visitor
from tests.service import Service

SCRIPT = "<script>document.title='hostile'</script>"
PICTURE = "<img src=x onerror=\"document.title='hostile'\">"
BREAKOUT = "\"'><svg/onload=document.title='hostile'>{{7*7}}"
LINK = "<a href='javascript:alert(1)'>click</a>"
DONE = "main script, main svg[onload], main [onerror], main a[href^=javascript]"
METRIC = f"acc{PICTURE}"
LOG = f"loss {SCRIPT}\x1b]8;;javascript:alert(1)\x07link\x1b]8;;\x07 \x1b[31m{BREAKOUT}\x1b[0m"


def hostile_experiment(service: Service) -> str:
    """An experiment of a command of its own, with one trial that succeeded and one that failed."""
    experiment_id = service.create(
        name="hostile",
        objective={"metric": METRIC},
        parameters={
            "optimizer": {"type": "categorical", "choices": [SCRIPT, BREAKOUT]},
            "onload": {"type": "real", "low": 0.0, "high": 1.0},
        },
        fidelity={"rungs": {"full": 1}},
        budget={"cost": 2.0},
        parallelism=1,
        max_attempts=1,
    )
    for fails in (False, True):
        service.settle()
        [job] = [each for each in service.active() if each.startswith(experiment_id)]
        if not fails:
            body = {"epoch": 1, "metrics": {METRIC: 0.5, f"loss{LINK}": 1.0}, "seconds": 1.0}
            sent = service.http.post("/api/v1/run/measurements", headers=service.token(job), json=body)
            assert sent.status_code == 200, sent.text
        service.cluster.exit(job, 1 if fails else 0, log=LOG, node=f"node{PICTURE}")
    service.settle()
    return experiment_id


def hostile_change(service: Service) -> None:
    """Put into the audit trail what names of tokens, addresses and bodies of requests may bring there."""
    with transaction(service.sessions) as session:
        session.add(
            AuditRow(
                at=service.clock(),
                who=PICTURE,
                source="token",
                token_id=None,
                address=BREAKOUT,
                action=Action.CHANGED,
                subject=SCRIPT,
                experiment_id=LINK,
                project=BREAKOUT,
                old={BREAKOUT: LINK},
                new={PICTURE: SCRIPT},
            )
        )


def is_done(visitor: Visitor) -> bool:
    """Say whether something of what was typed became a part of the page, or was done."""
    return "Podium" not in visitor.page.title() or visitor.page.locator(DONE).count() > 0
