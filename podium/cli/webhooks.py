"""`podium webhooks`: where notices of what happens to experiments are sent, and what became of each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.table import Table
from rich.text import Text

from podium.cli.output import Answer, answers, quietly
from podium.cli.phrases import MISSING, in_words
from podium.cli.reading import Url, connect
from podium.cli.terminal import BadInput, remarks, say
from podium.faults import faults_of
from podium.snapshot import utc_now
from podium.webhooks import Delivery, DeliveryState, Happening, Webhook, WebhookRequest

app = typer.Typer(help="Addresses that are told what happens to experiments.", no_args_is_help=True)

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="Where to send notices, https:// or http://.")]
Identity = Annotated[str, typer.Argument(metavar="WEBHOOK", help="A webhook's id, as `podium webhooks list` has it.")]
Number = Annotated[int, typer.Argument(metavar="DELIVERY", help="A delivery's number.", min=1)]
On = Annotated[list[Happening] | None, typer.Option("--on", help="Only this; may be given several times.")]
Of = Annotated[str | None, typer.Option("--name", help="Only of experiments of this name.")]
Newest = Annotated[int, typer.Option("--newest", help="How many deliveries.", min=1)]
STYLES = {DeliveryState.DELIVERED: "green", DeliveryState.WAITING: "yellow", DeliveryState.GIVEN_UP: "red"}


@app.command()
@answers
def create(address: Address, on: On = None, name: Of = None, url: Url = None) -> Answer:
    """Have notices sent to an address, and print the secret that they are signed with: it is shown this once."""
    document = {"url": address, "happenings": on or [], "name": name}
    try:
        wanted = WebhookRequest.model_validate(document)
    except ValidationError as error:
        raise BadInput("this is no webhook", [str(fault) for fault in faults_of(error.errors(), document)]) from None
    with connect(url) as client:
        made = client.create_webhook(wanted)
    remarks().print(f"{made.id} sends to {made.url}; its secret, which is not shown again:", soft_wrap=True)
    return Answer(document=made, view=made.secret, names=[made.secret])


@app.command("list")
@answers
def list_webhooks(url: Url = None) -> Answer:
    """List the addresses."""
    with connect(url) as client:
        found = client.webhooks()
    return Answer(document=found, view=webhooks_table(found), names=[each.id for each in found])


@app.command()
@quietly
def delete(webhook: Identity, url: Url = None) -> None:
    """Send it nothing more."""
    with connect(url) as client:
        client.delete_webhook(webhook)
    say(f"{webhook} is forgotten")


@app.command()
@answers
def deliveries(webhook: Identity, newest: Newest = 20, url: Url = None) -> Answer:
    """Say what became of the notices that were sent, or should have been."""
    with connect(url) as client:
        found = client.deliveries(webhook, newest=newest)
    view = deliveries_table(found, utc_now())
    return Answer(document=found, view=view, names=[each.id for each in found])


@app.command("try")
@answers
def try_out(webhook: Identity, url: Url = None) -> Answer:
    """Send a notice of nothing, to see whether notices arrive."""
    with connect(url) as client:
        delivery = client.try_webhook(webhook)
    return _under_way(delivery, webhook)


@app.command()
@answers
def again(webhook: Identity, delivery: Number, url: Url = None) -> Answer:
    """Send a notice once more, now."""
    with connect(url) as client:
        sent = client.deliver_again(webhook, delivery)
    return _under_way(sent, webhook)


def _under_way(delivery: Delivery, webhook: str) -> Answer:
    said = f"delivery {delivery.id} is under way; `podium webhooks deliveries {webhook}` says what became of it"
    return Answer(document=delivery, view=said, names=[delivery.id])


def webhooks_table(webhooks: Sequence[Webhook]) -> Table:
    table = Table("webhook", "address", "of", "experiments", "state", box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    for each in webhooks:
        happenings = ", ".join(each.happenings) or "everything"
        stopped = Text("gone", style="red") if each.stopped_at is not None else Text("awake", style="green")
        table.add_row(each.id, Text(each.url), happenings, Text(each.name or "all"), stopped)
    return table


def deliveries_table(deliveries: Sequence[Delivery], now: datetime) -> Table:
    table = Table("delivery", "of", "experiment", "state", "attempts", "age", "how it went", box=None, pad_edge=False)
    for each in deliveries:
        table.add_row(
            str(each.id),
            str(each.type),
            Text(each.experiment or MISSING),
            Text(each.state, style=STYLES[each.state]),
            str(each.attempts),
            in_words(now - each.created_at),
            Text(each.detail),
        )
    return table
