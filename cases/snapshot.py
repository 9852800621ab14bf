"""From a ticket to what one store is told of it. Pure, but for the key that makes persons unrecognisable elsewhere."""

from datetime import datetime
from uuid import UUID

from cases import registry
from model.cases import Field, Parcel, Snapshot, Source, Told, Withdrawal
from runtime.keys import Master
from runtime.settings import CaseStore, Settings


def parcel(
    source: Source | None,
    *,
    organisation: UUID,
    ticket: UUID,
    version: int,
    changed_at: datetime,
    remote_id: str | None,
    store: CaseStore,
    settings: Settings,
    master: Master,
) -> Parcel:
    """What is sent to a store; a withdrawal where the organisation no longer has the ticket (`source` None).

    Raises KeyError when the organisation is no longer in config.yaml.
    """
    told = tell(
        source, organisation=organisation, ticket=ticket, version=version, store=store, settings=settings, master=master
    )
    return Parcel(
        id=ticket,
        version=version,
        organisation=organisation,
        withdrawn=isinstance(told, Withdrawal),
        changed_at=changed_at,
        remote_id=remote_id,
        content=registry.load(store.kind).render(told, store.settings),
    )


def tell(
    source: Source | None,
    *,
    organisation: UUID,
    ticket: UUID,
    version: int,
    store: CaseStore,
    settings: Settings,
    master: Master,
) -> Told:
    """What a store is told, before it is put into the store's own terms."""
    of = next((o for o in settings.network.organisations.values() if o.uuid == organisation), None)
    if of is None:
        raise KeyError(organisation)
    if source is None:
        return Withdrawal(id=ticket, version=version, organisation=of.id)
    account = settings.accounts.get(source.account)
    return Snapshot(
        id=ticket,
        version=version,
        number=source.number,
        organisation=of.id,
        queue=source.queue,
        status=source.status,
        outcome=source.outcome,
        urgency=source.urgency,
        urgency_reasons=source.reasons,
        suggested_issues=source.issues,
        language=source.language,
        channel=source.channel,
        country=account.countries[0] if account and len(account.countries) == 1 else None,
        opened_at=source.opened_at,
        closed_at=source.closed_at,
        messages_in=source.messages_in,
        messages_out=source.messages_out,
        person=master.alias(f"case store {store.id}|{organisation}", source.person),
        more={field: _more(source, field) for field in store.fields},
        timezone=of.timezone,
    )


def _more(source: Source, field: Field) -> str | None:
    value = getattr(source, field)
    return None if value is None else str(value)
